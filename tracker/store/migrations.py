"""Bringing the database to the schema of this version, and telling whether it is there."""

import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from tracker.core.refusal import Unavailable
from tracker.store.address import shown
from tracker.store.engine import Engine, connect, reading, transaction
from tracker.store.rights import refuse_what_may_not_be_written, remedy

# Alembic itself is loaded where something is to be migrated: every command and every worker asks where the database
# is, and loading Alembic for it took a fifth of their start.
if TYPE_CHECKING:
    from alembic.config import Config

PARTITION = re.compile(r"event_(rest|\d{4}_\d{2})")
FOLDER = Path(__file__).resolve().parents[2] / "migrations"
# Two processes that start together must not migrate together; any number will do, it only has to be the same.
_LOCK = 7_268_465_331


class Newer(Exception):
    """The database has a schema that only a newer version of this program knows."""


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
    return transaction(reading(engine), revision_in)


def revision_in(conn: Connection) -> str | None:
    """Return the same, as this transaction sees it."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    found: str | None = conn.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def is_current(engine: Engine) -> bool:
    """Return whether the database has the schema of this version; CannotServe where its tables may not be written."""
    if revision(engine) != head():
        return False
    refuse_what_may_not_be_written(engine)
    return True


def is_ready(engine: Engine) -> bool:
    """Return True where the database has the schema of this version, once nobody migrates it any more.

    Newer where no version like this one can read it.
    """
    if (found := revision(engine)) == head():
        return is_current(engine)
    _refuse_newer(engine, found)
    _wait_for_others(engine)
    return is_current(engine)


def upgrade(engine: Engine) -> tuple[str | None, str | None]:
    """Migrate to the newest revision; returns (revision before, revision after). Running it twice changes nothing.

    Where another process was quicker, the two are the same. Newer where the database is past that already: there is no
    way down.
    """
    before = revision(engine)
    _refuse_newer(engine, before)
    if before != head():
        # Another process may be migrating already, and a migration takes the time it takes.
        patient = connect(engine.url.render_as_string(hide_password=False), for_requests=False)
        try:
            from alembic import command

            alembic = config(patient)
            command.upgrade(alembic, "head")
            before = alembic.attributes["before"]
        except DBAPIError as error:
            if not remedy(error, None):
                raise
            raise Unavailable("The role may not migrate the database; nothing was changed.") from error
        finally:
            patient.dispose()
    refuse_what_may_not_be_written(engine)
    return before, revision(engine)


def _refuse_newer(engine: Engine, found: str | None) -> None:
    if found is not None and found not in revisions():
        name = shown(engine.url.render_as_string(hide_password=False))
        raise Newer(
            f"{name} is at schema {found}, which this version of Handoff does not know: a newer one made it. "
            "Install that version, or restore the copy that was made before the upgrade."
        )


def _wait_for_others(engine: Engine) -> None:
    """Return when no migration is under way any more, or after a minute."""
    # SQLite has one writer, and a transaction that is to write waits for the one that migrates.
    with suppress(DBAPIError), engine.begin() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(text("SET LOCAL lock_timeout = '60s'"))
            hold(conn)


def hold(conn: Connection) -> None:
    """Take the lock that whoever migrates PostgreSQL has until its transaction ends."""
    conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
