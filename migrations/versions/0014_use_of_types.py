"""how much each type of event is used, so that what is used stays"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision; a type that is used is counted again within the hour."""
    with op.batch_alter_table("event_type") as table:
        table.add_column(sa.Column("last_used", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("hours", sa.BigInteger(), nullable=True))
    op.execute("UPDATE event_type SET last_used = first_seen, hours = 1")
    with op.batch_alter_table("event_type") as table:
        table.alter_column("last_used", existing_type=sa.BigInteger(), nullable=False)
        table.alter_column("hours", existing_type=sa.BigInteger(), nullable=False)


def downgrade() -> None:
    """Take the schema back to the revision before."""
    with op.batch_alter_table("event_type") as table:
        table.drop_column("hours")
        table.drop_column("last_used")
