"""Which types of event give way to new ones: decided by use, whatever came first."""

from core_builders import NOW, event, payload, play, world

from tracker.core.event_types import ESTABLISHED, HOUR, MOST_TYPES, UNUSED_AFTER, Use, giving_way, hour_start
from tracker.core.steps import NoteType, UseType


def full(hours: int = ESTABLISHED, **others: Use):
    known = world()
    rest = MOST_TYPES - len(others)
    known.types["shop"] = {f"type-{number}": Use(NOW, NOW, hours) for number in range(rest)} | others
    return known


def of_types(*names: str, new_types: int | None = None, start: int = 0):
    events = (event(f"e{number}", name) for number, name in enumerate(names, start))
    return payload(None, "s", *events)._replace(new_types=new_types)


def noted(*resolutions):
    return [(step.type, step.instead_of) for one in resolutions for step in one.steps if isinstance(step, NoteType)]


def test_the_least_used_goes_first_and_what_is_established_only_when_it_is_not_used_any_more():
    types = {
        "much": Use(1, NOW, ESTABLISHED),
        "once much": Use(1, NOW - UNUSED_AFTER, 1_000),
        "new": Use(NOW, NOW, 1),
        "older": Use(NOW - 1, NOW - 1, 1),
        "oldest": Use(NOW - 2, NOW - 1, 1),
        "twice": Use(1, NOW - HOUR, 2),
    }
    assert list(giving_way(types, NOW)) == ["once much", "oldest", "older", "new", "twice"]


def test_each_new_type_takes_the_place_of_another_one_and_of_none_that_comes_along_with_it():
    known = full(b=Use(1, 1, 1), a=Use(1, 1, 1), c=Use(2, 2, 1))
    first, second = play(known, of_types("x", "a", "y", "z"), of_types("z", "v", start=4))
    assert noted(first) == [("x", "b"), ("y", "c")]
    assert [fate for _, fate in first.fates] == ["stored", "stored", "stored", "quarantined"]
    # What has just come may give way in its turn, as long as it is not used more than once.
    assert noted(second) == [("z", "x"), ("v", "y")]
    assert len(known.types["shop"]) == MOST_TYPES


def test_a_sender_brings_as_many_new_types_as_it_may():
    known = world()
    known.types["shop"] = {"a": Use(1, NOW, 1)}
    [answer] = play(known, of_types("x", "a", "y", "x", new_types=1))
    assert [fate for _, fate in answer.fates] == ["stored", "stored", "quarantined", "stored"]
    assert answer.errors[0].endswith("or too many new ones came from there today.")


def test_a_use_is_counted_once_an_hour():
    known = world()
    known.types["shop"] = {"a": Use(1, hour_start(NOW) - 1, 1), "b": Use(1, hour_start(NOW), 1)}
    first, second = play(known, of_types("a", "b", "a"), of_types("a", start=3))
    assert [step for step in first.steps if isinstance(step, UseType)] == [UseType("shop", "a", NOW)]
    assert not any(isinstance(step, UseType) for step in second.steps)
    assert known.types["shop"]["a"] == Use(1, NOW, 2)


def test_what_is_not_stored_uses_no_type():
    known = world()
    known.types["shop"] = {}
    [answer] = play(known, payload(None, "s", event("e1", "a", save_event=False), event("e2", "b", too_large=70_000)))
    assert noted(answer) == []
