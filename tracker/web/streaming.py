"""Server-sent events: what a page is told while it is open."""

from collections.abc import Callable, Iterable, Iterator

import orjson
from flask import Response, copy_current_request_context, request

from tracker.core.model import Micros
from tracker.ingest.listeners import Full, Listener
from tracker.store.live import Happening, Wanted
from tracker.web.guard import the_login
from tracker.web.services import services

Shown = Callable[[Happening], dict[str, object]]
_AGAIN_AFTER = 3_000
"""Milliseconds until a browser comes back whose stream has ended."""


def stream(wanted: Wanted, shown: Shown) -> Response:
    """Return a stream of what happens from now on; a browser that comes back is told what it has missed."""
    parts = services()
    try:
        listener = parts.feed.join(wanted, the_login(), _since(parts.clock()))
    except Full as full:
        # As a stream of one message: to a page an answer that is no stream says nothing, not even its status.
        return _answer([_over(str(full))])
    # Each entry is written within a copy of the request: the stream outlives the request that has asked for it.
    answer = _answer(_written(listener, parts.feed.hear(listener), copy_current_request_context(shown)))
    # Also where nobody has read a word of it.
    answer.call_on_close(lambda: parts.feed.leave(listener))
    return answer


def _since(now: Micros) -> Micros:
    """Return the moment that the browser has heard of last, or now."""
    last = request.headers.get("Last-Event-ID") or request.args.get("since", "")
    return min(int(last), now) if last.isdecimal() and len(last) < 20 else now


def _answer(written: Iterable[bytes]) -> Response:
    return Response(written, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _over(why: str) -> bytes:
    """Return the last message of a stream that the page should not ask for again by itself."""
    return b"event: over\ndata: %b\n\n" % orjson.dumps(why)


def _written(listener: Listener, news: Iterable[list[Happening]], shown: Shown) -> Iterator[bytes]:
    yield b"retry: %d\n\n" % _AGAIN_AFTER
    for found in news:
        if not found:
            # Nothing has happened for a while; this tells the proxy, and tells us whether anybody is still there.
            yield b": still here\n\n"
            continue
        # The oldest first, as the page puts each above those before it.
        body = orjson.dumps([shown(one) for one in reversed(found)])
        yield b"id: %d\nevent: news\ndata: %b\n\n" % (max(one.at for one in found), body)
    if listener.over:
        yield _over(listener.over)
