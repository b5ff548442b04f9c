"""``tracker db …``."""

import sys

import click

from tracker.cli.context import House, house
from tracker.store import check as invariants
from tracker.store import migrations, reports
from tracker.store.engine import reading, transaction


@click.group("db")
def db_commands() -> None:
    """The database: migrate it, check it."""


@db_commands.command("upgrade")
@house
def upgrade(house: House) -> None:
    """Bring the database to the schema of this version; harmless when it is there already."""
    before, after = migrations.upgrade(house.any_engine)
    click.echo(
        f"The database is at {after}." if before == after else f"Migrated from {before or 'nothing'} to {after}."
    )


@db_commands.command("check")
@house
def check(house: House) -> None:
    """Ask for every invariant; exit 1 where one does not hold."""
    findings = transaction(reading(house.engine), lambda conn: list(invariants.check(conn)))
    for finding in findings:
        click.echo(f"{'ok    ' if not finding.broken else 'BROKEN'}  {finding.invariant}" + _count(finding.broken))
    repeated = transaction(reading(house.engine), reports.repeated)
    click.echo(f"ok      repeats so far: {repeated} events came again and were not stored twice")
    sys.exit(any(finding.broken for finding in findings))


def _count(broken: int) -> str:
    return f": {broken} rows" if broken else ""
