"""The whole PostgreSQL database as one file, by PostgreSQL's own programs."""

import os
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, inspect
from sqlalchemy.engine import make_url

from tracker.store.backup import InUse, Unfit, whole
from tracker.store.engine import Connection, Engine, reading, transaction

_INSTALL = (
    "{} was not found. It comes with PostgreSQL's own client, which must not be older than the server "
    "(Debian: apt install postgresql-client)."
)


def save(url: str, file: Path) -> None:
    """Write the database, as it is at this moment, to a file in pg_dump's own format; Unfit where that fails."""
    with whole(file) as draft:
        _run("pg_dump", url, "--format=custom", f"--file={draft}")
        # The table of contents stands at the end of what is read here: a dump that was cut off has none.
        _run("pg_restore", None, "--list", str(draft))


def restore(engine: Engine, file: Path) -> None:
    """Fill an empty database from a saved file, in one transaction; InUse where there is anything in it already."""
    if transaction(reading(engine), _holds_tables):
        raise InUse("There is something in this database already; make a new one and name it in DATABASE_URL.")
    url = engine.url.render_as_string(hide_password=False)
    _run("pg_restore", url, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(file))


def _holds_tables(conn: Connection) -> bool:
    return bool(inspect(conn).get_table_names())


def _run(program: str, url: str | None, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on a database; Unfit with what it says where it fails."""
    found = shutil.which(program)
    if found is None:
        raise Unfit(_INSTALL.format(program))
    env, where = dict(os.environ), []
    if url is not None:
        parsed = make_url(url)
        # What stands on a command line can be read by everybody on the machine.
        env |= {"PGPASSWORD": parsed.password} if parsed.password else {}
        where = [f"--dbname={_conninfo(parsed)}"]
    done = subprocess.run([found, *where, *arguments], env=env, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise Unfit(f"{program} failed:\n{done.stderr.strip()}")


def _conninfo(url: URL) -> str:
    """Return what libpq calls the database that SQLAlchemy calls by this URL, without the password."""
    _, options = url.set(drivername="postgresql+psycopg").get_dialect()().create_connect_args(url)
    return make_conninfo(**{name: value for name, value in options.items() if name != "password"})
