"""The types of event of a source in the console: how much each is used, and forgetting some to make room."""

from functools import partial

from flask import Blueprint, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from tracker.core.event_types import MOST_TYPES
from tracker.core.plurals import counted
from tracker.store import event_types
from tracker.web.asking import Question, asks
from tracker.web.guard import ask, change, guard, long_form
from tracker.web.messages import brief, say
from tracker.web.page import page
from tracker.web.sources import asked_for

event_types_blueprint = guard(Blueprint("event_types", __name__))
AT_ONCE = 100
"""Types on one page, and in one form."""
_NAMED = 20


@event_types_blueprint.get("/source/types")
def types() -> BaseResponse:
    """Show the types of event of a source, the most used or the least used first, or those that hold a text."""
    found, wanted = asked_for(), request.args.get("q", "").strip().lower()
    known = ask(lambda conn: event_types.listed(conn, found.id))
    rare = request.args.get("order") == "rare"
    fitting = [one for one in (reversed(known) if rare else known) if wanted in one.type]
    return page(
        "event_types.html",
        source=found,
        types=fitting[:AT_ONCE],
        fitting=len(fitting),
        held=len(known),
        most=MOST_TYPES,
        asked=wanted,
        rare=rare,
    )


def _before_forgetting() -> Question:
    found, chosen = asked_for(), _chosen()
    named = ", ".join(chosen[:_NAMED]) + (f" and {len(chosen) - _NAMED} more" if len(chosen) > _NAMED else "")
    return Question(
        f"Forget {counted(len(chosen), 'event type')} of {found.name}?",
        (
            named,
            "This makes room for other types. The events stay. A type that is sent again is noted again, as if it "
            "were new: how much it was used until now is gone.",
        ),
        "Forget event types",
        url_for("event_types.types", id=found.id),
    )


@event_types_blueprint.post("/source/types/forget")
@long_form
@asks(_before_forgetting)
def forget() -> BaseResponse:
    """Forget the chosen types of a source; their events stay."""
    found = asked_for()
    gone = change(partial(event_types.forget, source_id=found.id, types=_chosen()))
    say(f"{counted(gone, 'event type')} of {brief(found.name)} forgotten; the events stay.")
    return redirect(url_for("event_types.types", id=found.id), 303)


def _chosen() -> list[str]:
    chosen = [name for name in request.form.getlist("type") if "\0" not in name][:AT_ONCE]
    if not chosen:
        raise NotFound("No event type was chosen. Go back and tick the ones to forget.")
    return chosen
