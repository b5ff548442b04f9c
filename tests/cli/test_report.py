"""``tracker report …``."""

from sqlalchemy import text

from tracker.core.times import DAY


def test_a_rebuild_counts_what_was_never_counted_and_says_how_much(tracker, record, make_source, engine) -> None:
    make_source("shop")
    record("e1", "e2", session="s1")
    with engine.begin() as conn:
        conn.execute(text("DELETE FROM journal"))
    assert tracker("report", "rebuild").out.startswith("Counted 2 events of ")
    with engine.connect() as conn:
        counted = conn.execute(
            text("SELECT events, visits, visitors FROM report_total WHERE hours = 24 AND scope = ''")
        )
        assert counted.all() == [(2, 1, 1)]
    assert "BROKEN" not in tracker("db", "check").out


def test_what_is_forgotten_was_counted_before(tracker, record, make_source, engine, clock) -> None:
    make_source("shop")
    record("e1", session="s1")
    assert tracker("db", "maintain", "--keep-days", "30").code == 0
    with engine.connect() as conn:
        counted = conn.execute(text("SELECT at, events, whole FROM report_total WHERE hours = 24 AND scope = 'shop'"))
        assert counted.all() == [(clock() // DAY, 1, False)]
        assert conn.scalar(text("SELECT count(*) FROM event")) == 0
