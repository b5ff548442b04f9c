"""Events that were kept out: looked at page by page, and stored after all, once."""

import json

import pytest

from tracker.core.model import Event, Times
from tracker.ingest.replay import replay
from tracker.store import people, quarantine, reports
from tracker.store.engine import transaction
from tracker.store.live import Wanted, news
from tracker.store.tables import QuarantineRow

KEPT_OUT = Event("order", "e1", {"p": "é"}, {"c": 1}, ("a",), Times(create=1_700_000_000_000_000), too_large=70_000)


@pytest.fixture
def kept_out(make_source, record):
    """Keep an event out and store its neighbour; returns the visitor's profile."""
    make_source("shop")
    return record(events=(KEPT_OUT, Event("page-view", "e2")), session="s1").profile_id


@pytest.fixture
def again(engine, new_id, digest):
    """Replay all that is in quarantine, and return what became of each."""

    def go(*keys):
        found = keys or transaction(engine, quarantine.keys)
        return [(one.id, one.fate, one.why) for one in replay(engine, found, new_id, digest)]

    return go


def test_a_replayed_event_is_stored_once_with_its_own_times_and_leaves_the_quarantine(
    kept_out, again, read, clock, broken, record
) -> None:
    received = clock()
    clock.forward(3600)
    assert again() == [("e1", "stored", "")]
    assert read(reports.quarantine) == []
    [found] = read(reports.events, event_type="order")
    assert (found["profile"], found["session"], found["tags"]) == (kept_out, "s1", ["a"])
    assert (found["properties"], found["context"]) == ({"p": "é"}, {"c": 1})
    assert found["time"]["create"] == "2023-11-14T22:13:20.000Z"
    assert [one.at for one in read(news, Wanted(event_type="order"), 0)] == [received]
    assert again(("shop", "e1")) == [("e1", "failed", "There is no event 'e1' of 'shop' in quarantine.")]
    # The client repeats what was too large once more: it is known now.
    assert record(events=(KEPT_OUT,), session="s1").fates == (("e1", "duplicate"),)
    assert len(read(reports.events, event_type="order")) == 1
    assert broken() == {}


def test_an_event_goes_to_the_person_that_its_profile_has_become(kept_out, again, engine, read, record, clock) -> None:
    from tracker.core.steps import MergeProfiles
    from tracker.store.applying import apply

    other = record("e3", session="s2").profile_id
    merge = MergeProfiles("m1", kept_out, other, "referral", clock())
    transaction(engine, lambda conn: apply(conn, [merge]))
    assert again() == [("e1", "stored", "")]
    assert [event["profile"] for event in read(reports.events, event_type="order")] == [other]


@pytest.mark.usefixtures("kept_out")
def test_what_is_stored_already_only_leaves_the_quarantine(again, record, read, engine) -> None:
    row = transaction(engine, lambda conn: quarantine.one(conn, "shop", "e1"))
    again()
    kept = {name: getattr(row, name) for name in ("source_id", "id", "reason", "received_at", "size", "beginning")}
    transaction(engine, lambda conn: conn.execute(QuarantineRow.__table__.insert().values(**kept)))
    assert again() == [("e1", "duplicate", "")]
    assert len(read(reports.events, event_type="order")) == 1


def test_what_was_cut_off_or_belongs_to_nobody_any_more_stays_and_says_why(
    make_source, record, again, engine, digest, clock, read
) -> None:
    make_source("shop")
    large = KEPT_OUT._replace(id="cut", properties={"p": "x" * 20_000})
    old, gone = KEPT_OUT._replace(id="old"), KEPT_OUT._replace(id="gone")
    profile = record(events=(large, old, gone), session="s1").profile_id
    change = QuarantineRow.__table__.update()
    bare = json.dumps({"type": "order", "id": "old", "properties": {}, "context": {}})
    with engine.begin() as conn:
        conn.execute(change.where(QuarantineRow.id == "gone").values(profile_id="nobody"))
        # As it was kept before visits were noted: its person's visit of that time is taken.
        conn.execute(change.where(QuarantineRow.id == "old").values(beginning=bare))
    assert sorted(again()) == [
        ("cut", "failed", "Only the first 16 KiB of it were kept; what was cut off is lost."),
        ("gone", "failed", "The person it belongs to was forgotten or erased."),
        ("old", "stored", ""),
    ]
    assert read(reports.events, event_type="order")[0]["session"] == "s1"
    transaction(engine, lambda conn: people.erase(conn, profile, clock(), digest))
    with engine.begin() as conn:
        conn.execute(change.where(QuarantineRow.id == "gone").values(profile_id=None, id="old"))
    assert again() == [("old", "failed", "It was erased, and what was erased does not come back.")]


def test_an_event_whose_visit_nobody_knows_stays(make_source, record, again, engine) -> None:
    make_source("shop")
    record(events=(KEPT_OUT,), session="s1")
    bare = json.dumps({"type": "order", "id": "e1", "properties": {}, "context": {}})
    with engine.begin() as conn:
        conn.execute(QuarantineRow.__table__.update().values(profile_id=None, beginning=bare))
    assert again() == [("e1", "failed", "The visit that this order belongs to is not known.")]


def test_the_list_goes_on_where_a_page_of_it_ends(make_source, record, read, clock) -> None:
    make_source("shop")
    for name in ("a", "b", "c"):
        record(events=(KEPT_OUT._replace(id=f"{name}1"), KEPT_OUT._replace(id=f"{name}2")), session="s1")
        clock.forward(1)
    first = read(quarantine.listed, None, 3)
    assert [one.id for one in first] == ["c2", "c1", "b2"]
    assert (first[0].type, first[0].is_whole) == ("order", True)
    assert [one.id for one in read(quarantine.listed, first[-1].place, 9)] == ["b1", "a2", "a1"]
    assert [one for _, one in read(quarantine.keys, None, "shop")] == ["a1", "a2", "b1", "b2", "c1", "c2"]
    assert read(quarantine.keys, "b1") == [("shop", "b1")]
    assert read(quarantine.keys, None, "blog") == []
