"""count repeated events"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "repeated",
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_repeated")),
    )


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_table("repeated")
