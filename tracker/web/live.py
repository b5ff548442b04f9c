"""Events as they come in, one of them in full, and those that were kept out."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from tracker.core.model import Source
from tracker.core.replaying import EXPLAINED
from tracker.ingest.fresh import tombstone_digest
from tracker.ingest.replay import Replayed, replay
from tracker.store import live as happenings
from tracker.store import quarantine as kept_out
from tracker.store import reports
from tracker.store.engine import Connection
from tracker.store.live import TEST_TAG, Wanted
from tracker.web.guard import ask, guard
from tracker.web.page import page
from tracker.web.services import services
from tracker.web.streaming import stream

live_blueprint = guard(Blueprint("live", __name__))
_A_PAGE = 50
_AT_ONCE = 500
_PLACE = re.compile(r"(\d{1,18})\.([\s\S]{1,128})\n([\s\S]{1,128})")


@live_blueprint.get("/live")
def live() -> BaseResponse:
    """Show the newest events, and those that come while the page is open."""
    wanted = _wanted()
    found = ask(lambda conn: happenings.news(conn, wanted, 0))[:_A_PAGE]
    sources = services().sources.all()
    now = services().clock()
    return page("live.html", wanted=wanted, found=found, sources=sources, names=_names(sources), now=now)


@live_blueprint.get("/live/stream")
def live_stream() -> BaseResponse:
    """Send what comes in from now on to an open page."""
    names = _names(services().sources.all())
    return stream(
        _wanted(), lambda one: {"key": one.key, "html": render_template("happening.html", one=one, names=names)}
    )


@live_blueprint.get("/event")
def event() -> BaseResponse:
    """Show one event: what is stored of it, and what became of it."""
    source_id, event_id = _text(request.args, "source"), _text(request.args, "id")

    def work(conn: Connection) -> dict[str, Any] | None:
        found = happenings.event(conn, source_id, event_id)
        if found is None:
            return None
        of_profile = reports.live_id(conn, found["profile_id"]) if found["profile_id"] else None
        return {"event": found, "live": of_profile, "session": reports.session(conn, found["session_id"])}

    found = ask(work)
    if found is not None:
        return page("event.html", **found, names=_names(services().sources.all()), test_tag=TEST_TAG)
    if ask(lambda conn: kept_out.one(conn, source_id, event_id)):
        return redirect(url_for("live.quarantine", source=source_id, id=event_id))
    raise NotFound("There is no such event.")


@live_blueprint.get("/quarantine")
def quarantine() -> BaseResponse:
    """Show the events that were kept out, the newest first, or the one that is asked for."""
    return _quarantine_page()


@live_blueprint.post("/quarantine/replay")
def replay_one() -> BaseResponse:
    """Store one quarantined event after all."""
    key = (_text(request.form, "source"), _text(request.form, "id"))
    return _replayed([key])


@live_blueprint.post("/quarantine/replay-all")
def replay_all() -> BaseResponse:
    """Store all quarantined events of which nothing was cut off, so many at a time that nobody waits for long."""
    return _replayed(list(ask(lambda conn: kept_out.whole(conn, _AT_ONCE))))


def _replayed(found: list[tuple[str, str]]) -> BaseResponse:
    parts = services()
    done = list(replay(parts.engine, found, parts.new_id, tombstone_digest(parts.settings.secret_keys)))
    status = 503 if any(one.unavailable for one in done) else 200 if all(one.worked for one in done) else 422
    return _quarantine_page(done, status)


def _quarantine_page(done: list[Replayed] | None = None, status: int = 200) -> BaseResponse:
    source_id, event_id = _text(request.args, "source"), _text(request.args, "id")
    place = _PLACE.fullmatch(_text(request.args, "before"))
    before = (int(place[1]), place[2], place[3]) if place else None

    def work(conn: Connection) -> list[kept_out.KeptOut]:
        if "source" in request.args:
            one = kept_out.one(conn, source_id, event_id)
            return [one] if one else []
        return kept_out.listed(conn, before, _A_PAGE + 1)

    found = ask(work)
    rest = len(found) > _A_PAGE
    last = found[_A_PAGE - 1].place if rest else None
    return page(
        "quarantine.html",
        status,
        found=found[:_A_PAGE],
        more=f"{last[0]}.{last[1]}\n{last[2]}" if last else "",
        done=done or [],
        failed=[one for one in done or [] if not one.worked],
        reasons=EXPLAINED,
        names=_names(services().sources.all()),
    )


def _wanted() -> Wanted:
    given = {name: _text(request.args, name).strip() for name in ("source", "type", "profile")}
    return Wanted(given["source"], re.sub(r"\s+", "-", given["type"].lower()), given["profile"])


def _text(given: Mapping[str, str], name: str) -> str:
    """Return what was given, empty where it holds what PostgreSQL cannot even be asked for."""
    text = given.get(name, "")
    return "" if "\0" in text else text


def _names(sources: dict[str, Source]) -> dict[str, str]:
    return {source.id: source.name for source in sources.values()}
