"""What is kept of a quarantined event, read as the event that it was."""

import json

import pytest

from tracker.core.model import Event, Times
from tracker.core.replaying import CannotReplay, Kept, read_kept

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
