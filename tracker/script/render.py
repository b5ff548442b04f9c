"""The browser script and the snippets as text: built chunks put together with one blob of configuration."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import brotli  # type: ignore[import-untyped]
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from tracker.core.model import Source
from tracker.script.chunks import CHUNKS, chunks_for

_SERVER_ONLY = frozenset({"trackExternalLinks", "scrubParameters", "quota", "retentionDays", "requireReferrer"})
"""Settings of a source that are none of the page's business; the links are passed on in their checked form."""
_ROOT = Path(__file__).resolve().parents[2]
_BUILT = _ROOT / "static" / "tracker"
ENCODINGS = ("br", "gzip", "identity")
"""What a script is served in, the smallest first."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it goes out: its bytes, the same bytes precompressed, and a tag that changes with them."""

    body: bytes
    gzip: bytes
    brotli: bytes
    etag: str

    def encoded(self, encoding: str) -> bytes:
        """Return the bytes in one of ``ENCODINGS``."""
        return {"br": self.brotli, "gzip": self.gzip}.get(encoding, self.body)


class Scripts:
    """The scripts of all sources, each rendered once for as long as its source stays as it is."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url
        self._rendered: dict[str, tuple[Source, Script]] = {}

    def of(self, source: Source) -> Script:
        """Return the tracker of one source."""
        rendered, script = self._rendered.get(source.id, (None, None))
        if script is None or rendered != source:
            script = tracker_script(source, self._public_url)
            self._rendered[source.id] = (source, script)
        return script


def tracker_script(source: Source, public_url: str) -> Script:
    """Return the tracker for one source, with its configuration and only the parts that it needs baked in."""
    options = _options(source, public_url)["tracker"]
    # The script knows where it came from, and what is empty it takes as empty without being told.
    baked = {
        "url": {"api": options["url"]["api"]},
        "source": options["source"],
        "auto": _filled(options["auto"]),
        "settings": _filled(options["settings"]),
    }
    return _render(chunks_for(options["auto"], options["settings"]), _canonical({"tracker": baked}))


def page_script(public_url: str) -> Script:
    """Return the tracker with all its parts, for a page that brings its own options (protocol §7)."""
    return _render(CHUNKS, _canonical({"tracker": {"url": {"api": public_url}}}))


def snippet(source: Source, public_url: str, *, inline: bool = False, nonce: str | None = None) -> str:
    """Return what an owner pastes into a page: a stub and the source's script, or with the options in the page."""
    if inline:
        return _snippet(
            "snippet_inline.html",
            nonce=nonce,
            options=_options(source, public_url),
            script_url=f"{public_url}/tracker/liliput.min.js",
            stub=_chunk("stub-original"),
        )
    return _snippet("snippet.html", nonce=nonce, script_url=_script_url(source, public_url), stub=_chunk("stub"))


def line_snippet(source: Source, public_url: str, *, nonce: str | None = None) -> str:
    """Return the script tag alone, for a page that makes no calls before the tracker is there."""
    return _snippet("snippet_line.html", nonce=nonce, script_url=_script_url(source, public_url))


def gtm_snippet(source: Source, public_url: str) -> str:
    """Return the custom HTML tag for Google Tag Manager, which may fire more than once on a page."""
    return _snippet("snippet_gtm.html", script_url=_script_url(source, public_url), stub=_chunk("stub"))


def esm_snippet(source: Source, public_url: str, *, nonce: str | None = None) -> str:
    """Return the snippet for a page that is made of modules."""
    return _snippet("snippet_esm.html", nonce=nonce, script_url=_script_url(source, public_url), stub=_chunk("stub"))


FORMS: Mapping[str, Callable[[Source, str, str | None], str]] = {
    "stub": lambda source, url, nonce: snippet(source, url, nonce=nonce),
    "line": lambda source, url, nonce: line_snippet(source, url, nonce=nonce),
    "inline": lambda source, url, nonce: snippet(source, url, inline=True, nonce=nonce),
    "gtm": lambda source, url, _: gtm_snippet(source, url),
    "esm": lambda source, url, nonce: esm_snippet(source, url, nonce=nonce),
}
"""Every form of the snippet by its name, made from a source, the collector's address and what stands for a nonce."""


def _script_url(source: Source, public_url: str) -> str:
    return f"{public_url}/tracker?source_id={quote(source.id, safe='')}"


def _options(source: Source, public_url: str) -> dict[str, Any]:
    """Return the source's configuration in the shape of the page's own options."""
    links = () if source.referrals == "off" else source.links
    auto = _plain(source.auto)
    return {
        "tracker": {
            "url": {"script": f"{public_url}/tracker", "api": public_url},
            "source": {"id": source.id},
            "auto": {"events": auto.get("events") or [], "triggers": auto.get("triggers") or []},
            "settings": {**_told(source.settings), "trackExternalLinks": list(links)},
        }
    }


def _told(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in settings.items() if name not in _SERVER_ONLY}


def _plain(value: Any) -> Any:
    """Return a value of any mappings and sequences as the dicts and lists that JSON is written from."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def _filled(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value not in ([], {}, None)}


def _canonical(options: Mapping[str, Any]) -> str:
    return json.dumps(options, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=256)
def _render(chunks: tuple[str, ...], config: str) -> Script:
    built = "".join(_chunk(name) for name in chunks)
    text = _templates().get_template("tracker.js").render(chunks=built, config=json.loads(config))
    body = text.encode()
    return Script(
        body=body,
        gzip=gzip.compress(body, 9, mtime=0),
        brotli=brotli.compress(body, mode=brotli.MODE_TEXT, quality=11),
        etag=hashlib.sha256(body).hexdigest()[:32],
    )


def _snippet(template: str, *, stub: str = "", nonce: str | None = None, **values: Any) -> str:
    # The stub is our own code and holds nothing of the source; escaping it as HTML would break it.
    return _templates().get_template(template).render(stub=Markup(stub), nonce=nonce, **values)  # noqa: S704


@cache
def _chunk(name: str) -> str:
    return (_BUILT / f"{name}.js").read_text(encoding="utf-8").strip()


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_ROOT / "snippet_templates"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        keep_trailing_newline=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "separators": (",", ":")}
    return environment
