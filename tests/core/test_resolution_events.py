"""What becomes of each event, of an answer that was lost, and of payloads that are decided together."""

import pytest
from core_builders import BLOG, MINUTE, NOW, UUID, event, link_pass, only, payload, play, referral, told, visit, world

from tracker.core.model import Payload, StoredEvent
from tracker.core.resolution import SESSION_LASTS

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
    assert resolution.errors == ("Event 3 is larger than one event may be; it was quarantined.",)


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
    assert (resolution.profile_id, resolution.warnings) == (None, ())


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
    ("an-alias", "old-P", None, "P", MINTED),
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
    resolution = only(world(["P"], aliases={"old-P": "P"}), asked)

    assert resolution.steps == resolution.fates == ()
    assert (resolution.profile_id, resolution.session_id) == (profile_answered, session_answered)
    assert resolution.debugger is False


# The answer was lost and the client repeats itself -----------------------------------------------------------------


REPEATED = [
    ("nothing-sent", payload()),
    ("a-session", payload(None, "s")),
    ("an-unknown-name", payload("visitor-7")),
    ("an-unknown-uuid", payload(UUID)),
    ("a-profile", payload("P")),
    ("a-session-of-another", payload("P", "of-Q")),
    ("a-session-whose-profile-is-gone", payload(None, "of-gone")),
    ("no-session-row", payload(None, "s", event(save_session=False))),
    ("no-session-row-nor-session-id", payload(None, None, event(save_session=False))),
    ("no-profile", payload(None, None, event(save_profile=False))),
    ("one-of-two-not-saved", payload(None, None, event("a", save_event=False), event("b"))),
    ("one-of-two-too-large", payload(None, None, event("a", too_large=LARGE), event("b"))),
    ("with-an-event-of-an-earlier-payload", payload(None, None, event("old"), event("b"))),
    ("with-events-of-two-earlier-payloads", payload(None, None, event("old"), event("older"), event("b"))),
    ("a-profile-with-an-event-of-another", payload("P", None, event("older"), event("b"))),
    ("an-event-without-a-profile", payload(None, None, event("nobody's"), event("b"))),
    ("an-event-of-another-session", payload(None, "s", event("old"), event("b"))),
    ("a-referral-adopted", payload(None, None, referral=referral("R"))),
    ("a-referral-into-a-session-of-one-erased", payload(None, "of-gone-too", referral=referral("R"))),
    ("a-referral-merged", payload("P", "of-P", referral=referral("R"))),
    ("a-referral-merged-without-a-session", payload("P", None, referral=referral("R"))),
]


@pytest.mark.parametrize("asked", [row[1] for row in REPEATED], ids=[row[0] for row in REPEATED])
def test_a_repeated_payload_finds_its_profile_and_session_and_opens_nothing(asked):
    known = world(
        ["P", "Q", "R"],
        sessions=[
            *(visit("of-P", "P"), visit("of-Q", "Q"), visit("of-gone", "gone"), visit("s-old", "P")),
            *(visit("of-gone-too", "gone"), visit("stand-in", "R", client_id="of-gone-too")),
        ],
        events={
            ("shop", "old"): StoredEvent("P", "s-old"),
            ("shop", "older"): StoredEvent("Q", "of-Q"),
            ("shop", "nobody's"): StoredEvent(None, "s-nobody"),
        },
    )
    first, second, third = play(known, asked, asked, asked)

    for again in (second, third):
        assert (again.profile_id, again.session_id) == (first.profile_id, first.session_id)
        assert not [
            step for step in told(again.steps) if step.startswith(("create", "open", "store", "merge", "spend"))
        ]
        assert "stored" not in {fate for _, fate in again.fates}


def test_a_repeat_after_its_profile_was_merged_finds_the_survivor():
    known = world(["R"])
    first, _, again = play(known, payload(), payload(NEW, None, event("e2"), referral=referral("R")), payload())

    assert (first.profile_id, again.profile_id) == (NEW, "R")
    assert again.session_id == first.session_id


def test_the_queue_of_a_visitor_whose_first_answer_was_lost_stays_with_that_visitor():
    known = world()
    first, flushed = play(known, payload(None, None, event("e1")), payload(None, None, event("e1"), event("e2")))

    assert (flushed.profile_id, flushed.session_id) == (first.profile_id, first.session_id)
    assert flushed.fates == (("e1", "duplicate"), ("e2", "stored"))


def test_a_profile_or_session_that_was_sent_counts_more_than_an_event_seen_before():
    known = world(
        ["P", "Q"], sessions=[visit("of-P", "P"), visit("of-Q", "Q")], events={("shop", "e1"): StoredEvent("P", "of-P")}
    )

    assert told(only(known, payload("Q", None)).steps) == ["touch Q", f"open {MINTED} of Q"]
    assert told(only(known, payload(None, "of-Q")).steps) == ["touch Q", "continue of-Q"]


def test_an_event_seen_before_in_another_session_says_nothing_of_who_sends_it_now():
    known = world(["P"], sessions=[visit("of-P", "P")], events={("shop", "e1"): StoredEvent("P", "of-P")})

    assert told(only(known, payload(None, "s")).steps) == [f"create {NEW}", f"open s of {NEW}"]


