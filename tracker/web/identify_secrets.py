"""The identify secret of a source in the console: shown to owners, made anew, and the older ones retired."""

from functools import partial

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from tracker.core.model import Source
from tracker.store import identify_secrets
from tracker.web.asking import Question, asks
from tracker.web.guard import change, for_owners, guard
from tracker.web.messages import brief, say
from tracker.web.page import page
from tracker.web.services import services
from tracker.web.sources import asked_for

identify_secrets_blueprint = guard(Blueprint("identify_secrets", __name__))


@identify_secrets_blueprint.get("/source/identify-secret")
@for_owners
def identify_secret() -> BaseResponse:
    """Show the secret by which a site's backend signs its identify events, and which older ones are believed."""
    found = asked_for()
    secret = services().identities.secret_of(found.id, found.identify_generation)
    return page("identify_secret.html", source=found, secret=secret)


def _before_rotating() -> Question:
    found = asked_for()
    return Question(
        f"Make a new identify secret for {found.name}?",
        (
            "Its backend signs with the new one from then on. It is shown on the next page.",
            "Signatures under the present one are believed until you retire it. The new one cannot be taken back.",
        ),
        "Make a new identify secret",
        _at(found),
    )


@identify_secrets_blueprint.post("/source/identify-secret/rotate")
@asks(_before_rotating)
def rotate() -> BaseResponse:
    """Begin a new generation of the secret; the older ones are still believed."""
    found = asked_for()
    change(partial(identify_secrets.rotate, source_id=found.id, now=services().clock()))
    say(f"{brief(found.name)} has a new identify secret. Retire the older ones once its backend has it.")
    return redirect(_at(found), 303)


def _before_retiring() -> Question:
    found = asked_for()
    return Question(
        f"Believe only the present identify secret of {found.name}?",
        (
            "Identify events that are signed under an older secret are not believed from now on: "
            "they recognise nobody, and what they say counts as unverified.",
            "Pages that are open hold their old signature until they are loaded again. There is no undo.",
        ),
        "Retire older secrets",
        _at(found),
    )


@identify_secrets_blueprint.post("/source/identify-secret/retire")
@asks(_before_retiring)
def retire() -> BaseResponse:
    """Believe only the present generation of the secret."""
    found = asked_for()
    change(partial(identify_secrets.retire, source_id=found.id, now=services().clock()))
    say(f"Only the present identify secret of {brief(found.name)} is believed, within 5 seconds.")
    return redirect(_at(found), 303)


def _at(found: Source) -> str:
    return url_for("identify_secrets.identify_secret", id=found.id)
