"""What is kept of a quarantined event, read as the event that it was."""

import json

import pytest
from core_builders import NOW, told, world

from tracker.core.event_types import ESTABLISHED, MOST_TYPES, Use
from tracker.core.known import Known
from tracker.core.model import Event, Fresh, Payload, StoredEvent, Times
from tracker.core.replaying import CannotReplay, Kept, read_kept, resolve_kept
from tracker.core.steps import Resolution

SAID = {
    "type": "order",
    "id": "e1",
    "session": "s1",
    "tags": ["a"],
    "times": {"create": 1, "insert": None, "update": "x"},
    "properties": {"p": 1},
    "context": {"c": 2},
}


def test_an_event_is_read_with_all_that_was_kept_of_it() -> None:
    event = Event("order", "e1", {"p": 1}, {"c": 2}, ("a",), Times(create=1))
    assert read_kept(json.dumps(SAID)) == Kept("s1", event)


def test_what_was_kept_before_visits_and_times_were_noted_is_read_too() -> None:
    old = json.dumps({"type": "order", "id": None, "properties": None, "context": {}})
    assert read_kept(old) == Kept("", Event("order"))


def test_what_was_cut_off_cannot_be_replayed() -> None:
    with pytest.raises(CannotReplay, match="first 16 KiB"):
        read_kept(json.dumps(SAID)[:-5])


def again(known: Known) -> Resolution:
    payload = Payload("shop", (Event("order", "e1"),), session_id="s1", profile_id="P")
    return resolve_kept(payload, known, Fresh(NOW, "task", "", "", "", ("e1",)))


def test_an_event_that_nothing_stands_against_is_stored_for_whom_it_was_decided() -> None:
    resolution = again(world(["P"]))
    assert told(resolution.steps) == ["store e1 in P, s1"]
    assert resolution.fates == (("e1", "stored"),)


def test_what_is_stored_already_is_written_nowhere() -> None:
    resolution = again(world(["P"], events={("shop", "e1"): StoredEvent("P", "s1")}))
    assert (resolution.steps, resolution.fates) == ((), (("e1", "duplicate"),))


def test_what_was_erased_or_has_no_room_stays_and_says_why() -> None:
    with pytest.raises(CannotReplay, match="It was erased"):
        again(world(["P"], forgotten=[("shop", "e1")]))
    full = world(["P"])
    full.types["shop"] = {f"type-{number}": Use(NOW, NOW, ESTABLISHED) for number in range(MOST_TYPES)}
    with pytest.raises(CannotReplay, match="no room"):
        again(full)
