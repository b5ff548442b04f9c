"""What every command needs: the settings, a database that is migrated, and one way to print and to fail."""

import sqlite3
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import click
import orjson

from tracker.cli.full_disk import full_disk
from tracker.core.refusal import Unavailable
from tracker.settings import BadSettings, Settings
from tracker.store.address import shown

if TYPE_CHECKING:
    from tracker.store.engine import Engine


_UNREADABLE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_REMEDY = "Restore a copy: tracker db restore FILE"


class House:
    """Opens the settings and the database when a command first asks for them, and loads what that takes only then."""

    @cached_property
    def beginning(self) -> Settings:
        """The settings for what may begin an installation: the folder and the key are made where they are missing."""
        return _settings(makes=True)

    @cached_property
    def settings(self) -> Settings:
        """The settings of an installation that is there; nothing is made where somebody has named another than his."""
        database = _settings(makes=False).sqlite_file
        # What SQLite calls a URI it opens in ways of its own.
        if database is not None and not str(database).startswith("file:") and not database.exists():
            fail(
                f"There is no database at {database.absolute()}; DATABASE_URL or DATA_DIR names another one. "
                "To make one there: tracker db upgrade"
            )
        return self.beginning

    @cached_property
    def any_engine(self) -> "Engine":
        """The database, whatever schema it has."""
        from tracker.store.engine import connect

        return connect(self.beginning.database_url, for_requests=False, pooler=self.beginning.database_pooler)

    @cached_property
    def engine(self) -> "Engine":
        """The database, refused where it has not the schema of this version."""
        from tracker.store import migrations

        name = shown(self.settings.database_url)
        try:
            if not migrations.is_ready(self.any_engine):
                fail(f"{name} has not the schema of this version yet; run: tracker db upgrade")
        except migrations.Newer as error:
            fail(str(error))
        return self.any_engine

    @cached_property
    def secret_keys(self) -> tuple[str, ...]:
        """The secret keys, refused where the database was used with others: what is hidden by these is found by none.

        A shell without the server's SECRET_KEY would erase people so that they come back.
        """
        from tracker.ingest import secret_keys
        from tracker.store.engine import reading, transaction

        settings = self.settings
        try:
            transaction(reading(self.engine), lambda conn: secret_keys.check(conn, settings.secret_keys))
        except secret_keys.AnotherKey as error:
            fail(secret_keys.refusal(error, settings.key_from, shown(settings.database_url)))
        return settings.secret_keys

    def say_which(self) -> None:
        """Say which database is meant, beside what the command itself prints."""
        click.echo(f"Database: {shown(self.settings.database_url)}", err=True)

    def close(self) -> None:
        """Let the database go, where it was opened at all."""
        if "any_engine" in self.__dict__:
            self.any_engine.dispose()


house = click.make_pass_decorator(House, ensure=True)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


class Commands(click.Group):
    """A group that turns an unreachable database into a sentence instead of a trace."""

    def invoke(self, ctx: click.Context) -> Any:
        ctx.call_on_close(ctx.ensure_object(House).close)
        try:
            return super().invoke(ctx)
        except Exception as error:
            if damage := _damage(error):
                fail(f"{_settings(makes=False).sqlite_file} is damaged, or no database at all: {damage}. {_REMEDY}")
            if full := full_disk(error, _settings(makes=False).sqlite_file):
                fail(full)
            if isinstance(error, Unavailable):
                fail(_unavailable(error))
            raise


def _unavailable(error: Unavailable) -> str:
    """Return a sentence that says which database cannot be used, and what to do where that is known."""
    from tracker.store.engine import role_of
    from tracker.store.faults import CannotServe
    from tracker.store.rights import remedy

    url = _settings(makes=False).database_url
    if isinstance(error, CannotServe):
        return f"{shown(url)}: {error.why}"
    said = f"{shown(url)} cannot be reached or written: {_reason(error)}"
    advice = remedy(error.__cause__, role_of(url))
    return f"{said}. {advice}" if advice else said


def _reason(error: Unavailable) -> str:
    """Return what the database or its driver says, in one line."""
    said = getattr(error.__cause__, "orig", None) or error.__cause__ or error.detail
    return " ".join(str(said).split())


def _damage(error: BaseException | None) -> str | None:
    """Return what SQLite says where a failure comes from a file that it cannot read as a database."""
    while error is not None:
        # What Python's module says by itself has no code of SQLite's.
        if isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNREADABLE:
            return str(error)
        error = error.__cause__
    return None


def _settings(*, makes: bool) -> Settings:
    try:
        return Settings.from_env(makes=makes)
    except BadSettings as error:
        fail(str(error))


def fail(message: str) -> NoReturn:
    """Say what is wrong and end with exit code 1."""
    click.echo(message, err=True)
    sys.exit(1)


def print_object(found: dict[str, Any], as_json: bool) -> None:
    """Print one object: JSON on one line for scripts, a line a field for people."""
    if as_json:
        click.echo(orjson.dumps(found).decode())
        return
    for name, value in found.items():
        click.echo(f"{name:>12}  {value if isinstance(value, (str, int)) else orjson.dumps(value).decode()}")


def print_lines(found: Iterable[dict[str, Any]], as_json: bool, columns: tuple[str, ...]) -> None:
    """Print many objects: JSON lines for scripts, the named columns for people."""
    for entry in found:
        click.echo(orjson.dumps(entry).decode() if as_json else "  ".join(str(entry[name]) for name in columns))


def print_table(rows: Sequence[Mapping[str, str]]) -> None:
    """Print a heading and a line a row, in columns as wide as what they hold; nothing where there is no row."""
    lines = [tuple(rows[0]), *(tuple(row.values()) for row in rows)] if rows else []
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
