"""``tracker profile …`` and ``tracker session …``."""

import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any, TypeVar

import click
import orjson

from tracker.cli.backups import explained
from tracker.cli.context import House, as_json, fail, house, print_object
from tracker.cli.files import STDOUT, WRITTEN, told, written
from tracker.core.manual_merge import CannotMerge, DifferentPeople, Preview, shown
from tracker.core.plurals import counted
from tracker.ingest.fresh import new_uuid, system_clock, tombstone_digest
from tracker.store import manual_merge, people, reports
from tracker.store.engine import Connection, reading, transaction
from tracker.store.exporting import everything_of

Result = TypeVar("Result")


def _read(house: House, work: Callable[[Connection], Result]) -> Result:
    return transaction(reading(house.engine), work)


@click.group("profile")
def profile_commands() -> None:
    """Visitors: look one up by any of its ids, merge two, undo a merge, export, erase."""


@profile_commands.command("show")
@click.argument("profile_id", metavar="ID")
@as_json
@house
def show(house: House, profile_id: str, as_json: bool) -> None:
    """Show one person, by any id that names it."""
    found = _read(house, lambda conn: reports.profile(conn, profile_id))
    if found is None:
        fail(f"No profile answers to {profile_id!r}.")
    print_object(found, as_json)


@profile_commands.command("merge")
@click.argument("kept", metavar="ID")
@click.argument("other", metavar="OTHER")
@click.option("--dry-run", is_flag=True, help="Print what would come together, and merge nothing.")
@click.option("--different-people", is_flag=True, help="Merge also where both are identified as different people.")
@as_json
@house
def merge(house: House, kept: str, other: str, dry_run: bool, different_people: bool, as_json: bool) -> None:
    """Merge OTHER into ID, or ID into OTHER where only OTHER is identified."""
    merge_id, now = new_uuid("merge"), system_clock()

    def work(conn: Connection) -> Preview:
        return manual_merge.merge(
            conn, kept, other, merge_id, now, different_people=different_people, note={"by": "command line"}
        )

    try:
        if dry_run:
            found = _read(house, lambda conn: manual_merge.preview(conn, kept, other))
        else:
            found = transaction(house.engine, work)
    except DifferentPeople as error:
        fail(f"{error} If they are one person all the same, add --different-people.")
    except (people.NoSuchPerson, CannotMerge) as error:
        fail(str(error))
    print_object(shown(found), as_json)
    if not as_json:
        click.echo("Nothing was merged." if dry_run else f"To undo it: tracker profile unmerge {found.loser.id}")


@profile_commands.command("unmerge")
@click.argument("profile_id", metavar="ID")
@house
def unmerge(house: House, profile_id: str) -> None:
    """Undo the merge in which ID went into another profile."""
    try:
        back, survivor = transaction(house.engine, lambda conn: people.unmerge(conn, profile_id, system_clock()))
    except people.NothingToUndo as error:
        fail(f"{error} Its merge history is in: tracker profile export {profile_id}")
    click.echo(f"{back} is a profile of its own again; {survivor} keeps what came in after the merge.")


@profile_commands.command("export")
@click.argument("profile_id", metavar="ID")
@click.option("--output", type=WRITTEN, help="Write to a file instead of standard output.")
@click.option("--zip", "as_zip", is_flag=True, help="Write a ZIP archive with a file for each kind; needs --output.")
@click.option("--overwrite", is_flag=True, help="Replace FILE where it is there already.")
@house
def export(house: House, profile_id: str, output: Path | None, as_zip: bool, overwrite: bool) -> None:
    """Write all that is stored of one person as JSON lines: profile, merges, sessions, events, quarantined events."""
    if as_zip and output is None:
        fail("An archive is no text: name the file to write it to, with --output FILE.zip")

    found = _read(house, lambda conn: list(everything_of(conn, profile_id)))
    if not found:
        fail(f"No profile answers to {profile_id!r}.")
    with explained(), written(output or STDOUT, overwrite=overwrite, text=not as_zip) as file:
        if as_zip:
            _archive(found, file)
        else:
            file.write(_lines(found))
    if output is not None:
        told(output, f"Wrote {counted(len(found), 'entry', 'entries')} of {profile_id} to {output}.")


def _lines(entries: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE) for entry in entries)


def _archive(entries: list[dict[str, Any]], file: IO[bytes]) -> None:
    """Write a ZIP archive in which each kind has a file of its own; what there is none of has none."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind in dict.fromkeys(entry["kind"] for entry in entries):
            archive.writestr(f"{kind}.jsonl", _lines(entry for entry in entries if entry["kind"] == kind))


@profile_commands.command("erase")
@click.argument("profile_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@house
def erase(house: House, profile_id: str, yes: bool) -> None:
    """Erase one person and everything stored of it, for good."""
    person = _read(house, lambda conn: reports.profile(conn, profile_id))
    if person is None:
        fail(f"No profile answers to {profile_id!r}.")
    if not yes:
        what = f"{counted(person['visits'], 'visit')}, {counted(person['events'], 'event')}"
        click.echo(f"{person['id']}: {what}. This cannot be undone.")
        click.confirm("Erase it?", abort=True)
    digest = tombstone_digest(house.secret_keys)
    try:
        counts = people.erase_person(house.engine, profile_id, system_clock(), digest)
    except people.NoSuchPerson as error:
        fail(str(error))
    click.echo("Erased " + ", ".join(counted(count, noun.removesuffix("s")) for noun, count in counts.items()) + ".")


@click.group("session")
def session_commands() -> None:
    """Visits."""


@session_commands.command("show")
@click.argument("session_id", metavar="ID")
@as_json
@house
def show_session(house: House, session_id: str, as_json: bool) -> None:
    """Show one session."""
    found = _read(house, lambda conn: reports.session(conn, session_id))
    if found is None:
        fail(f"There is no session {session_id!r}.")
    print_object(found, as_json)
