"""What is turned away is written down while somebody waits for it, and never much of it."""

import pytest

from tracker.core.times import SECOND
from tracker.ingest.attempts import Attempts
from tracker.store import attempts
from tracker.store.directory import Directory
from tracker.store.engine import transaction

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def noting(engine, clock, new_id, make_source) -> Attempts:
    """Attempts of a process that knows two sources, the first of which somebody waits for."""
    make_source("shop")
    make_source("blog")
    transaction(engine, lambda conn: attempts.watch(conn, "shop", clock() + 600 * SECOND))
    return Attempts(engine, Directory(engine, clock), clock, new_id)


def test_only_what_somebody_waits_for_is_written_down(noting, read, clock) -> None:
    assert not noting.note("blog", "malformed")
    assert noting.note("shop", "wrong-origin", "https://a.example")
    clock.forward(2)
    assert noting.note("shap", "unknown-source", None, "x\x00y" * 200)
    clock.forward(2)
    assert noting.note("", "malformed")
    clock.forward(600)
    assert not noting.note("shop", "malformed")
    assert [(one.source_id, one.reason, one.origin) for one in read(attempts.since, 0)] == [
        ("", "malformed", ""),
        ("shap", "unknown-source", ""),
        ("shop", "wrong-origin", "https://a.example"),
    ]
    [long] = {one.detail for one in read(attempts.since, 0)} - {""}
    assert (len(long), long[:3]) == (256, "x\ufffdy")


def test_a_flood_writes_one_row_a_second_and_leaves_room_for_others(noting, read, clock) -> None:
    for _ in range(30):
        for number in range(100):
            noting.note("shop", "malformed", "https://flood.example")
            noting.note("shop", "wrong-origin", f"https://{number}.example")
        noting.note("", "too-large")
        clock.forward(1)
    found = [one.reason for one in read(attempts.since, 0)]
    assert len(found) <= 30
    assert found.count("malformed") == 3
    assert len(noting._told) <= 64


def test_the_script_of_a_page_that_is_refused_does_not_hide_the_refusal(noting, read, clock) -> None:
    assert noting.note("shop", "script-loaded", "https://a.example")
    assert noting.note("shop", "wrong-origin", "https://a.example")
    assert not noting.note("shop", "gpc", "https://a.example")
    assert not noting.note("shop", "malformed", "https://a.example")
    assert {one.reason for one in read(attempts.since, 0)} == {"script-loaded", "wrong-origin"}


def test_a_database_that_is_away_changes_nothing_for_who_is_turned_away(noting, engine) -> None:
    assert noting.known("shop") is not None
    with engine.begin() as conn:
        conn.exec_driver_sql("DROP TABLE attempt")
    assert not noting.note("shop", "malformed")
    with engine.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE source RENAME TO away")
    noting._sources._copy.read_at = 0
    assert noting.known("shop") is None
    assert not noting.note("shop", "malformed")
