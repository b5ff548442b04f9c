"""Waiting for the first event of a source: what comes, what is turned away, and a test event to try it with."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from tracker.core import attempts
from tracker.core.attempts import Advice
from tracker.core.model import Event, Payload, Source
from tracker.core.replaying import EXPLAINED
from tracker.core.silence import is_fault
from tracker.ingest.fresh import tombstone_digest
from tracker.store import people
from tracker.store.live import TEST_TAG, Happening, Wanted, event, is_only_tests
from tracker.web.guard import ask, guard, the_user
from tracker.web.messages import say
from tracker.web.services import services
from tracker.web.sources import asked_for, source_page
from tracker.web.streaming import stream

waiting_blueprint = guard(Blueprint("waiting", __name__))


@waiting_blueprint.get("/source/waiting")
def waiting() -> BaseResponse:
    """Send to an open page what comes for a source, and what is turned away."""
    source, me = asked_for(), the_user()

    def shown(one: Happening) -> dict[str, object]:
        html = render_template(
            "waiting.html", one=one, source=source, me=me, advice=_advice(one, source), fault=is_fault(one.reason)
        )
        return {"key": one.key, "html": html, "good": one.fate == "stored"}

    return stream(Wanted(source.id, attempts=True), shown)


@waiting_blueprint.post("/source/test")
def send_test() -> BaseResponse:
    """Store an event that is marked as a test, for a visitor who is made for it."""
    source = asked_for()
    if not source.enabled:
        return source_page(source, 422, trouble="It is disabled, so its events are refused. Enable it first.")
    said = {"sent_by": the_user().name}
    sent = Event("test-event", properties=said, tags=(TEST_TAG,))
    resolution = services().committer.record(Payload(source.id, (sent,)), source)
    return redirect(url_for("sources.source", id=source.id, tested=resolution.fates[0][0]), 303)


@waiting_blueprint.post("/source/test/erase")
def erase_test() -> BaseResponse:
    """Erase the visitor of a test event, and with it the event; nobody else is erased here."""
    source, event_id = asked_for(), request.form.get("event", "")
    parts = services()
    found = None if "\0" in event_id else ask(lambda conn: event(conn, source.id, event_id))
    profile_id = found["profile_id"] if found else None
    if profile_id is None or not ask(lambda conn: is_only_tests(conn, profile_id)):
        raise NotFound("There is no test visitor to erase: it is gone already, or has other events than tests.")
    digest = tombstone_digest(parts.settings.secret_keys)
    try:
        people.erase_person(parts.engine, profile_id, parts.clock(), digest)
    except people.NoSuchPerson as error:
        raise NotFound("The test visitor is gone already.") from error
    say("The test event and its visitor are erased.")
    return redirect(url_for("sources.source", id=source.id), 303)


def _advice(one: Happening, source: Source) -> Advice | None:
    if one.fate == "quarantined":
        return Advice(f"An event was kept out: {EXPLAINED.get(one.reason, one.reason)}", "")
    if one.fate == "stored":
        return None
    return attempts.advice(one.reason, source, named=one.source_id, origin=one.origin, detail=one.detail)
