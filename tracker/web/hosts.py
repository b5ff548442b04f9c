"""Which host names the console, the API and the metrics answer to."""

from flask import Flask, request

from tracker.core.own_address import names_this_server, public_host
from tracker.core.refusal import Refusal
from tracker.web.services import services_of

ANY_HOST = frozenset({"/track", "/pass", "/tracker", "/tracker/liliput.min.js", "/healthz", "/readyz"})
"""What tells nothing of anybody, or believes nobody by where they come from: pages and probes may use any name."""


class Elsewhere(Refusal):
    """The request names a host that is not the collector's: a page may have pointed that name at this machine."""

    status = 421


def register(app: Flask) -> None:
    """Refuse what asks for this server by a name that is not its own, before any view and any login."""
    settings = services_of(app).settings
    own = public_host(settings.public_url)
    # Who shows the token is believed wherever the request went; without it, who asks from this machine is.
    free = ANY_HOST | ({"/metrics"} if settings.metrics_token else set())
    detail = (
        f"This collector is {settings.public_url}/, and answers here to no other name. If this name is meant to be its "
        "own, set PUBLIC_URL to the address that browsers use, and let the proxy pass the Host header on."
    )

    @app.before_request
    def is_asked_by_its_name() -> None:
        if request.path in free or request.blueprint == "assets":
            return
        if not names_this_server(request.environ.get("HTTP_HOST", ""), own):
            raise Elsewhere(detail)
