"""What a batch knows, and how it grows by what was decided."""

import pytest
from core_builders import NOW, event, visit, world

from tracker.core.event_types import Use
from tracker.core.known import absorb
from tracker.core.model import Profile, StoredEvent
from tracker.core.steps import (
    AddAlias,
    ContinueSession,
    CreateProfile,
    MergeProfiles,
    NoteType,
    OpenSession,
    Quarantine,
    RepointSession,
    SpendPass,
    StoreEvent,
    TouchProfile,
    UseType,
)


def opened(session_id, client_id, profile_id):
    return OpenSession(session_id, client_id, profile_id, "shop", NOW - 9, NOW, {}, {}, {}, {})


@pytest.mark.parametrize(
    ("named", "live"), [("P", "P"), ("old-P", "P"), ("dangling", None), ("nobody", None), ("", None), (None, None)]
)
def test_the_live_profile_that_an_id_names(named, live):
    known = world(["P"], aliases={"old-P": "P", "dangling": "gone"})

    found = known.live(named)
    assert (found.id if found else None) == live


def test_a_new_profile_is_live_by_its_own_id():
    known = world()
    absorb(known, [CreateProfile("N", NOW, NOW)])

    assert known.live("N") == Profile("N")


def test_a_new_alias_names_its_profile():
    known = world(["P"])
    absorb(known, [AddAlias("old-P", "P")])

    assert known.live("old-P") == Profile("P")


def test_all_ids_of_the_loser_come_to_name_the_survivor_and_nobody_elses():
    known = world(["P", "Q", "R"], aliases={"old-P": "P", "old-Q": "Q"})
    absorb(known, [MergeProfiles("m", "P", "R", "referral", NOW)])

    assert known.aliases == {"P": "R", "old-P": "R", "Q": "Q", "old-Q": "Q", "R": "R"}
    assert known.profiles.keys() == {"Q", "R"}


def test_an_identified_survivor_stays_identified():
    known = world(["P"], identified=["R"])
    absorb(known, [MergeProfiles("m", "P", "R", "referral", NOW)])

    assert known.live("P") == Profile("R", identified=True)


def test_a_spent_pass_is_known_for_its_landing_source():
    known = world()
    absorb(known, [SpendPass("n", "shop", NOW)])

    assert known.spent == {("n", "shop")}


def test_a_new_session_is_found_by_its_id():
    known = world(["P"])
    absorb(known, [opened("s", "s", "P")])

    assert known.sessions == {"s": [visit("s", "P")]}


def test_a_session_that_stands_for_another_id_is_found_by_both_behind_the_one_that_carries_it():
    known = world(["P", "Q"], sessions=[visit("s", "Q")])
    absorb(known, [opened("stand-in", "s", "P")])

    stand_in = visit("stand-in", "P", client_id="s")
    assert known.sessions == {"s": [visit("s", "Q"), stand_in], "stand-in": [stand_in]}


def test_a_session_that_carries_the_id_itself_comes_before_those_that_stand_for_it():
    known = world(["P", "Q"], sessions=[visit("stand-in", "P", client_id="s")])
    absorb(known, [opened("s", "s", "Q")])

    assert [session.id for session in known.sessions["s"]] == ["s", "stand-in"]


def test_a_repointed_session_belongs_to_its_new_profile_wherever_it_is_found():
    known = world(["P", "Q"], sessions=[visit("of-Q", "Q"), visit("stand-in", "gone", client_id="of-Q")])
    absorb(known, [RepointSession("stand-in", "of-Q", "P")])

    mended = visit("stand-in", "P", client_id="of-Q")
    assert known.sessions == {"of-Q": [visit("of-Q", "Q"), mended], "stand-in": [mended]}


def test_a_session_that_is_repointed_by_its_own_id_no_longer_stands_for_another():
    known = world(["P", "Q"], sessions=[visit("of-Q", "Q"), visit("stand-in", "gone", client_id="of-Q")])
    absorb(known, [RepointSession("stand-in", "stand-in", "P")])

    assert known.sessions == {"of-Q": [visit("of-Q", "Q")], "stand-in": [visit("stand-in", "P")]}


def test_a_stored_event_is_known_with_where_it_went():
    known = world()
    absorb(known, [StoreEvent("e1", "shop", "P", "s", "task", 0, 1, NOW, event())])

    assert known.events == {("shop", "e1"): StoredEvent("P", "s")}


@pytest.mark.parametrize(
    "step",
    [
        TouchProfile("P", NOW),
        ContinueSession("s", NOW, {}, {}),
        Quarantine("e1", "shop", "P", "s", "event-too-large", NOW, event()),
    ],
    ids=lambda step: type(step).__name__,
)
def test_what_says_nothing_about_later_payloads_changes_nothing(step):
    known = world(["P"], sessions=[visit("s", "P")])
    absorb(known, [step])

    assert known == world(["P"], sessions=[visit("s", "P")])


def test_a_new_type_of_event_is_known_to_the_payloads_after_it():
    known = world()
    known.types["shop"] = {"a": Use(1, 1, 5), "old": Use(1, 1, 1)}
    absorb(known, [NoteType("shop", "b", NOW, 1), UseType("shop", "a", NOW), NoteType("shop", "c", NOW, 3, "old")])

    assert known.types == {"shop": {"a": Use(1, NOW, 6), "b": Use(NOW, NOW, 1), "c": Use(NOW, NOW, 1)}}
