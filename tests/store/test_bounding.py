"""However much is quarantined, of each source and reason the newest events are kept, and for so long."""

from collections import Counter

import pytest
from sqlalchemy import select

from tracker.core.model import Event
from tracker.core.times import DAY
from tracker.store import bounding, retention
from tracker.store.tables import QuarantineRow


@pytest.fixture
def kept(engine):
    """Return the ids of what is in quarantine."""

    def ids() -> list[str]:
        with engine.connect() as conn:
            return list(conn.scalars(select(QuarantineRow.id).order_by(QuarantineRow.received_at, QuarantineRow.id)))

    return ids


def test_the_oldest_give_way_and_other_sources_and_reasons_keep_theirs(
    make_source, record, clock, kept, monkeypatch, broken
) -> None:
    monkeypatch.setattr(bounding, "KEPT", 10)
    make_source("shop")
    make_source("blog")
    record(events=(Event("a", "other-reason", unstorable=True),), session="s1")
    record(events=(Event("a", "other-source", too_large=70_000),), session="s2", source="blog")
    for request in range(10):
        clock.forward(1)
        events = (Event("a", f"e{request}-{n}", too_large=70_000) for n in range(3))
        record(events=tuple(events), session="s1")
        assert Counter(name[0] for name in kept())["e"] <= 10
    assert kept() == ["other-reason", "other-source", *(f"e{request}-{n}" for request in (7, 8, 9) for n in range(3))]
    assert broken() == {}


def test_none_is_kept_for_longer_than_any_is(make_source, record, clock, kept, engine) -> None:
    make_source("shop")
    record(events=(Event("a", "old", too_large=70_000),), session="s1")
    clock.forward(60 * 86_400)
    record(events=(Event("a", "new", too_large=70_000),), session="s1")
    assert retention.purge_quarantine(engine, clock()) == 0
    clock.forward(31 * 86_400)
    assert retention.purge_quarantine(engine, clock()) == 1
    assert kept() == ["new"]
    assert retention.purge_quarantine(engine, clock() + 90 * DAY) == 1
