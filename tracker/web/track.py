"""``POST /track`` and ``POST /pass``: what browsers, apps and backends send to."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from tracker.core.client_address import client_address
from tracker.core.explaining import explained
from tracker.core.known import leads
from tracker.core.linking import host_of
from tracker.core.model import Payload, Source
from tracker.core.refusal import DiskLow, InvalidSource, Malformed, OverQuota, Problem, Refusal
from tracker.core.silence import dropped
from tracker.core.steps import Resolution
from tracker.core.times import SECOND
from tracker.ingest.decode import Decoded, check_media, decode_only, read_bounded, scrubbed
from tracker.ingest.lane import is_heavy, objects_in
from tracker.store.engine import reading, transaction
from tracker.store.reports import live_id
from tracker.store.sources import NO_DIGEST, digest_of, shows_digest
from tracker.web.answers import Answer, json_answer
from tracker.web.bodies import announced, body_of
from tracker.web.direct import direct
from tracker.web.environs import Environ, query_of
from tracker.web.kept_headers import kept_headers
from tracker.web.limiting import admit_heavy, count, network_of, tokens_for
from tracker.web.notes import Notes
from tracker.web.reading import Arrival, payload_from
from tracker.web.schemas import checked, named_source, pass_request
from tracker.web.services import Services, services

track_blueprint = Blueprint("track", __name__)
Answered = Callable[[bytes, Services, Environ, Notes], Answer]
_NO_QUOTA = "This source has used up its quota of events; send the same body again later."


class NoPass(Refusal):
    """There is no pass to give for that profile and source."""

    status = 404


@direct(track_blueprint, "POST", "/track")
def track(parts: Services, environ: Environ, noted: Notes) -> Answer:
    """Commit one tracker payload, then answer with the ids to go on with (protocol §2-§5)."""
    return _in_turn(_tracked, parts, environ, noted)


@direct(track_blueprint, "POST", "/pass")
def fresh_pass(parts: Services, environ: Environ, noted: Notes) -> Answer:
    """Give out a fresh link pass for a live profile of a source that signs its links (protocol §5)."""
    return _in_turn(_passed, parts, environ, noted)


def _in_turn(answered: Answered, parts: Services, environ: Environ, noted: Notes) -> Answer:
    """Return the answer to a body, which waits for its turn where it is heavy, and not for those that come slowly."""
    check_media(environ.get("CONTENT_TYPE"), environ.get("HTTP_CONTENT_ENCODING"))
    raw = read_bounded(body_of(environ), parts.settings.limits.body, announced(environ))
    if not is_heavy(raw):
        return answered(raw, parts, environ, noted)
    admit_heavy(parts, environ, noted, objects_in(raw))
    with parts.lane.turn():
        return answered(raw, parts, environ, noted)


def _tracked(raw: bytes, parts: Services, environ: Environ, noted: Notes) -> Answer:
    decoded, dry = decode_only(raw, parts.settings.limits), _is_dry_run(environ)
    events = _number_of_events(decoded)
    if not dry:
        noted.events = events
    body = _shape(decoded, noted)
    source = _accepted(parts, body["source"]["id"], environ, noted, tokens_for(len(raw), events))
    payload = _payload(decoded, body, source, parts, environ)
    _has_room(parts, source, noted)
    if dry:
        told = parts.new_types.dry_run(payload, source, lambda: noted.network or network_of(parts, environ))
        return json_answer(explained(told, payload, trusted=source.trusted))
    resolution = parts.new_types.record(payload, source, lambda: noted.network or network_of(parts, environ))
    noted.task = resolution.task
    parts.metrics.recorded(resolution)
    parts.quotas.count(source, resolution)
    if source.watched_until:
        _tell_of_silence(parts, payload, source, resolution, environ)
    if source.referrals != "signed" or resolution.profile_id is None:
        return json_answer(resolution.reply())
    return json_answer(resolution.reply(parts.passes.issue(resolution.profile_id, source.id)))


def _passed(raw: bytes, parts: Services, environ: Environ, noted: Notes) -> Answer:
    source_id, named = pass_request(decode_only(raw, parts.settings.limits).body)
    source = _accepted(parts, source_id, environ, noted, tokens_for(len(raw)))
    profile_id = transaction(reading(parts.engine), lambda conn: live_id(conn, named))
    opens = profile_id is not None and leads(named, profile_id, trusted=source.trusted)
    if source.referrals != "signed" or profile_id is None or not opens:
        raise NoPass("There is no pass for this profile and source.")
    return json_answer({"pass": parts.passes.issue(profile_id, source.id)})


@track_blueprint.route("/track", methods=["OPTIONS"], provide_automatic_options=False)
@track_blueprint.route("/pass", methods=["OPTIONS"], provide_automatic_options=False)
def preflight() -> Response:
    """Answer a CORS preflight; which origins may come is in the headers that web/headers.py adds."""
    services().sources.all()
    return Response(status=204)


def _is_dry_run(environ: Environ) -> bool:
    """Return whether the request only asks what would happen; what could mean either is refused, not guessed."""
    wish = query_of(environ).get("dry_run", "0") if environ.get("QUERY_STRING") else "0"
    if wish not in ("0", "1"):
        raise Malformed([Problem(("query", "dry_run"), "Write dry_run=1 or leave it out.", "value_error")])
    return wish == "1"


def _shape(decoded: Decoded, noted: Notes) -> dict[str, Any]:
    """Return the body as the schema loads it, before anything is done that a refused body need not cost."""
    try:
        return checked(decoded.body)
    except Malformed:
        noted.asked = named_source(decoded.body)
        raise


def _payload(decoded: Decoded, body: dict[str, Any], source: Source, parts: Services, environ: Environ) -> Payload:
    """Return what an accepted source has sent, without private parameters."""
    sent = scrubbed(decoded, parts.settings.limits)
    # What was rewritten has to be looked at once more; the source is the one that was let in.
    shape = checked(sent.body) if sent.rewritten else body
    payload = payload_from(sent, shape, _arrival(parts, environ))
    return payload._replace(source_id=source.id) if sent.rewritten else payload


def _number_of_events(decoded: Decoded) -> int:
    """Return how many events a body brings along, whatever is wrong with them."""
    events = decoded.body.get("events")
    return len(events) if isinstance(events, list) else 0


def _arrival(parts: Services, environ: Environ) -> Arrival:
    origin = environ.get("HTTP_ORIGIN")
    return Arrival(
        now=parts.clock(),
        limits=parts.settings.limits,
        read_pass=parts.passes.read,
        read_claim=parts.identities.claim,
        origin_host=host_of(origin) if origin else None,
        headers=kept_headers(environ, parts.settings.limits.user_agent),
        country=_country(parts, environ) if parts.country_of else None,
    )


def _country(parts: Services, environ: Environ) -> str | None:
    """Return the country of the client's address; the address itself is kept nowhere."""
    forwarded, peer = environ.get("HTTP_X_FORWARDED_FOR", ""), environ.get("REMOTE_ADDR", "")
    address = client_address(peer, forwarded, parts.settings.trusted_proxies)
    return parts.country_of(str(address)) if parts.country_of and address else None


