"""``POST /track`` and ``POST /pass``: what browsers, apps and backends send to."""

from typing import TYPE_CHECKING, BinaryIO, cast

from flask import Blueprint, Response
from werkzeug.wsgi import get_input_stream

from tracker.core.client_address import client_address, client_network
from tracker.core.explaining import explained
from tracker.core.linking import host_of
from tracker.core.model import Payload, Source
from tracker.core.refusal import InvalidSource, Malformed, Problem, Refusal, TooMany, Unavailable
from tracker.core.times import SECOND
from tracker.ingest.decode import Decoded, decode
from tracker.store.engine import reading, transaction
from tracker.store.reports import live_id
from tracker.store.sources import shows_secret
from tracker.web.answers import Answer, json_answer
from tracker.web.direct import Environ, direct, query_of
from tracker.web.headers import allows_origin
from tracker.web.kept_headers import kept_headers
from tracker.web.notes import Notes
from tracker.web.reading import Arrival, payload_from
from tracker.web.schemas import named_source, pass_request
from tracker.web.services import Services, services

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

track_blueprint = Blueprint("track", __name__)
_NO_QUOTA = "This source has used up its quota of events; send the same body again later."


class NoPass(Refusal):
    """There is no pass to give for that profile and source."""

    status = 404


@direct(track_blueprint, "POST", "/track")
def track(parts: Services, environ: Environ, noted: Notes) -> Answer:
    """Commit one tracker payload, then answer with the ids to go on with (protocol §2-§5)."""
    decoded, dry = _decoded(parts, environ), _is_dry_run(environ)
    if not dry:
        noted.events = _number_of_events(decoded)
    payload = _payload(decoded, parts, environ, noted)
    source = _accepted(parts, payload.source_id, environ, noted)
    _has_room(parts, source, noted)
    if dry:
        return json_answer(explained(parts.new_types.dry_run(payload, source, lambda: _network(parts, environ))))
    resolution = parts.new_types.record(payload, source, lambda: _network(parts, environ))
    noted.task = resolution.task
    parts.metrics.recorded(resolution)
    parts.quotas.count(source, resolution)
    if source.referrals != "signed" or resolution.profile_id is None:
        return json_answer(resolution.reply())
    return json_answer(resolution.reply(parts.passes.issue(resolution.profile_id, source.id)))


@direct(track_blueprint, "POST", "/pass")
def fresh_pass(parts: Services, environ: Environ, noted: Notes) -> Answer:
    """Give out a fresh link pass for a live profile of a source that signs its links (protocol §5)."""
    source_id, named = pass_request(_decoded(parts, environ).body)
    source = _accepted(parts, source_id, environ, noted)
    profile_id = transaction(reading(parts.engine), lambda conn: live_id(conn, named))
    if source.referrals != "signed" or profile_id is None:
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


def _payload(decoded: Decoded, parts: Services, environ: Environ, noted: Notes) -> Payload:
    try:
        return payload_from(decoded, _arrival(parts, environ))
    except Malformed:
        noted.asked = named_source(decoded.body)
        raise


def _decoded(parts: Services, environ: Environ) -> Decoded:
    # A server that ends the stream by itself where the body ends, as gunicorn does, says so.
    ended = environ.get("wsgi.input_terminated")
    return decode(
        cast("BinaryIO", environ["wsgi.input"] if ended else get_input_stream(cast("WSGIEnvironment", environ))),
        content_type=environ.get("CONTENT_TYPE"),
        content_encoding=environ.get("HTTP_CONTENT_ENCODING"),
        limits=parts.settings.limits,
    )


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


def _accepted(parts: Services, source_id: str, environ: Environ, noted: Notes) -> Source:
    """Return the source, or refuse in one way whatever is wrong with it."""
    origin = environ.get("HTTP_ORIGIN")

    def accepts(source: Source) -> bool:
        if source.kind == "browser":
            return allows_origin(source, origin)
        scheme, _, secret = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        shown = scheme.lower() == "bearer" and shows_secret(source, secret.strip())
        return shown and source.enabled and (origin is None or allows_origin(source, origin))

    source = parts.sources.find(source_id, accepts)
    if source is None:
        noted.asked = source_id
        # All that is refused counts as one source, so that trying out ids is limited too.
        _limit(parts, "", environ, noted)
        raise InvalidSource
    noted.source_id = source.id
    _limit(parts, source.id, environ, noted)
    return source


def _has_room(parts: Services, source: Source, noted: Notes) -> None:
    """Refuse what there is no room for: on the disk, or in the source's quota."""
    if parts.disk.is_low():
        noted.cause = "the disk is nearly full"
        raise Unavailable("There is no room to store this now; send the same body again.")
    if wait := parts.quotas.wait(source):
        noted.cause = "the quota of the source is used up"
        parts.metrics.limited("quota")
        raise TooMany(_NO_QUOTA, retry_after=wait // SECOND)


def _limit(parts: Services, source_id: str, environ: Environ, noted: Notes) -> None:
    """Count a request against the limit of its network and source; TooMany where that is used up."""
    if wait := parts.limit((_network(parts, environ), source_id)):
        if environ.get("HTTP_X_FORWARDED_FOR") and not parts.settings.trusted_proxies:
            # To who reads the log this is the usual reason: behind a proxy all visitors seem to be one.
            noted.cause = "TRUSTED_PROXIES is not set"
        parts.metrics.limited(environ["PATH_INFO"])
        raise TooMany("Too many requests; send the same body again later.", retry_after=wait // SECOND)


def _network(parts: Services, environ: Environ) -> str:
    """Return the network that a request comes from, by which limits are counted."""
    forwarded = environ.get("HTTP_X_FORWARDED_FOR")
    return client_network(environ.get("REMOTE_ADDR"), forwarded, parts.settings.trusted_proxies)
