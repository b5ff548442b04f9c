"""Server-sent events: what a page is told while it is open."""

import time
from collections.abc import Callable, Iterable, Iterator

import orjson
from flask import Response, copy_current_request_context, request

from tracker.core.model import Micros
from tracker.core.rate import Rate
from tracker.core.times import SECOND
from tracker.ingest.listeners import Full, Listener
from tracker.store.live import Happening, Wanted
from tracker.web.guard import the_login
from tracker.web.services import services

Shown = Callable[[Happening], dict[str, object]]
_AGAIN_AFTER = 3_000
"""Milliseconds until a browser comes back whose stream has ended."""

OPENS = Rate(SECOND, 8)
"""How often one user may open a live page: telling it of the last seconds is the work of a dozen requests."""
OPENED_TOO_OFTEN = "You have opened many live pages in a moment. Reload this page in a while."


def stream(wanted: Wanted, shown: Shown) -> Response:
    """Return a stream of what happens from now on; a browser that comes back is told what it has missed."""
    parts = services()
    if parts.opens((the_login().user.id, "live")):
        return _answer([_over(OPENED_TOO_OFTEN)])
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


def _entries(found: list[Happening], shown: Shown) -> Iterator[dict[str, object]]:
    """Yield what is shown of each, and give others a turn now and then: a hundred of them take 20 ms."""
    for place, one in enumerate(reversed(found)):
        if place % 8 == 0:
            time.sleep(0)
        yield shown(one)


def _written(listener: Listener, news: Iterable[list[Happening]], shown: Shown) -> Iterator[bytes]:
    yield b"retry: %d\n\n" % _AGAIN_AFTER
    for found in news:
        if not found:
            # Nothing has happened for a while; this tells the proxy, and tells us whether anybody is still there.
            yield b": still here\n\n"
            continue
        # The oldest first, as the page puts each above those before it.
        body = orjson.dumps([*_entries(found, shown)])
        yield b"id: %d\nevent: news\ndata: %b\n\n" % (max(one.at for one in found), body)
    if listener.over:
        yield _over(listener.over)
