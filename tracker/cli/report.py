"""``tracker report …``: the console's numbers."""

import sys

import click

from tracker.cli.context import House, house


@click.group("report")
def report_commands() -> None:
    """The numbers that the console shows."""


@report_commands.command("rebuild")
@house
def rebuild(house: House) -> None:
    """Count anew, from the events that are stored; visitors may click on meanwhile."""
    from tracker.core.plurals import counted
    from tracker.core.times import DAY, iso
    from tracker.ingest.agents import describe
    from tracker.ingest.fresh import system_clock
    from tracker.store import recount

    days = events = 0
    for day, found in recount.recount(house.engine, describe, system_clock):
        days, events = days + 1, events + found
        if sys.stderr.isatty():
            click.echo(f"\r  {iso(day * DAY)[:10]}  {counted(events, 'event'):>21} ", nl=False, err=True)
    if sys.stderr.isatty():
        click.echo("\r", nl=False, err=True)
    click.echo(f"Counted {counted(events, 'event')} of {counted(days, 'day')}.")
