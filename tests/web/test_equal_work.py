"""What a refused source costs tells nobody why it was refused: ``x-process-time`` is on every answer."""

import sys
from collections import Counter

import orjson
import pytest

from tracker.core.model import Source
from tracker.store import attempts, sources
from tracker.store.engine import transaction
from tracker.web.services import services

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
ASKED = ["nobody", "off", "elsewhere", "backend", "backend-off"]
HEADERS = {
    "a page": {"Origin": "https://shop.example"},
    "a backend": {"Authorization": "Bearer wrong"},
    "a backend behind a page": {"Authorization": "Bearer wrong", "Origin": "https://shop.example"},
    "nobody in particular": {},
}


@pytest.fixture
def work_of(client, make_source, engine, clock):
    """Return the functions that run while a source is refused, and how often each."""
    make_source("off", enabled=False)
    make_source("elsewhere", origins=("https://elsewhere.example",))
    for name in ("backend", "backend-off"):
        sources.create(engine, Source(id=name, name=name, kind="server", enabled=name == "backend"), clock())

    def count(source_id: str, path: str, headers: dict[str, str]) -> Counter[str]:
        # Each is asked for after the same time, so that none profits from what was read for the one before it.
        clock.forward(60)
        body = {"source": {"id": source_id}, "profile": {"id": "p"}, "events": [{"type": "a"}]}
        raw = orjson.dumps(body | {"pad": "x" * (12 - len(source_id))})
        calls: Counter[str] = Counter()

        def note(frame, event: str, arg) -> None:
            if event == "call" and "site-packages" not in frame.f_code.co_filename:
                calls[f"{frame.f_code.co_filename}:{frame.f_code.co_qualname}"] += 1
            elif event == "c_call" and arg.__name__ in ("compare_digest", "openssl_sha256", "execute"):
                calls[arg.__name__] += 1

        sys.setprofile(note)
        try:
            answer = client.post(path, data=raw, headers=headers)
        finally:
            sys.setprofile(None)
        assert (answer.status_code, answer.get_json()) == (401, {"detail": "Access denied. Invalid source."})
        return calls

    return count


@pytest.mark.parametrize("path", ["/track", "/pass", "/track?dry_run=1"])
@pytest.mark.parametrize("sender", HEADERS)
def test_every_refused_source_costs_the_same_work(path: str, sender: str, work_of) -> None:
    headers = HEADERS[sender]
    work_of("warm-up", path, headers)
    works = {name: work_of(name, path, headers) for name in ASKED}
    for name in ASKED[1:]:
        assert works[name] == works["nobody"], (works[name] - works["nobody"], works["nobody"] - works[name])


def test_it_is_the_same_while_somebody_waits_for_a_first_event(work_of, app, engine, make_source, clock) -> None:
    make_source("new")
    transaction(engine, lambda conn: attempts.watch(conn, "new", clock() + 3_600_000_000))
    with app.app_context():
        services().sources.all(at_most=0)
    work_of("warm-up", "/track", {})
    works = {name: work_of(name, "/track", {}) for name in ASKED}
    kept = transaction(engine, lambda conn: attempts.since(conn, 0))
    assert {attempt.source_id for attempt in kept} >= set(ASKED)
    for name in ASKED[1:]:
        assert works[name]["execute"] == works["nobody"]["execute"] > 0
