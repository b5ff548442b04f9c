"""``tracker quarantine …``."""

import sys

import click

from tracker.cli.context import House, as_json, fail, house, print_lines
from tracker.ingest.fresh import new_uuid, tombstone_digest
from tracker.ingest.replay import replay
from tracker.store import quarantine, reports
from tracker.store.engine import reading, transaction


@click.group("quarantine")
def quarantine_commands() -> None:
    """Events that their own content kept out."""


@quarantine_commands.command("list")
@as_json
@house
def list_quarantine(house: House, as_json: bool) -> None:
    """List quarantined events, the oldest first."""
    columns = ("received_at", "source", "reason", "size", "id")
    transaction(reading(house.engine), lambda conn: print_lines(reports.quarantine(conn), as_json, columns))


@quarantine_commands.command("replay")
@click.argument("event_id", metavar="[ID]", required=False)
@click.option("--source", "source_id", metavar="ID", help="Only what came for this source.")
@click.option("--all", "everything", is_flag=True, help="All of them, or with --source all of that source.")
@house
def replay_quarantine(house: House, event_id: str | None, source_id: str | None, everything: bool) -> None:
    """Store events after all, under their own ids and with their own times; exit 1 where one cannot be."""
    if everything == (event_id is not None):
        fail("Name one event, or say --all.")
    found = transaction(reading(house.engine), lambda conn: quarantine.keys(conn, event_id, source_id))
    if event_id is not None and not found:
        fail(f"There is no event {event_id!r} in quarantine; see: tracker quarantine list")
    failed = 0
    for one in replay(house.engine, found, new_uuid, tombstone_digest(house.secret_keys)):
        click.echo("  ".join(filter(None, (one.fate, one.source_id, one.id, one.why))))
        failed += not one.worked
    click.echo(f"{len(found) - failed} of {len(found)} left the quarantine.")
    sys.exit(bool(failed))
