"""Sources in the console: which there are, what each is configured as, and what to paste into its pages."""

import orjson
from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from tracker.core.model import Source
from tracker.core.origins import origin_warnings
from tracker.store import reports
from tracker.store import sources as kept
from tracker.web.asking import Question, asks
from tracker.web.guard import ask, guard
from tracker.web.messages import Undo, brief, say
from tracker.web.page import page
from tracker.web.services import services
from tracker.web.snippets import TOLD, snippet_of

sources_blueprint = guard(Blueprint("sources", __name__))


@sources_blueprint.get("/sources")
def sources() -> BaseResponse:
    """List all sources."""
    found = kept.all_sources(services().engine)
    heard = ask(lambda conn: reports.heard_from(conn, [source.id for source in found]))
    return page("sources.html", sources=found, heard=heard)


@sources_blueprint.get("/source")
def source() -> BaseResponse:
    """Show one source: its state and its snippet."""
    return source_page(asked_for())


def _before_disabling() -> Question | None:
    found = asked_for()
    if request.form.get("enabled") == "yes":
        return None
    return Question(
        f"Disable {found.name}?",
        ("Its events are refused within 5 seconds, and what is refused is lost.", "Nothing stored is touched."),
        "Disable source",
        _at(found),
    )


@sources_blueprint.post("/source/switch")
@asks(_before_disabling)
def switch_source() -> BaseResponse:
    """Refuse a source's events from now on, or take them again."""
    found, enabled = asked_for(), request.form.get("enabled") == "yes"
    kept.switch(services().engine, found.id, enabled=enabled, now=services().clock())
    if enabled:
        say(f"{brief(found.name)} is enabled: its events are stored again within 5 seconds.")
    else:
        undo = Undo(url_for("sources.switch_source", id=found.id), {"enabled": "yes"}, "Enable again")
        say(f"{brief(found.name)} is disabled: its events are refused within 5 seconds.", undo)
    return to_source(found.id)


def _before_new_secret() -> Question | None:
    found = asked_for()
    if found.kind != "server":
        return None
    return Question(
        f"Make a new secret for {found.name}?",
        (
            "Backends that use the present secret are refused from now on, until they have the new one.",
            "The new secret is shown once, on the next page. The present one cannot be brought back.",
        ),
        "Make a new secret",
        _at(found),
    )


@sources_blueprint.post("/source/secret")
@asks(_before_new_secret)
def new_secret() -> BaseResponse:
    """Give a server source another secret, shown on the answer and nowhere else."""
    found = asked_for()
    secret = kept.new_secret(services().engine, found.id, services().clock())
    if secret is None:
        raise NotFound("Only server sources have a secret.")
    return source_page(found, secret=secret)


def _before_deleting() -> Question:
    found = asked_for()
    return Question(
        f"Delete {found.name}?",
        (
            f"Its {'pages' if found.kind == 'browser' else 'backends'} are refused from now on, "
            "and its configuration is gone: there is no undo.",
            "The events that it has sent stay. To stop it for a while, disable it instead.",
        ),
        "Delete source",
        _at(found),
        typed=found.id,
    )


@sources_blueprint.post("/source/delete")
@asks(_before_deleting)
def delete_source() -> BaseResponse:
    """Delete a source whose id was typed once more; its events stay."""
    found = asked_for()
    kept.remove(services().engine, found.id)
    say(f"The source {brief(found.name)} is deleted; its events stay.")
    return redirect(url_for("sources.sources"), 303)


def asked_for() -> Source:
    """Return the source that the address names; NotFound where there is none."""
    # An id may hold any printable character, "/" and ".." among them, so it is no part of the path.
    wanted = request.args.get("id", "")
    for found in kept.all_sources(services().engine):
        if found.id == wanted:
            return found
    raise NotFound(f"There is no source with the id {wanted!r}.")


def to_source(source_id: str) -> BaseResponse:
    """Lead to the page of a source."""
    return redirect(url_for("sources.source", id=source_id), 303)


def _at(found: Source) -> str:
    return url_for("sources.source", id=found.id)


def source_page(found: Source, status: int = 200, *, secret: str | None = None, trouble: str = "") -> Response:
    """Return the page of a source: its state, what to paste into its pages, and what can be done with it."""
    url = services().settings.public_url
    heard = ask(lambda conn: reports.heard_from(conn, [found.id]))
    return page(
        "source.html",
        status,
        source=found,
        forms=TOLD,
        snippets={name: snippet_of(found, url, name) for name in TOLD} if found.kind == "browser" else {},
        secret=secret,
        warnings=origin_warnings(found.origins),
        trouble=trouble,
        tested=request.args.get("tested", ""),
        heard=bool(heard),
        api=f"{url}/track",
        example=orjson.dumps({"source": {"id": found.id}, "events": [{"type": "order-shipped"}]}).decode(),
    )
