"""what a counted name owes to the one whose place it took, so that what is counted often stays"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.add_column("report_name", sa.Column("credit", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_column("report_name", "credit")
