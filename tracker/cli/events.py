"""``tracker event …``: listing, exporting and importing what visitors did."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click
import orjson

from tracker.cli.backups import explained, progress
from tracker.cli.context import House, as_json, fail, house, print_lines
from tracker.cli.files import READ, WRITTEN, read_again, told, written
from tracker.core.plurals import counted
from tracker.ingest.fresh import new_uuid, system_clock, tombstone_digest
from tracker.ingest.identities import IdentityOffice
from tracker.ingest.importing import Importer, InUse, beside
from tracker.ingest.lines import Reader
from tracker.ingest.tables import NoColumns, write_table
from tracker.store import reports, sources

_COLUMNS = ("id", "type", "source", "profile", "session", "received_at")
_TIMES = ("create", "insert", "update")
_JSON = ("tags", "properties", "context")


@click.group("event")
def event_commands() -> None:
    """What visitors did."""


@event_commands.command("list")
@click.option("--profile", "profile_id", metavar="ID", help="Any id of the person.")
@click.option("--session", "session_id", metavar="ID")
@click.option("--source", "source_id", metavar="ID")
@click.option("--type", "event_type", metavar="T")
@as_json
@house
def list_events(house: House, /, as_json: bool, **filters: str | None) -> None:
    """List events, the oldest first."""
    found = reports.every_event(house.engine, **filters)
    print_lines(found, as_json, ("received_at", "source", "profile", "type", "id"))


@event_commands.command("export")
@click.argument("file", metavar="FILE", type=WRITTEN)
@click.option("--profile", "profile_id", metavar="ID", help="Any id of the person.")
@click.option("--source", "source_id", metavar="ID")
@click.option("--type", "event_type", metavar="T")
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "csv"]), help="What to write; else the name of FILE says it."
)
@click.option("--overwrite", is_flag=True, help="Replace FILE where it is there already.")
@house
def export(house: House, /, file: Path, form: str | None, overwrite: bool, **filters: str | None) -> None:
    """Write events to FILE, the oldest first: a table where its name ends in .csv, else JSON lines; - is stdout."""
    write = _FORMS[form or ("csv" if file.suffix.lower() == ".csv" else "jsonl")]
    started = time.monotonic()
    with explained(), written(file, overwrite=overwrite) as out:
        events = write(out, reports.every_event(house.engine, **filters))
    told(file, f"Wrote {counted(events, 'event')} to {file}, {_speed(events, started)}.")


@event_commands.command("import")
@click.argument("file", metavar="FILE", type=READ)
@click.option("--source", "source_id", metavar="ID", help="The source of the events that name none.")
@house
def bring_in(house: House, file: Path, source_id: str | None) -> None:
    """Bring in the events of FILE: what export wrote, Tracardi's documents, or a table (.csv, .tsv).

    Each keeps its own time and is stored once; stopped at any moment, the same command goes on where it was.
    """
    file = read_again(file, "import")
    keys, started = house.secret_keys, time.monotonic()
    known = {source.id: source for source in sources.all_sources(house.engine)}
    if source_id is not None and source_id not in known:
        fail(f"There is no source with the id {source_id!r}; see: tracker source list")
    office = IdentityOffice(keys, lambda name: known[name].identify_generations if name in known else (0, 0))
    reader = Reader(system_clock(), house.settings.limits, office, source_id)
    importer = Importer(house.engine, known, reader, new_uuid, tombstone_digest(keys))
    run = importer.run(file)
    try:
        done = first = next(run)
    except InUse:
        fail(f"Another import of {file} is running; it brings in all of it.")
    if first.line:
        click.echo(f"Going on after line {first.line:,}, where an earlier run was stopped.")
    try:
        with progress("Importing") as tell:
            for done in run:
                tell(done.offset, done.size)
    except NoColumns as error:
        fail(f"Nothing was imported. {error}")
    said = ", ".join(f"{count:,} {fate}" for fate, count in sorted(done.fates.items()) if count) or "nothing"
    click.echo(f"{counted(done.entries, 'line')}: {said}; {_speed(done.entries - first.entries, started)}.")
    if quarantined := done.fates.get("quarantined", 0):
        click.echo(f"{counted(quarantined, 'event')} went to quarantine; see: tracker quarantine list", err=True)
    if done.aside:
        fail(f"What was set aside, and why, is in {beside(file, 'rejected.jsonl')}.")
    sys.exit(bool(quarantined))


def _speed(number: int, started: float) -> str:
    took = max(time.monotonic() - started, 0.001)
    return f"{number / took:,.0f} a second for {took:,.1f} s"


def _write_lines(out: IO[bytes], events: Iterator[dict[str, Any]]) -> int:
    number = 0
    for number, event in enumerate(events, 1):
        out.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
        _tell(number)
    return number


def _write_table(out: IO[bytes], events: Iterator[dict[str, Any]]) -> int:
    number = 0

    def rows() -> Iterator[list[object]]:
        nonlocal number
        for number, event in enumerate(events, 1):
            plain = [event[name] for name in _COLUMNS] + [event["time"][name] for name in _TIMES]
            yield [*plain, *(orjson.dumps(event[name]).decode() for name in _JSON)]
            _tell(number)

    write_table(out, [*_COLUMNS, *(f"time.{name}" for name in _TIMES), *_JSON], rows())
    return number


_FORMS = {"jsonl": _write_lines, "csv": _write_table}


def _tell(number: int) -> None:
    if number % 10_000 == 0 and sys.stderr.isatty():
        click.echo(f"\r{number:>12,} events", nl=False, err=True)
