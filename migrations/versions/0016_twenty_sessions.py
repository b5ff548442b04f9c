"""no more than twenty sessions stand for one session id of a client"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOST = 20


def upgrade() -> None:
    """Let what stands for a session id beyond the first twenty go by its own id alone; events and visits stay."""
    session = sa.table("session", *(sa.column(name) for name in ("id", "client_id", "created")))
    order = (session.c.created, session.c.id)
    crowded = sa.select(session.c.client_id).group_by(session.c.client_id).having(sa.func.count() > MOST)
    number = sa.func.row_number().over(partition_by=session.c.client_id, order_by=order).label("number")
    ranked = sa.select(session.c.id, number).where(
        session.c.client_id.in_(crowded),
        # The session that carries the id itself is one of the twenty in any case.
        session.c.client_id != session.c.id,
    )
    beyond = ranked.subquery()
    far = sa.select(beyond.c.id).where(beyond.c.number >= MOST)
    op.execute(session.update().where(session.c.id.in_(far)).values(client_id=session.c.id))


def downgrade() -> None:
    """Take the schema back to the revision before; which id a session stood for is not known any more."""
