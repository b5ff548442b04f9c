"""Bringing the database to the schema of this version, and telling whether it is there."""

import re
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tracker.store.engine import Engine, connect, reading, transaction

PARTITION = re.compile(r"event_(rest|\d{4}_\d{2})")
FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def config(engine: Engine) -> Config:
    """Return Alembic's configuration for this database."""
    found = Config()
    found.set_main_option("script_location", str(FOLDER))
    found.attributes["engine"] = engine
    return found


def is_described(name: str | None, kind: str, _parents: object) -> bool:
    """Return False for the tables that keep one month's events each: the schema in the code speaks of their whole."""
    return kind != "table" or PARTITION.fullmatch(name or "") is None


@cache
def head() -> str | None:
    """Return the newest revision that this version of the code knows."""
    found = Config()
    found.set_main_option("script_location", str(FOLDER))
    return ScriptDirectory.from_config(found).get_current_head()


def revision(engine: Engine) -> str | None:
    """Return the revision the database is at, None where it was never migrated; Unavailable where it cannot say."""
    return transaction(reading(engine), lambda conn: MigrationContext.configure(conn).get_current_revision())


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
            command.upgrade(config(patient), "head")
        finally:
            patient.dispose()
    return before, revision(engine)
