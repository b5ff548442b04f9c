"""find events without a profile by their session"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAME = "ix_event_without_profile"
ALONE = sa.text("profile_id IS NULL")


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_index(NAME, "event", ["session_id"], postgresql_where=ALONE, sqlite_where=ALONE)


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_index(NAME, "event")
