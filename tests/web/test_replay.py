"""A replay answers for what is at fault: 422 for the event's content, 503 for the database."""

import pytest
from store_faults import faults_of, of_postgresql, of_sqlite

from tracker.store import reports
from tracker.web.services import services

# Too large for what nobody reads, so that all of it that counts was kept.
WHOLE = {"type": "whole", "id": "whole", "properties": {"a": 1}, "more": ["y" * 10_000] * 8}


@pytest.mark.parametrize(("cause", "status"), [("content", 422), ("database", 503), ("statement", 503)])
def test_a_replay_that_fails_is_422_for_its_content_alone(
    cause: str, status: int, console, make_source, track, app, backend, read
) -> None:
    make_source("shop")
    track(events=[WHOLE | {"id": name} for name in ("w1", "w2")], session="s1")
    console.get("/quarantine")
    codes = {"content": (18, "22P05"), "database": (13, "53100"), "statement": (1, "0A000")}
    code, state = codes[cause]
    error = of_sqlite(code) if backend == "sqlite" else of_postgresql(state)
    with app.app_context():
        engine = services().engine
    with faults_of(engine, error=error, only='"w1"' if backend == "postgresql" else "'w1'"):
        answer = console.post("/quarantine/replay-all")
    assert answer.status_code == status, answer.text
    # A database that is away is not asked for the other one; all else costs that one alone.
    assert [event["id"] for event in read(reports.events)] == ([] if cause == "database" else ["w2"])
    assert "left the quarantine" in console.post("/quarantine/replay-all").text
