"""``GET /tracker``: the browser script, the same bytes for everybody who asks for the same source."""

from flask import Blueprint, Response, request

from tracker.core.refusal import Malformed, Problem, Refusal
from tracker.script.render import Script, page_script, tracker_script
from tracker.web.services import services

script_blueprint = Blueprint("script", __name__)
_JAVASCRIPT = "text/javascript; charset=utf-8"


class UnknownScript(Refusal):
    """There is no enabled source of that id, so there is nothing to configure a script with."""

    status = 404


@script_blueprint.get("/tracker")
def tracker() -> Response:
    """Return the tracker with this source's configuration baked in (protocol §1)."""
    source_id = request.args.get("source_id", "").strip()
    if not source_id:
        raise Malformed([Problem(("query", "source_id"), "Name a source: /tracker?source_id=ID", "missing")])
    source = services().sources.find(source_id, lambda source: source.enabled)
    if source is None:
        raise UnknownScript("There is no enabled source of that id.")
    return _answer(tracker_script(source, services().settings.public_url))


@script_blueprint.get("/tracker/liliput.min.js")
def liliput() -> Response:
    """Return the tracker for a page that carries an original snippet: it reads the page's own options (§7)."""
    return _answer(page_script(services().settings.public_url))


def _answer(script: Script) -> Response:
    # Of what the browser likes equally well, the first one wins: it is the smallest.
    bodies = {"br": script.brotli, "gzip": script.gzip, "identity": script.body}
    encoding = request.accept_encodings.best_match(bodies, default="identity")
    answer = Response(bodies[encoding], content_type=_JAVASCRIPT)
    if encoding != "identity":
        answer.headers["Content-Encoding"] = encoding
    answer.set_etag(f"{script.etag}-{encoding}")
    answer.headers["Cache-Control"] = "public, max-age=300"
    answer.headers["Vary"] = "Accept-Encoding"
    # A page may load it with crossorigin or under a cross-origin isolation policy; it holds nothing of any visitor.
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.make_conditional(request)
    return answer
