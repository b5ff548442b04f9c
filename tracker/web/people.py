"""People in the console: finding them, the way they took, and what an owner may do: undo a merge, export, erase."""

from typing import IO

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from tracker.core.model import Json, Source
from tracker.ingest.fresh import tombstone_digest
from tracker.store import journeys, people, search
from tracker.store.engine import Connection
from tracker.store.exporting import everything_of
from tracker.store.journeys import Person
from tracker.web.asking import Question, asks
from tracker.web.cursors import cursor, place
from tracker.web.exports import as_lines, as_zip, download
from tracker.web.guard import ask, change, guard
from tracker.web.messages import Undo, brief, say
from tracker.web.page import page
from tracker.web.services import services

people_blueprint = guard(Blueprint("people", __name__))
LONGEST_QUESTION = 512
_NAMES = ("name", "full_name", "email", "user_id", "phone")
_FORMATS = {"jsonl": (as_lines, "application/x-ndjson"), "zip": (as_zip, "application/zip")}


@people_blueprint.get("/people")
def visitors() -> BaseResponse:
    """Show whom a search finds, or who was here last."""
    asked = request.args.get("q", "").strip()[:LONGEST_QUESTION].replace("\0", "")
    hashes = services().identities.hashes_of(asked) if asked else []
    found = ask(lambda conn: search.find(conn, asked, hashes) if asked else search.latest(conn))
    return page(
        "people.html",
        asked=asked,
        found=found,
        most=search.MOST,
        latest_of=search.LATEST_OF,
        called=called,
        sources=_sources(),
    )


@people_blueprint.get("/person")
def person() -> BaseResponse:
    """Show one person and a piece of the way they took."""
    return _person_page(asked_for())


@people_blueprint.get("/person/export")
def export() -> BaseResponse:
    """Send all that is stored of one person, as JSON lines or as a ZIP of them."""
    found, ending = asked_for(), request.args.get("as", "zip")
    if ending not in _FORMATS:
        raise NotFound("An export is jsonl or zip.")
    written, media = _FORMATS[ending]

    def work(conn: Connection) -> IO[bytes]:
        return written(everything_of(conn, found.id))

    return download(ask(work), f"person-{found.id}", ending, media)


def _before_undoing() -> Question:
    found, loser = asked_for(), request.args.get("id", "")
    name = called(found.traits, found.id)
    return Question(
        f"Undo this merge into {name}?",
        (
            f"{name} ({found.id}) becomes two people again: {loser} gets back the ids, visits and events it had.",
            "What came in after the merge stays where it is. A link or a sign-in may merge the two again.",
        ),
        "Undo merge",
        url_for("people.person", id=found.id),
    )


@people_blueprint.post("/person/unmerge")
@asks(_before_undoing)
def undo_merge() -> BaseResponse:
    """Make a profile that was merged into another one a person of its own again."""
    loser, now = request.args.get("id", ""), services().clock()
    try:
        back, survivor = change(lambda conn: people.unmerge(conn, loser, now))
    except people.NothingToUndo as error:
        return _person_page(asked_for(), 422, problem=str(error))
    say(f"The merge is undone: {brief(back)} and {brief(survivor)} are two people again.", _again(back, survivor))
    return redirect(url_for("people.person", id=back), 303)


def _again(loser: str, survivor: str) -> Undo:
    # They were one person before, whatever they are identified as.
    fields = {"sure": "yes", "different_people": "yes"}
    return Undo(url_for("merges.merge", id=survivor, other=loser), fields, "Merge again")


def _before_erasing() -> Question:
    found = asked_for()
    return Question(
        f"Erase {called(found.traits, found.id)}?",
        (
            "Profile, ids, visits and events go for good; a late retry does not bring them back.",
            "There is no undo. An export beforehand keeps a copy.",
        ),
        "Erase person",
        url_for("people.person", id=found.id),
        typed=found.id,
    )


@people_blueprint.post("/person/erase")
@asks(_before_erasing)
def erase() -> BaseResponse:
    """Erase one person whose id was typed once more, and all that is stored of them."""
    found, now = asked_for(), services().clock()
    digest = tombstone_digest(services().settings.secret_keys)
    try:
        people.erase_person(services().engine, found.id, now, digest)
    except people.NoSuchPerson as error:
        raise NotFound(str(error)) from error
    say("The person and everything stored of them is gone.")
    return redirect(url_for("people.visitors"), 303)


def called(traits: Json, profile_id: str) -> str:
    """Return what to call somebody: a name that is known of them, else the beginning of their id."""
    for name in _NAMES:
        value = traits.get(name)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()[:80]
    return f"Visitor {profile_id[:8]}"


def asked_for() -> Person:
    """Return the person that the address names; NotFound where there is none."""
    # An id may hold any printable character, "/" and ".." among them, so it is no part of the path.
    wanted = request.args.get("id", "")
    found = ask(lambda conn: journeys.person(conn, wanted)) if wanted and "\0" not in wanted else None
    if found is None:
        raise NotFound(f"No person answers to {wanted!r}.")
    return found


def _sources() -> dict[str, Source]:
    return services().sources.all()


def _person_page(found: Person, status: int = 200, **said: str) -> Response:
    sources, before = _sources(), place(request.args.get("before", ""), (int, str, int))
    way = ask(lambda conn: journeys.stretch(conn, found, sources, before))
    return page(
        "person.html",
        status,
        person=found,
        name=called(found.traits, found.id),
        way=way,
        further=cursor(*way.further) if way.further else None,
        later=before is not None,
        sources=sources,
        counted=journeys.COUNTED,
        **said,
    )
