"""What every command needs: the settings, a database that is migrated, and one way to print and to fail."""

import sys
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import click
import orjson

from tracker.core.refusal import Unavailable
from tracker.settings import BadSettings, Settings

if TYPE_CHECKING:
    from tracker.store.engine import Engine


class House:
    """Opens the settings and the database when a command first asks for them, and loads what that takes only then."""

    @cached_property
    def settings(self) -> Settings:
        try:
            return Settings.from_env()
        except BadSettings as error:
            fail(str(error))

    @cached_property
    def any_engine(self) -> "Engine":
        """The database, whatever schema it has."""
        from tracker.store.engine import connect

        return connect(self.settings.database_url, for_requests=False)

    @cached_property
    def engine(self) -> "Engine":
        """The database, refused where it was not migrated."""
        from tracker.store.migrations import is_current

        if not is_current(self.any_engine):
            fail("The database has not the schema of this version; run: tracker db upgrade")
        return self.any_engine

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
        except Unavailable as error:
            fail(f"{error.detail} ({error.__cause__.__class__.__name__})")


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
