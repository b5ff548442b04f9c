"""``GET /metrics``: what an operator's Prometheus reads."""

import hmac
import ipaddress

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST

from tracker.core.refusal import Refusal
from tracker.web.services import services

metrics_blueprint = Blueprint("metrics", __name__)


class NotForYou(Refusal):
    """The figures are for the operator: from this machine itself, or with the token."""

    status = 403


@metrics_blueprint.get("/metrics")
def metrics() -> Response:
    """Return the figures to who shows the token or, where none is set, asks from this very machine."""
    if not _allowed(services().settings.metrics_token):
        raise NotForYou("Ask from the machine itself, or set METRICS_TOKEN and send it as a bearer token.")
    return Response(services().metrics.text(), content_type=CONTENT_TYPE_LATEST)


def _allowed(token: str | None) -> bool:
    if token is not None:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode())
    # Behind a proxy on the same machine everybody seems to come from it.
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"))
    return not forwarded and ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback  # noqa: S104
