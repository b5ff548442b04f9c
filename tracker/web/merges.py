"""Merging two people by hand in the console: finding the other one, what would come together, and the merge."""

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.exceptions import Conflict, NotFound
from werkzeug.wrappers import Response as BaseResponse

from tracker.core.identity_keys import shown_traits
from tracker.core.manual_merge import CannotMerge, Preview, Side
from tracker.core.plurals import counted
from tracker.store import manual_merge, search
from tracker.store.journeys import Person
from tracker.store.people import NoSuchPerson
from tracker.web.asking import Question, asks
from tracker.web.guard import ask, change, for_owners, guard, the_user
from tracker.web.messages import Undo, brief, say
from tracker.web.page import page
from tracker.web.people import LONGEST_QUESTION, asked_for, called
from tracker.web.services import services

merges_blueprint = guard(Blueprint("merges", __name__))


@merges_blueprint.get("/person/merge")
@for_owners
def merging() -> BaseResponse:
    """Find the person to merge another one with, or show what a merge of the two would bring together."""
    person = asked_for()
    return _preview_page(person) if "other" in request.args else _search_page(person)


def _before_merging() -> Question:
    found = _preview(asked_for())
    mine, theirs = found.survivor, found.loser
    joined = f"{counted(theirs.sessions, 'visit')} and {counted(theirs.events, 'event')}"
    return Question(
        f"Merge {_name(theirs)} into {_name(mine)}?",
        (
            f"{theirs.id} becomes part of {mine.id}, with {joined}; both ids name one person from now on.",
            f"It can be undone; what comes in until then stays with {_name(mine)}.",
        ),
        "Merge",
        url_for("merges.merging", id=mine.id, other=theirs.id),
    )


@merges_blueprint.post("/person/merge")
@asks(_before_merging)
def merge() -> BaseResponse:
    """Merge two people that are one; two who are known as different people only where that is ticked."""
    person, other = asked_for(), _other()
    merge_id, now, note = services().new_id("merge"), services().clock(), {"by": the_user().name}
    meant = request.form.get("different_people") == "yes"
    try:
        done = change(
            lambda conn: manual_merge.merge(conn, person.id, other, merge_id, now, different_people=meant, note=note)
        )
    except (NoSuchPerson, CannotMerge):
        # The box was not ticked; or the two have changed since they were shown, which the page then says.
        return _preview_page(person, 422, problem="Nothing was merged. Tick the box if the two are one person.")
    say(
        f"{brief(_name(done.loser))} is merged into {brief(_name(done.survivor))}.",
        Undo(url_for("people.undo_merge", id=done.loser.id), {"sure": "yes"}),
    )
    return redirect(url_for("people.person", id=done.survivor.id), 303)


def _search_page(person: Person) -> Response:
    asked = request.args.get("q", "").strip()[:LONGEST_QUESTION].replace("\0", "")
    hashes = services().identities.hashes_of(asked) if asked else []
    found = ask(lambda conn: search.find(conn, asked, hashes)) if asked else []
    others = [one for one in found if one.id != person.id]
    return page(
        "merge.html",
        person=person,
        name=called(person.traits, person.id),
        asked=asked,
        only_this=bool(found) and not others,
        found=others,
        called=called,
    )


def _preview_page(person: Person, status: int = 200, problem: str = "") -> Response:
    found = _preview(person)
    return page("merge_preview.html", status, person=person, preview=found, name_of=_name, problem=problem)


def _preview(person: Person) -> Preview:
    other = _other()
    try:
        return ask(lambda conn: manual_merge.preview(conn, person.id, other))
    except NoSuchPerson as error:
        raise NotFound(str(error)) from error
    except CannotMerge as error:
        raise Conflict(str(error)) from error


def _other() -> str:
    wanted = request.args.get("other", "").strip()
    return "" if "\0" in wanted else wanted


def _name(side: Side) -> str:
    traits: dict[str, Any] = shown_traits((name, value) for name, (value, _) in side.traits.items())
    return called(traits, side.id)
