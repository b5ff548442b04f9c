"""which identify secrets of a source are believed"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

COLUMNS = ("identify_generation", "identify_oldest")


def upgrade() -> None:
    """Bring the schema to this revision."""
    for name in COLUMNS:
        op.add_column("source", sa.Column(name, sa.SmallInteger(), nullable=True))


def downgrade() -> None:
    """Take the schema back to the revision before."""
    for name in COLUMNS:
        op.drop_column("source", name)
