"""What becomes of each event."""

import pytest
from core_builders import NOW, OLD_P, UUID, event, only, payload, play, referral, told, visit, world

from tracker.core.event_types import MOST_TYPES, Use
from tracker.core.model import Payload, StoredEvent
from tracker.core.steps import NoteType, Quarantine

NEW = "new-profile-1"
MINTED = "new-session-1"
LARGE = 70_000


# Fates ------------------------------------------------------------------------------------------------------------


def test_each_event_has_its_own_fate():
    known = world(["P"], events={("shop", "old"): StoredEvent("P", "s")}, forgotten=[("shop", "erased")])
    resolution = only(
        known,
        payload(
            "P",
            "s",
            event("e1"),
            event("old"),
            event("erased"),
            event("large", too_large=LARGE),
            event("unsaved", save_event=False),
            event("e1"),
            event("large"),
            event(None),
        ),
    )

    assert resolution.fates == (
        ("e1", "stored"),
        ("old", "duplicate"),
        ("erased", "duplicate"),
        ("large", "quarantined"),
        ("unsaved", "not-saved"),
        ("e1", "duplicate"),
        ("large", "duplicate"),
        ("new-event-1-7", "stored"),
    )
    assert told(resolution.steps)[2:] == ["store e1 in P, s", "quarantine large", "store new-event-1-7 in P, s"]
    assert resolution.errors == ("Event 3 was quarantined: it is larger than one event may be.",)


def test_an_event_says_which_batch_it_came_in_and_how_many_of_it_are_stored():
    resolution = only(world(), payload("P", "s", event("a"), event("b", save_event=False), event("c")))
    a, c = resolution.steps[2:]

    assert (a.batch, a.batch_size, a.position) == ("task-1", 2, 0)
    assert (c.batch, c.batch_size, c.position) == ("task-1", 2, 2)
    assert (a.source_id, a.received_at, a.event) == ("shop", NOW, event("a"))


def test_a_quarantined_event_keeps_its_source_profile_and_reason():
    quarantined = only(world(["P"]), payload("P", "s", event("a", too_large=LARGE))).steps[-1]

    assert (quarantined.source_id, quarantined.profile_id) == ("shop", "P")
    assert (quarantined.reason, quarantined.received_at) == ("event-too-large", NOW)
    assert quarantined.event.too_large == LARGE


def test_an_event_that_the_database_refuses_is_quarantined_and_its_neighbour_is_stored():
    resolution = only(world(["P"]), payload("P", "s", event("a", unstorable=True), event("b")))

    assert resolution.fates == (("a", "quarantined"), ("b", "stored"))
    assert [step.reason for step in resolution.steps if isinstance(step, Quarantine)] == ["not-storable"]
    assert resolution.errors == ("Event 0 was quarantined: the database does not take what it holds.",)


def test_an_event_with_too_many_tags_is_quarantined_and_its_neighbour_is_stored():
    resolution = only(world(["P"]), payload("P", "s", event("a", ill_tagged=True), event("b")))

    assert resolution.fates == (("a", "quarantined"), ("b", "stored"))
    assert [step.reason for step in resolution.steps if isinstance(step, Quarantine)] == ["too-many-tags"]


def test_of_many_quarantined_events_the_first_are_named():
    events = [event(f"e{number}", unstorable=True) for number in range(22)]
    errors = only(world(["P"]), payload("P", "s", *events)).errors

    assert [error.partition(" was ")[0] for error in errors[:-1]] == [f"Event {number}" for number in range(20)]
    assert errors[-1] == "So were 2 further events."


def test_the_same_event_id_at_another_source_is_another_event():
    known = world(["P"])
    _, second = play(known, payload("P", "s"), payload("P", "s", at="blog"))

    assert second.fates == (("e1", "stored"),)


# Options ----------------------------------------------------------------------------------------------------------


SAVING = [
    ("event", {"save_event": False}, [f"create {NEW}", f"open s of {NEW}"], NEW),
    ("session", {"save_session": False}, [f"create {NEW}", f"store e1 in {NEW}, s"], NEW),
    ("profile", {"save_profile": False}, ["open s of None", "store e1 in None, s"], None),
    ("nothing", {"save_event": False, "save_session": False, "save_profile": False}, [], None),
]


@pytest.mark.parametrize(("options", "steps", "profile"), [row[1:] for row in SAVING], ids=[row[0] for row in SAVING])
def test_what_is_not_to_be_saved_is_not_written(options, steps, profile):
    resolution = only(world(), payload(None, "s", event(**options)))

    assert told(resolution.steps) == steps
    assert (resolution.profile_id, resolution.session_id) == (profile, "s")


SAVING_KNOWN = [
    ("its-own", "P", "of-P", [], "of-P"),
    ("gone", "P", "of-gone", [], "of-gone"),
    ("anothers", "P", "of-Q", [], MINTED),
]


