"""How Alembic reaches the database: the engine it is handed, else the one that the environment names."""

from alembic import context
from sqlalchemy import Connection

from tracker.settings import Settings
from tracker.store import migrations
from tracker.store.engine import connect
from tracker.store.tables import Base


def migrate(conn: Connection) -> None:
    """Run the migrations that were asked for, in one transaction, one process at a time."""
    if conn.dialect.name == "postgresql":
        migrations.hold(conn)
    # Only now is it sure that nobody else migrates.
    context.config.attributes["before"] = migrations.revision_in(conn)
    context.configure(
        connection=conn,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
        include_name=migrations.is_described,
    )
    with context.begin_transaction():
        context.run_migrations()


engine = context.config.attributes.get("engine") or connect(Settings.from_env().database_url, for_requests=False)
with engine.begin() as connection:
    migrate(connection)
