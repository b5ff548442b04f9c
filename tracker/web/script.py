"""``GET /tracker``: the browser script, the same bytes for everybody who asks for the same source."""

from functools import lru_cache
from typing import TYPE_CHECKING, cast

from flask import Blueprint
from werkzeug.datastructures import Accept
from werkzeug.http import is_resource_modified, parse_accept_header

from tracker.core.attempts import SCRIPT_LOADED, origin_of
from tracker.core.model import Source
from tracker.core.refusal import Malformed, Problem, Refusal
from tracker.core.silence import silent
from tracker.ingest.agents import describe
from tracker.script.render import ENCODINGS, Script, page_script
from tracker.web.answers import Answer
from tracker.web.direct import direct
from tracker.web.environs import Environ, query_of
from tracker.web.notes import Notes
from tracker.web.services import Services

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

script_blueprint = Blueprint("script", __name__)
_JAVASCRIPT = ("Content-Type", "text/javascript; charset=utf-8")
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


@direct(script_blueprint, "GET", "/tracker")
def tracker(parts: Services, environ: Environ, _noted: Notes) -> Answer:
    """Return the tracker with this source's configuration baked in (protocol §1)."""
    source_id = query_of(environ).get("source_id", "").strip()
    if not source_id:
        raise Malformed([Problem(("query", "source_id"), "Name a source: /tracker?source_id=ID", "missing")])
    source = parts.sources.find(source_id, lambda source: source.enabled)
    if source is None:
        raise UnknownScript("There is no enabled source of that id.")
    if source.watched_until:
        page = origin_of(environ.get("HTTP_REFERER", ""))
        parts.attempts.note(source.id, SCRIPT_LOADED, page, _why_silent(source, environ))
    return _answer(parts.scripts.of(source), environ)


@direct(script_blueprint, "GET", "/tracker/liliput.min.js")
def liliput(parts: Services, environ: Environ, _noted: Notes) -> Answer:
    """Return the tracker for a page that carries an original snippet: it reads the page's own options (§7)."""
    return _answer(page_script(parts.settings.public_url), environ)


def _why_silent(source: Source, environ: Environ) -> str:
    """Return why this browser will send nothing, as far as its request for the script tells."""
    is_program = describe(environ.get("HTTP_USER_AGENT", "")).bot
    gpc, dnt = environ.get("HTTP_SEC_GPC") == "1", environ.get("HTTP_DNT") == "1"
    return silent(source, gpc=gpc, dnt=dnt, is_program=is_program)


def _answer(script: Script, environ: Environ) -> Answer:
    # Browsers name five encodings; what is much longer is not worth reading.
    encoding = _encoding(environ.get("HTTP_ACCEPT_ENCODING", "")[:256])
    tag = f'"{script.etag}-{encoding}"'
    known = environ.get("HTTP_IF_NONE_MATCH")
    # More than one tag, or a weak one, is rare, and worth the whole rule book.
    if known is not None and (known == tag or not is_resource_modified(cast("WSGIEnvironment", environ), etag=tag)):
        return Answer(b"", 304, (("ETag", tag), *_HEADERS))
    encoded = () if encoding == "identity" else (("Content-Encoding", encoding),)
    return Answer(script.encoded(encoding), 200, (_JAVASCRIPT, ("ETag", tag), *_HEADERS, *encoded))


@lru_cache(maxsize=256)
def _encoding(accepted: str) -> str:
    """Return the encoding to answer in: of what the browser likes equally well the first one, which is the smallest."""
    return str(parse_accept_header(accepted, Accept).best_match(ENCODINGS, default="identity"))