def test_a_late_repeat_of_erased_events_brings_nothing_back():
    known = world(erased=[UUID], forgotten=[("shop", "e1")], sessions=[visit("s", None)])
    resolution = only(known, payload(UUID, "s"))

    assert told(resolution.steps) == [f"create {NEW}", f"repoint s to {NEW}", "continue s"]
    assert resolution.fates == (("e1", "duplicate"),)


# Decided together -------------------------------------------------------------------------------------------------


def test_first_hits_with_one_session_id_make_one_profile():
    answers = play(world(), *(payload(None, "s", event(f"e{number}")) for number in range(5)))

    assert {(answer.profile_id, answer.session_id) for answer in answers} == {(NEW, "s")}


def test_first_hits_with_one_uuid_make_one_profile():
    answers = play(world(), *(payload(UUID, None, event(f"e{number}")) for number in range(5)))

    assert {answer.profile_id for answer in answers} == {NEW}
    assert len({answer.session_id for answer in answers}) == 5


def test_a_payload_of_the_loser_goes_to_the_survivor_of_a_merge_in_the_same_batch():
    known = world(["P", "R"], aliases={"old-P": "P"}, sessions=[visit("s", "P")])
    merged, late, by_alias, by_session = play(
        known,
        payload("P", "s", referral=referral("R")),
        payload("P", "s", event("e2")),
        payload("old-P", None, event("e3")),
        payload(None, "s", event("e4")),
    )

    assert "merge P -> R" in told(merged.steps)
    assert {answer.profile_id for answer in (merged, late, by_alias, by_session)} == {"R"}
    assert told(late.steps) == ["touch R", "continue s", "store e2 in R, s"]


def test_a_pass_spent_in_the_batch_is_spent_for_the_payloads_after_it():
    known = world(["R"])
    one, other = play(
        known, payload(None, "s1", referral=referral("R")), payload(None, "s2", event("e2"), referral=referral("R"))
    )

    assert one.profile_id == "R"
    assert (other.profile_id, other.warnings) == ("new-profile-2", ("The link pass was used before.",))


def signed(profile, nonce):
    return referral(profile, link_pass=link_pass(profile, nonce=nonce))


def test_merges_in_a_ring_end_with_one_profile():
    known = world(["A", "B", "C"])
    ring = [("A", "B"), ("B", "C"), ("C", "A")]
    hops = [
        payload(here, None, event(f"e{number}"), referral=signed(there, f"nonce-{number}"))
        for number, (here, there) in enumerate(ring)
    ]
    play(known, *hops)

    assert known.profiles.keys() == {"C"}
    assert known.aliases == {"A": "C", "B": "C", "C": "C"}


# The session that comes along with a link --------------------------------------------------------------------------


HANDED_OVER = [
    ("a-running-visit", visit("of-R", "R"), None, "of-R"),
    ("just-running", visit("of-R", "R", updated=NOW - SESSION_LASTS), None, "of-R"),
    ("over", visit("of-R", "R", updated=NOW - SESSION_LASTS - 1), None, MINTED),
    ("of-the-visitor-merged-here", visit("of-P", "P", updated=NOW - MINUTE), "of-P", "of-P"),
    ("of-another", visit("of-Q", "Q"), None, MINTED),
    ("whose-profile-is-gone", visit("of-gone", "gone"), None, MINTED),
]


@pytest.mark.parametrize("profile", [None, "P"], ids=["adopt", "merge"])
@pytest.mark.parametrize(
    ("handed", "sent", "session"), [row[1:] for row in HANDED_OVER], ids=[row[0] for row in HANDED_OVER]
)
def test_a_running_visit_goes_on_behind_the_link(handed, sent, session, profile):
    known = world(["P", "Q", "R"], sessions=[handed])
    asked = payload(profile, sent, referral=referral("R", session_id=handed.id))
    resolution = only(known, asked)

    assert (resolution.profile_id, resolution.session_id) == ("R", session)


def test_a_session_of_ones_own_counts_more_than_the_one_that_came_along():
    known = world(["R"], sessions=[visit("of-R", "R")])

    assert only(known, payload(None, "s", referral=referral("R", session_id="of-R"))).session_id == "s"


def test_an_unknown_session_that_came_along_is_not_adopted():
    resolution = only(world(["R"]), payload(referral=referral("R", session_id="made-up")))

    assert (resolution.profile_id, resolution.session_id) == ("R", MINTED)


def test_a_session_whose_profile_is_gone_does_not_come_along_where_no_profile_is_saved_either():
    known = world(["R"], sessions=[visit("of-gone", "gone")])
    asked = payload(None, None, event(save_profile=False), referral=referral("R", session_id="of-gone"))

    assert only(known, asked).session_id == MINTED


def test_no_session_comes_along_with_a_refused_link():
    known = world(["R"], sessions=[visit("of-R", "R")], sources=[BLOG])
    refused = referral("R", source_id="nobody", session_id="of-R")

    assert only(known, payload(at="blog", referral=refused)).session_id == MINTED
