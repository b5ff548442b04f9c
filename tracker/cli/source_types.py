"""``tracker source types`` and ``tracker source forget-type``."""

import sys

import click

from tracker.cli.context import House, as_json, fail, house, print_lines, print_table
from tracker.core.plurals import counted
from tracker.core.times import iso
from tracker.store import event_types, sources
from tracker.store.engine import reading, transaction


@click.command("types")
@click.argument("source_id", metavar="ID")
@as_json
@house
def types(house: House, source_id: str, as_json: bool) -> None:
    """List the types of event that a source has, the most used first."""
    _there(house, source_id)
    found = transaction(reading(house.engine), lambda conn: event_types.listed(conn, source_id))
    times = [{"first_seen": iso(one.first_seen), "last_used": iso(one.last_used)} for one in found]
    if as_json:
        rows = ({"type": one.type, **at, "hours": one.hours} for one, at in zip(found, times, strict=True))
        print_lines(rows, as_json, ())
    else:
        print_table([{"type": one.type, "hours": str(one.hours)} | at for one, at in zip(found, times, strict=True)])


@click.command("forget-type")
@click.argument("source_id", metavar="ID")
@click.argument("names", metavar="TYPE…", nargs=-1, required=True)
@house
def forget_type(house: House, source_id: str, names: tuple[str, ...]) -> None:
    """Forget types of event to make room for others; events stay. Exit 1 where the source does not have one of them."""
    _there(house, source_id)
    wanted = set(names)
    gone = transaction(house.engine, lambda conn: event_types.forget(conn, source_id, wanted))
    click.echo(f"Forgot {gone} of {counted(len(wanted), 'type')} of {source_id}.")
    sys.exit(gone < len(wanted))


def _there(house: House, source_id: str) -> None:
    if source_id not in {source.id for source in sources.all_sources(house.engine)}:
        fail(f"There is no source with the id {source_id!r}; see: tracker source list")
