"""``tracker db …``."""

import sys
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import click

from tracker.cli import backups, forgetting, room
from tracker.cli.context import House, fail, house
from tracker.core.keeping import MOST_DAYS, QUARANTINE_DAYS, keeping
from tracker.core.plurals import counted
from tracker.core.times import DAY
from tracker.ingest.counting import fold_all
from tracker.ingest.fresh import system_clock
from tracker.store import attempts, migrations, months, removed_users, reports, retention, space
from tracker.store import check as invariants
from tracker.store.address import shown
from tracker.store.backup import InUse, Unfit
from tracker.store.engine import reading, snapshot, transaction
from tracker.store.sources import all_sources


@click.group("db")
def db_commands() -> None:
    """The database: migrate it, check it, save it."""


db_commands.add_command(backups.save)
db_commands.add_command(backups.restore)
db_commands.add_command(backups.copy)


@db_commands.command("upgrade")
@house
def upgrade(house: House) -> None:
    """Bring the database to the schema of this version; harmless when it is there already."""
    # Whoever has looked at a file that was not there has made an empty one of it.
    is_new = house.beginning.on_sqlite and migrations.revision(house.any_engine) is None
    if not is_new:
        house.say_which()
    try:
        before, after = migrations.upgrade(house.any_engine)
    except migrations.Newer as error:
        fail(str(error))
    months.make_ahead(house.any_engine, system_clock())
    steps = f"from {before or 'nothing'} to {after}."
    if is_new and before is None:
        click.echo(f"Made {shown(house.beginning.database_url)}, migrated {steps}")
    else:
        click.echo(f"The database is at {after}." if before == after else f"Migrated {steps}")


@db_commands.command("check")
@house
def check(house: House) -> None:
    """Ask for every invariant; exit 1 where one does not hold."""
    house.say_which()
    # Events that come in between one question and the next would break what compares the two.
    findings = transaction(snapshot(house.engine), lambda conn: list(invariants.check(conn)))
    for finding in findings:
        click.echo(f"{'ok    ' if not finding.broken else 'BROKEN'}  {finding.invariant}" + _count(finding.broken))
    repeated = transaction(reading(house.engine), reports.repeated)
    were = "was" if repeated == 1 else "were"
    click.echo(f"ok      repeats so far: {counted(repeated, 'event')} came again to /track and {were} not stored twice")
    sys.exit(any(finding.broken for finding in findings))


@db_commands.command("maintain")
@click.option(
    "--keep-days",
    type=click.IntRange(1, MOST_DAYS),
    help="Forget what is older than this, instead of RETENTION_DAYS; sources that have a number of their own keep it.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be forgotten, and forget nothing.")
@click.option("--vacuum", is_flag=True, help="Afterwards write an SQLite file anew; the collector must not run.")
@house
def maintain(house: House, keep_days: int | None, dry_run: bool, vacuum: bool) -> None:
    """Run daily maintenance: make months ahead, purge what has run out, forget old data, give back room."""
    house.say_which()
    database = house.settings.sqlite_file if vacuum else None
    if vacuum and database is None:
        fail("--vacuum is for an SQLite file; PostgreSQL looks after its room by itself.")
    before = space.size(house.engine)
    if dry_run:
        _maintain(house, keep_days, dry_run)
        for line in room.would_be_written_anew(house.engine, database) if database else ():
            click.echo(line)
        return
    house.any_engine.dispose()
    # What cannot be written anew is refused before anything is forgotten, and no collector starts meanwhile.
    with ExitStack() as held:
        if database:
            with backups.explained():
                held.enter_context(space.undisturbed(database))
        _maintain(house, keep_days, dry_run)
        if database:
            _compact(house, database)
    for line in room.given_back(house.engine, before):
        click.echo(line)


def _compact(house: House, database: Path) -> None:
    house.any_engine.dispose()
    try:
        space.compact(database)
    except (Unfit, InUse) as error:
        fail(f"{error}\nMaintenance is done; only the file was not written anew.")


def _maintain(house: House, keep_days: int | None, dry_run: bool) -> None:
    now, days = system_clock(), keep_days or house.settings.retention_days
    if not dry_run:
        for month in months.make_ahead(house.engine, now):
            click.echo(f"Made the table of {month.year}-{month.number:02}.")
        click.echo(
            f"Purged {counted(retention.purge_passes(house.engine, now), 'spent link pass', 'spent link passes')}."
        )
        transaction(house.engine, lambda conn: removed_users.purge(conn, now))
        notes = "note of a request that was turned away", "notes of requests that were turned away"
        click.echo(f"Purged {counted(attempts.purge(house.engine, now), *notes)}.")
        old = retention.purge_quarantine(house.engine, now)
        click.echo(f"Purged {counted(old, 'quarantined event')} older than {QUARANTINE_DAYS} days.")
        retention.purge_visits(house.engine, now - 2 * DAY)
    try:
        kept = keeping(now, days, all_sources(house.engine))
    except ValueError as error:
        # What is forgotten does not come back, so nobody guesses what was meant.
        fail(f"Nothing was forgotten. {error}")
    if kept.everything:
        click.echo("Everything is kept: neither RETENTION_DAYS nor --keep-days is set, nor retentionDays of a source.")
        return
    if not dry_run:
        # What is forgotten before it was counted would be missing in the console's numbers.
        fold_all(house.engine, system_clock)
    for line in chain(forgetting.told(kept, now, dry_run), forgetting.outcome(house.engine, kept, dry_run)):
        click.echo(line)


def _count(broken: int) -> str:
    return f": {counted(broken, 'row')}" if broken else ""