def _accepted(parts: Services, source_id: str, environ: Environ, noted: Notes, tokens: int) -> Source:
    """Return the source, or refuse in one way whatever is wrong with it."""
    source = parts.sources.find(source_id, _accepting(environ))
    if source is None:
        noted.asked = source_id
        # All that is refused counts as one source, so that trying out ids is limited too.
        count(parts, "", environ, noted, tokens)
        raise InvalidSource
    noted.source_id = source.id
    if source.kind == "browser":
        # A source that has shown its secret is limited by its quota alone.
        count(parts, source.id, environ, noted, tokens)
    return source


def _accepting(environ: Environ) -> Callable[[Source], bool]:
    """Return the function that says whether a source takes this request; it does the same work for every source.

    The time that a refusal takes must not tell what kind of source is asked for, nor whether it is there at all.
    """
    origin, given = environ.get("HTTP_ORIGIN"), environ.get("HTTP_AUTHORIZATION")
    digest, as_bearer = NO_DIGEST, False
    if given:
        scheme, _, secret = given.partition(" ")
        digest, as_bearer = digest_of(secret.strip()), scheme.lower() == "bearer"

    def accepts(source: Source) -> bool:
        shown = shows_digest(source, digest)
        at_home = not source.origins or origin in source.origins
        as_server = as_bearer and shown and (origin is None or at_home)
        return source.enabled and (at_home if source.kind == "browser" else as_server)

    return accepts


def _has_room(parts: Services, source: Source, noted: Notes) -> None:
    """Refuse what there is no room for: on the disk, or in the source's quota."""
    if parts.disk.is_low():
        noted.cause = "the disk is nearly full"
        raise DiskLow("There is no room to store this now; send the same body again.")
    if wait := parts.quotas.wait(source):
        noted.cause = "the quota of the source is used up"
        parts.metrics.over_quota()
        raise OverQuota(_NO_QUOTA, retry_after=wait // SECOND)


def _tell_of_silence(
    parts: Services, payload: Payload, source: Source, resolution: Resolution, environ: Environ
) -> None:
    """Tell an owner who waits for events of this source why some of these were not stored."""
    if reason := dropped(payload, source, resolution):
        parts.attempts.note(source.id, reason, environ.get("HTTP_ORIGIN"))
