"""``tracker db backup``, ``tracker db restore`` and ``tracker db copy``."""

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import click

from tracker.cli.context import House, fail, house
from tracker.cli.files import READ, STDOUT, WRITTEN, drafted, read_again, refuse_to_replace, told
from tracker.core.plurals import counted
from tracker.settings import BadSettings, Settings
from tracker.store import backup, copying, dumps, migrations
from tracker.store.address import shown
from tracker.store.engine import Engine, connect
from tracker.store.presence import Served, nobody_serves


@click.command("backup")
@click.argument("file", metavar="FILE", type=WRITTEN)
@click.option("--overwrite", is_flag=True, help="Replace FILE where it is there already.")
@house
def save(house: House, file: Path, overwrite: bool) -> None:
    """Save the whole database to FILE, while the collector goes on; - is stdout."""
    house.say_which()
    refuse_to_replace(file, overwrite=overwrite)
    started, database = time.monotonic(), house.settings.sqlite_file
    if database is not None and file.exists() and file.samefile(database):
        fail(f"{file} is the database itself; name another file.")
    with explained(), drafted(file, overwrite=overwrite) as copy:
        if database is None:
            dumps.save(house.settings.database_url, copy)
        else:
            with progress("Saving") as tell:
                backup.save(database, copy, tell)
        size = copy.stat().st_size / 2**20
    took = time.monotonic() - started
    told(file, f"Saved {size:,.1f} MiB to {file} in {took:.1f} s; the copy was read and is whole.")
    _remind_of_the_key(house, err=file == STDOUT)


@click.command("restore")
@click.argument("file", metavar="FILE", type=READ)
@click.option("--yes", is_flag=True, help="Do not ask.")
@house
def restore(house: House, file: Path, yes: bool) -> None:
    """Put what was saved to FILE in the place of the database; the collector must not run."""
    file = read_again(file, "restore")
    database = house.beginning.sqlite_file
    if database is None:
        house.say_which()
        with explained():
            dumps.restore(house.any_engine, file)
        click.echo(f"Restored {file}. Now: tracker db upgrade && tracker db check")
        return
    if database.exists() and not yes:
        click.echo(f"{file} takes the place of {database}; what came in since it was saved goes with the old file.")
        if click.prompt(f"Type {database.name} to go on") != database.name:
            fail("Nothing was changed.")
    aside = database.with_name(f"{database.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    with explained(), progress("Restoring") as tell:
        backup.restore(file, database, aside, tell)
    click.echo(f"Restored {file} to {database}.")
    if aside.exists():
        click.echo(f"What was there before is in {aside}; delete it when you are content.")
    click.echo("Now: tracker db upgrade && tracker db check")


@click.command("copy")
@click.option("--to", "url", required=True, metavar="URL", help="An empty database: postgresql://… or sqlite:///…")
@click.option("--rehearse", is_flag=True, help="Copy and check while the collector runs, and keep nothing of it.")
@house
def copy(house: House, url: str, rehearse: bool) -> None:
    """Copy everything to another, empty database, to move there; the collector must not run."""
    try:
        target = Settings.from_env({**os.environ, "DATABASE_URL": url, "DATABASE_URL_FILE": ""}).database_url
    except BadSettings as error:
        fail(str(error).replace("DATABASE_URL", "--to"))
    house.say_which()
    started, database = time.monotonic(), house.settings.sqlite_file
    engine = connect(target, for_requests=False)
    undisturbed = nullcontext() if rehearse or database is None else nobody_serves(database)
    with explained(), closing_engine(engine), undisturbed, progress("Copying") as tell:
        counts = copying.copy(house.engine, engine, tell, keep=not rehearse)
    for table, rows in counts.items():
        click.echo(f"  {rows:>12,} {table}")
    done = f"Copied and checked {counted(sum(counts.values()), 'row')} in {time.monotonic() - started:,.1f} s"
    if rehearse:
        click.echo(f"{done}, and let them go again.")
        click.echo(f"This was a rehearsal: nothing was written to {shown(target)} but empty tables.")
        click.echo("To move, stop the collector and say the same without --rehearse.")
        return
    click.echo(f"{done}.")
    click.echo("Set DATABASE_URL to the new database, keep SECRET_KEY as it is, and start the collector.")
    _remind_of_the_key(house)


@contextmanager
def closing_engine(engine: Engine) -> Iterator[None]:
    """Let a database go at the end."""
    try:
        yield
    finally:
        engine.dispose()


@contextmanager
def explained() -> Iterator[None]:
    """Turn what may be wrong with files and databases into a sentence."""
    try:
        yield
    except Served:
        fail("The collector is running; stop it first, so that nothing is lost that comes in meanwhile.")
    except (backup.Unfit, backup.InUse, copying.NotEmpty, copying.Differs, migrations.Newer) as error:
        fail(f"{error}\nNothing was changed.")
    except BrokenPipeError:
        fail("What read standard output has ended before all was written.")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            # Told as a full disk for all commands alike (context.Commands).
            raise
        # The name of a file that is not whole yet is nothing that was asked for.
        file = str(error.filename or "").removesuffix(".part")
        reason = f"cannot use {file}: {error.strerror}" if file and error.strerror else f"{error.strerror or error}"
        fail(f"{reason[:1].upper()}{reason[1:]}.\nNothing was changed.")


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what moves a bar on, told how much is done and how much there is; no bar where nobody looks."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=1, label=what, file=sys.stderr, hidden=hidden) as bar:

        def tell(done: int, of: int) -> None:
            bar.length = max(of, 1)
            bar.update(done - bar.pos)

        yield tell


def _remind_of_the_key(house: House, *, err: bool = False) -> None:
    key = house.beginning.data_dir / "secret_key"
    if key.exists():
        click.echo(f"Keep {key} with it: without that key nobody is recognised any more.", err=err)
