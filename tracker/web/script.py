"""``GET /tracker``: the browser script, the same bytes for everybody who asks for the same source."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from tracker.core.refusal import Malformed, Problem, Refusal
from tracker.script.render import ENCODINGS, Script, page_script
from tracker.web.services import services

script_blueprint = Blueprint("script", __name__)
_JAVASCRIPT = "text/javascript; charset=utf-8"
_HEADERS = (
    ("Cache-Control", "public, max-age=300"),
    ("Vary", "Accept-Encoding"),
    # A page may load it with crossorigin or under a cross-origin isolation policy; it holds nothing of any visitor.
    ("Access-Control-Allow-Origin", "*"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)


class UnknownScript(Refusal):
    """There is no enabled source of that id, so there is nothing to configure a script with."""

    status = 404


@script_blueprint.get("/tracker")
def tracker() -> Response:
    """Return the tracker with this source's configuration baked in (protocol §1)."""
    parts, environ = services(), request.environ
    source_id = _source_id(environ["QUERY_STRING"])
    if not source_id:
        raise Malformed([Problem(("query", "source_id"), "Name a source: /tracker?source_id=ID", "missing")])
    source = parts.sources.find(source_id, lambda source: source.enabled)
    if source is None:
        raise UnknownScript("There is no enabled source of that id.")
    return _answer(parts.scripts.of(source), environ)


@script_blueprint.get("/tracker/liliput.min.js")
def liliput() -> Response:
    """Return the tracker for a page that carries an original snippet: it reads the page's own options (§7)."""
    return _answer(page_script(services().settings.public_url), request.environ)


def _answer(script: Script, environ: Mapping[str, str]) -> Response:
    encoding = _encoding(environ.get("HTTP_ACCEPT_ENCODING", ""))
    tag = f'"{script.etag}-{encoding}"'
    headers = [("ETag", tag), *_HEADERS]
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known == tag:
        return Response(status=304, headers=headers)
    if encoding != "identity":
        headers.append(("Content-Encoding", encoding))
    answer = Response(script.encoded(encoding), headers=headers, content_type=_JAVASCRIPT)
    if known is not None:
        # More than one tag, or a weak one: rare, and worth the whole rule book.
        answer.make_conditional(request)
    return answer


@lru_cache(maxsize=1024)
def _source_id(query: str) -> str:
    """Return the source that a query string names, empty where it names none."""
    return dict(reversed(parse_qsl(query))).get("source_id", "").strip()


@lru_cache(maxsize=256)
def _encoding(accepted: str) -> str:
    """Return the encoding to answer in: of what the browser likes equally well the first one, which is the smallest."""
    return str(parse_accept_header(accepted, Accept).best_match(ENCODINGS, default="identity"))
