"""What a repeat finds when an answer was lost, and what payloads decided together know of each other."""

import pytest
from core_builders import (
    OLD_P,
    UUID,
    event,
    link_pass,
    only,
    payload,
    play,
    referral,
    secret,
    secretly,
    told,
    visit,
    world,
)

from tracker.core.model import StoredEvent
from tracker.core.steps import CountRepeats

NEW = "new-profile-1"
MINTED = "new-session-1"
LARGE = 70_000


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
            ("shop", secret("old")): StoredEvent("P", "s-old"),
            ("shop", secret("older")): StoredEvent("Q", "of-Q"),
            ("shop", secret("nobody's")): StoredEvent(None, "s-nobody"),
        },
    )
    first, second, third = play(known, *[secretly(asked)] * 3)

    for again in (second, third):
        assert (again.profile_id, again.session_id) == (first.profile_id, first.session_id)
        assert not [
            step for step in told(again.steps) if step.startswith(("create", "open", "store", "merge", "spend"))
        ]
        assert "stored" not in {fate for _, fate in again.fates}


def test_a_repeat_after_its_profile_was_merged_finds_the_survivor():
    known = world(["R"])
    lost = secretly(payload())
    first, _, again = play(known, lost, payload(NEW, None, event("e2"), referral=referral("R")), lost)

    assert (first.profile_id, again.profile_id) == (NEW, "R")
    assert again.session_id == first.session_id


def test_the_queue_of_a_visitor_whose_first_answer_was_lost_stays_with_that_visitor():
    known = world()
    lost, queue = payload(None, None, event("e1")), payload(None, None, event("e1"), event("e2"))
    first, flushed = play(known, secretly(lost), secretly(queue))

    assert (flushed.profile_id, flushed.session_id) == (first.profile_id, first.session_id)
    assert [fate for _, fate in flushed.fates] == ["duplicate", "stored"]


def test_a_guessed_event_id_tells_nobody_whose_it_is():
    known = world(["P"], sessions=[visit("of-P", "P")], events={("shop", "order-1001"): StoredEvent("P", "of-P")})
    alone, mixed = (
        only(known, payload(None, None, event("order-1001"))),
        only(known, payload(None, None, event("order-1001"), event("mine"))),
    )

    assert (told(alone.steps), alone.profile_id, alone.session_id) == ([], None, MINTED)
    assert alone.fates == (("order-1001", "duplicate"),)
    assert told(mixed.steps) == [f"create {NEW}", f"open {MINTED} of {NEW}", f"store mine in {NEW}, {MINTED}"]


def test_a_guessable_event_id_is_believed_of_a_trusted_source_and_of_its_own_visitor():
    events = {("crm", "order-1001"): StoredEvent("P", "of-P"), ("shop", "order-1001"): StoredEvent("P", "of-P")}
    known = world(["P"], sessions=[visit("of-P", "P")], events=events)

    assert only(known, payload(None, None, event("order-1001"), at="crm")).profile_id == "P"
    assert only(known, payload("P", None, event("order-1001"))).session_id == "of-P"


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

    assert resolution.steps == ()
    assert resolution.fates == (("e1", "duplicate"),)


def test_a_new_event_beside_an_erased_one_is_stored_for_a_new_profile():
    known = world(erased=[UUID], forgotten=[("shop", "e1")])
    resolution = only(known, payload(UUID, "s", event("e1"), event("e2")))

    assert told(resolution.steps) == [f"create {NEW}", f"open s of {NEW}", f"store e2 in {NEW}, s"]


def test_repeats_are_counted_for_their_source():
    first, again = play(
        world(["P"]), payload("P", "s", event("a"), event("b")), payload("P", "s", event("a"), event("c"))
    )

    assert not [step for step in first.steps if isinstance(step, CountRepeats)]
    assert [step for step in again.steps if isinstance(step, CountRepeats)] == [CountRepeats("shop", 1)]


# Decided together -------------------------------------------------------------------------------------------------


def test_first_hits_with_one_session_id_make_one_profile():
    answers = play(world(), *(payload(None, "s", event(f"e{number}")) for number in range(5)))

    assert {(answer.profile_id, answer.session_id) for answer in answers} == {(NEW, "s")}


def test_first_hits_with_one_uuid_make_one_profile():
    answers = play(world(), *(payload(UUID, None, event(f"e{number}")) for number in range(5)))

    assert {answer.profile_id for answer in answers} == {NEW}
    assert len({answer.session_id for answer in answers}) == 5


def test_a_payload_of_the_loser_goes_to_the_survivor_of_a_merge_in_the_same_batch():
    known = world(["P", "R"], aliases={OLD_P: "P"}, sessions=[visit("s", "P")])
    merged, late, by_alias, by_session = play(
        known,
        payload("P", "s", referral=referral("R")),
        payload("P", "s", event("e2")),
        payload(OLD_P, None, event("e3")),
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
