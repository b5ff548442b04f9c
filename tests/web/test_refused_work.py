"""What a refused body costs: little, whatever is in it."""

import gc
import io
import sys
import time
from collections import Counter

import pytest
from web.hostile import BODIES

from tracker.core.refusal import MOST_PROBLEMS

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
MOST_CPU = 0.1
"""Seconds: five times what is promised, because a machine that runs other tests beside this one slows it down."""
MOST_CALLS = 60_000


@pytest.fixture
def send(app, make_source):
    """Send a body to the bare WSGI application; returns the status and the answer."""
    make_source("shop")

    def go(body: bytes, path: str = "/track") -> tuple[int, bytes]:
        told: list[str] = []
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "REMOTE_ADDR": "192.0.2.7",
        }
        answer = b"".join(app.wsgi_app(environ, lambda status, _headers, *_failure: told.append(status)))
        return int(told[0][:3]), answer

    return go


@pytest.mark.parametrize("name", BODIES)
def test_a_refused_body_costs_little_whatever_is_in_it(name: str, send) -> None:
    body, spent = BODIES[name], []
    gc.collect()
    for _ in range(3):
        started = time.thread_time()
        status, answer = send(body)
        spent.append(time.thread_time() - started)
        assert status in (401, 413, 422), answer
    assert len(answer) <= 8192
    assert min(spent) <= MOST_CPU


@pytest.mark.parametrize("name", BODIES)
def test_a_refused_body_is_neither_looked_through_for_ever_nor_scrubbed(name: str, send) -> None:
    calls: Counter[str] = Counter()

    def note(frame, event: str, _arg) -> None:
        if event == "call":
            calls[frame.f_code.co_qualname] += 1

    sys.setprofile(note)
    try:
        send(BODIES[name])
    finally:
        sys.setprofile(None)
    assert calls.total() <= MOST_CALLS
    assert calls["Scrubber.url"] == 0
    # The strict reader takes eight times as long as the fast one, and lone surrogates alone need it.
    assert calls["JSONDecoder.decode"] == 0 or b"\\ud800" in BODIES[name]
    # An error costs ten times as much as what it is about.
    assert calls["ValidationError.__init__"] <= 8 * MOST_PROBLEMS
