"""the index of who was merged into whom, without those who are nobody's"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEX, TABLE, COLUMN = "ix_profile_merged_into", "profile", "merged_into"
MERGED = sa.text("merged_into IS NOT NULL")


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.drop_index(INDEX, table_name=TABLE)
    op.create_index(INDEX, TABLE, [COLUMN], postgresql_where=MERGED, sqlite_where=MERGED)


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_index(INDEX, table_name=TABLE)
    op.create_index(INDEX, TABLE, [COLUMN])
