"""find people by their traits"""

import json

import sqlalchemy as sa
from alembic import op

from tracker.store.traits import index_traits

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

AT_ONCE = 500


def upgrade() -> None:
    """Bring the schema to this revision, and index the traits that are there."""
    op.create_table(
        "trait",
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("profile_id", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("hash", "profile_id", name=op.f("pk_trait")),
    )
    op.create_index(op.f("ix_trait_profile_id"), "trait", ["profile_id"])
    _index_what_is_there(op.get_bind())


def _index_what_is_there(conn: sa.Connection) -> None:
    profile = sa.table("profile", sa.column("id"), sa.column("traits"))
    text = sa.cast(profile.c.traits, sa.Text)
    last = ""
    while True:
        known = sa.select(profile.c.id, text).where(text != "{}", profile.c.id > last).order_by(profile.c.id)
        rows = conn.execute(known.limit(AT_ONCE)).all()
        if not rows:
            return
        index_traits(conn, {profile_id: json.loads(traits) for profile_id, traits in rows})
        last = rows[-1][0]


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_table("trait")
