"""What is kept of a quarantined event can never fail again, whatever the event says."""

import pytest

from tracker.core.model import Event, Times
from tracker.ingest.committer import Committer
from tracker.ingest.replay import replay
from tracker.store import quarantine, reports
from tracker.store.directory import Directory
from tracker.store.engine import transaction

TEXTS = [
    "a\0b",
    "\ud800",
    "\udfff\ud83d",
    "\ufffe\uffff",
    "\x1f\x7f",
    "\\u0000",
    '"',
    "'; DROP TABLE event; --",
    "é" * 40_000,
]
OTHERS = [object(), float("nan"), float("inf"), 2**80, -(2**70), b"\xff", {1: 2}, {(1, 2): "a"}, {"a": {"b": object()}}]


def hostile() -> list[Event]:
    found = []
    for value in [*TEXTS, *OTHERS]:
        key = value if isinstance(value, str) else "key"
        found.append(Event("order", None, {key: value}, {"page": {"url": value}, key: [value]}, (str(value)[:64],)))
        found.append(Event("consent-granted", None, {key: True, "x": value}, {"page": value}, time=Times(create=-1)))
        found.append(Event("page-view", None, {}, {"page": {"url": f"https://x.example/?gclid={value}"}, "p": value}))
    return found


@pytest.mark.parametrize("beside", ["session", "nobody"])
def test_whatever_an_event_says_it_is_stored_or_quarantined(
    beside, make_source, engine, clock, new_id, digest, record, read, broken
) -> None:
    shop = make_source("shop")
    committer = Committer(engine, Directory(engine, clock), clock, new_id, digest)
    events = hostile()
    for number, event in enumerate(events):
        whose = {"session": f"s{number}"} if beside == "session" else {}
        payload = record.payload(events=(event._replace(id=f"e{number}"), Event("a", f"n{number}")), **whose)
        fates = committer.record(payload, shop).fates
        assert {fate for _, fate in fates} <= {"stored", "quarantined"}
    kept, stored = read(reports.quarantine), read(reports.events)
    assert len(kept) + len(stored) == 2 * len(events)
    assert kept, "some of it no database takes"
    assert all(row["beginning"].isascii() and "\0" not in row["beginning"] for row in kept)
    # And it can be read, listed and tried again.
    found = transaction(engine, quarantine.keys)
    assert {one.fate for one in replay(engine, found, new_id, digest)} <= {"stored", "failed"}
    assert broken() == {}