@pytest.mark.parametrize(
    ("profile", "session", "steps", "answered"), [row[1:] for row in SAVING_KNOWN], ids=[row[0] for row in SAVING_KNOWN]
)
def test_save_session_false_leaves_a_known_session_as_it_is(profile, session, steps, answered):
    known = world(["P", "Q"], sessions=[visit("of-P", "P"), visit("of-Q", "Q"), visit("of-gone", "gone")])
    resolution = only(known, payload(profile, session, event(save_session=False)))

    assert told(resolution.steps) == ["touch P", *steps, f"store e1 in P, {answered}"]
    assert resolution.session_id == answered


def test_save_profile_false_writes_nothing_of_a_known_profile_and_answers_none():
    known = world(["P", "R"], sessions=[visit("s", "P")])
    asked = payload("P", "s", event(save_profile=False), profile_ids=("x",), referral=referral("R"))
    resolution = only(known, asked)

    assert told(resolution.steps) == ["continue s", "store e1 in P, s"]
    ignored = "profile.ids was ignored, because this request saves no profile."
    assert (resolution.profile_id, resolution.warnings) == (None, (ignored,))


def test_save_profile_false_goes_on_in_a_session_that_has_no_profile():
    known = world()
    first, second, known_now = play(
        known,
        payload(None, "s", event("e1", save_profile=False)),
        payload(None, "s", event("e2", save_profile=False)),
        payload(None, "s", event("e3")),
    )

    assert told(first.steps)[0] == "open s of None"
    assert told(second.steps) == ["continue s", "store e2 in None, s"]
    assert told(known_now.steps)[:3] == ["create new-profile-3", "repoint s to new-profile-3", "continue s"]


def test_a_session_whose_profile_is_gone_stays_so_where_no_profile_is_saved():
    resolution = only(world(sessions=[visit("s", "gone")]), payload(None, "s", event(save_profile=False)))

    assert told(resolution.steps) == ["continue s", "store e1 in None, s"]


def test_one_event_that_saves_is_enough_for_profile_and_session_to_be_written():
    unsaved = event("a", save_session=False, save_profile=False)
    resolution = only(world(), payload(None, "s", unsaved, event("b")))

    assert told(resolution.steps)[:2] == [f"create {NEW}", f"open s of {NEW}"]


@pytest.mark.parametrize("debugger", [True, False])
def test_fates_are_answered_where_an_event_asks_for_them(debugger):
    resolution = only(world(), payload(None, "s", event("a"), event("b", debugger=debugger)))

    told_fates = [{"id": "a", "fate": "stored"}, {"id": "b", "fate": "stored"}]
    assert resolution.reply()["events"] == (told_fates if debugger else [])


# No events --------------------------------------------------------------------------------------------------------


EMPTY = [
    ("nothing-sent", None, None, None, MINTED),
    ("a-session", None, "s", None, "s"),
    ("a-live-profile", "P", "s", "P", "s"),
    ("an-alias", OLD_P, None, "P", MINTED),
    ("an-unknown-profile", UUID, "s", None, "s"),
    ("junk", "null", "undefined", None, MINTED),
]


@pytest.mark.parametrize(
    ("profile", "session", "profile_answered", "session_answered"),
    [row[1:] for row in EMPTY],
    ids=[row[0] for row in EMPTY],
)
def test_a_payload_without_events_writes_nothing(profile, session, profile_answered, session_answered):
    asked = Payload("shop", (), session_id=session, profile_id=profile, referral=referral("P"))
    resolution = only(world(["P"], aliases={OLD_P: "P"}), asked)

    assert resolution.steps == resolution.fates == ()
    assert (resolution.profile_id, resolution.session_id) == (profile_answered, session_answered)
    assert resolution.debugger is False


def test_of_types_that_a_source_has_not_had_as_many_are_noted_as_there_is_room_for():
    known = world()
    known.types["shop"] = {f"type-{number}": Use(NOW, NOW, 24) for number in range(MOST_TYPES - 1)}
    kinds = ("type-1", "new", "newer", "new")
    asked = payload(None, "s", *(event(f"e{number}", kind) for number, kind in enumerate(kinds)))
    answer = only(known, asked._replace(events=(*asked.events, event("e9", "newest", too_large=70_000))))

    assert [fate for _, fate in answer.fates] == ["stored", "stored", "quarantined", "stored", "quarantined"]
    assert [(step.type, step.held) for step in answer.steps if isinstance(step, NoteType)] == [("new", MOST_TYPES - 1)]
    reasons = [step.reason for step in answer.steps if isinstance(step, Quarantine)]
    assert reasons == ["too-many-event-types", "event-too-large"]
    assert answer.errors[0].startswith("Event 2 was quarantined: its type is new, and 2000 others are in use")
