"""Bringing the database to the schema of this version, and telling whether it is there."""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from tracker.store.engine import Engine, connect, reading, transaction

# Alembic itself is loaded where something is to be migrated: every command and every worker asks where the database
# is, and loading Alembic for it took a fifth of their start.
if TYPE_CHECKING:
    from alembic.config import Config

PARTITION = re.compile(r"event_(rest|\d{4}_\d{2})")
FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def config(engine: Engine) -> "Config":
    """Return Alembic's configuration for this database."""
    from alembic.config import Config

    found = Config()
    found.set_main_option("script_location", str(FOLDER))
    found.attributes["engine"] = engine
    return found


def is_described(name: str | None, kind: str, _parents: object) -> bool:
    """Return False for the tables that keep one month's events each: the schema in the code speaks of their whole."""
    return kind != "table" or PARTITION.fullmatch(name or "") is None


@cache
def revisions() -> tuple[str, ...]:
    """Return the revisions that this version of the code knows, the oldest first: each file begins with its own."""
    return tuple(sorted(file.name.partition("_")[0] for file in FOLDER.glob("versions/[0-9]*.py")))


def head() -> str:
    """Return the newest revision that this version of the code knows."""
    return revisions()[-1]


def revision(engine: Engine) -> str | None:
    """Return the revision the database is at, None where it was never migrated; Unavailable where it cannot say."""
    return transaction(reading(engine), _revision)


def _revision(conn: Connection) -> str | None:
    if not inspect(conn).has_table("alembic_version"):
        return None
    found: str | None = conn.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def is_current(engine: Engine) -> bool:
    """Return True where the database has the schema of this version."""
    return revision(engine) == head()


def upgrade(engine: Engine) -> tuple[str | None, str | None]:
    """Migrate to the newest revision; returns (revision before, revision after). Running it twice changes nothing."""
    before = revision(engine)
    if before != head():
        # Another process may be migrating already, and a migration takes the time it takes.
        patient = connect(engine.url.render_as_string(hide_password=False), for_requests=False)
        try:
            from alembic import command

            command.upgrade(config(patient), "head")
        finally:
            patient.dispose()
    return before, revision(engine)
