"""event types"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision; the types of stored events are noted when they come the next time."""
    op.create_table(
        "event_type",
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("type", sa.String(length=128), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "type", name=op.f("pk_event_type")),
    )


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_table("event_type")
