"""``POST /track`` and ``POST /pass``: what browsers, apps and backends send to."""

from typing import BinaryIO, cast

from flask import Blueprint, Response, g, request

from tracker.core.linking import host_of
from tracker.core.model import Source
from tracker.core.refusal import InvalidSource, Refusal
from tracker.ingest.decode import Decoded, decode
from tracker.store.engine import reading, transaction
from tracker.store.reports import live_id
from tracker.store.sources import shows_secret
from tracker.web.errors import json_answer
from tracker.web.headers import allows_origin
from tracker.web.reading import Arrival, payload_from
from tracker.web.schemas import pass_request
from tracker.web.services import services

track_blueprint = Blueprint("track", __name__)


class NoPass(Refusal):
    """There is no pass to give for that profile and source."""

    status = 404


@track_blueprint.route("/track", methods=["POST"], provide_automatic_options=False)
def track() -> Response:
    """Commit one tracker payload, then answer with the ids to go on with (protocol §2-§5)."""
    parts = services()
    decoded = _decoded()
    payload = payload_from(decoded, _arrival())
    source = _accepted(payload.source_id)
    resolution = parts.committer.record(payload, parts.sources.all() | {source.id: source})
    g.task = resolution.task
    signs = source.referrals == "signed" and resolution.profile_id is not None
    link_pass = parts.passes.issue(resolution.profile_id or "", source.id) if signs else None
    return json_answer(resolution.reply(link_pass))


@track_blueprint.route("/pass", methods=["POST"], provide_automatic_options=False)
def fresh_pass() -> Response:
    """Give out a fresh link pass for a live profile of a source that signs its links (protocol §5)."""
    parts = services()
    source_id, named = pass_request(_decoded().body)
    source = _accepted(source_id)
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


def _decoded() -> Decoded:
    return decode(
        cast("BinaryIO", request.stream),
        content_type=request.headers.get("Content-Type"),
        content_encoding=request.headers.get("Content-Encoding"),
        limits=services().settings.limits,
    )


def _arrival() -> Arrival:
    parts = services()
    return Arrival(
        now=parts.clock(),
        limits=parts.settings.limits,
        read_pass=parts.passes.read,
        origin_host=host_of(request.headers.get("Origin", "")),
        user_agent=request.headers.get("User-Agent", ""),
    )


def _accepted(source_id: str) -> Source:
    """Return the source, or refuse in one way whatever is wrong with it."""
    origin = request.headers.get("Origin")
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")

    def accepts(source: Source) -> bool:
        if source.kind == "server":
            shown = scheme.lower() == "bearer" and shows_secret(source, secret.strip())
            return shown and (origin is None or allows_origin(source, origin)) and source.enabled
        return allows_origin(source, origin)

    source = services().sources.find(source_id, accepts)
    if source is None:
        raise InvalidSource
    g.source_id = source.id
    return source
