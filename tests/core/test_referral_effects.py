"""What comes of a link that was accepted: who survives, which visit goes on, and that nothing happens twice."""

from dataclasses import replace

import pytest
from core_builders import (
    BLOG,
    MINUTE,
    NOW,
    OLD_P,
    SHOP,
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

from tracker.core.model import LinkPass, StoredEvent
from tracker.core.which_session import SESSION_LASTS

MINTED = "new-session-1"

USED = "The link pass was used before."
TWO_PEOPLE = "Both profiles are identified as different people; a link does not merge them."

SPENT = "spend nonce-1 on shop"


# Who survives -----------------------------------------------------------------------------------------------------

SURVIVORS = [
    ("both-anonymous", ["P", "R"], [], ["merge P -> R"], "R", ()),
    ("identified-here", ["R"], ["P"], ["merge R -> P"], "P", ()),
    ("identified-there", ["P"], ["R"], ["merge P -> R"], "R", ()),
    ("both-identified", [], ["P", "R"], [], "P", (TWO_PEOPLE,)),
]


@pytest.mark.parametrize(
    ("live", "identified", "merges", "survivor", "warnings"),
    [row[1:] for row in SURVIVORS],
    ids=[row[0] for row in SURVIVORS],
)
def test_identified_beats_anonymous_and_otherwise_the_referred_profile_survives(
    live, identified, merges, survivor, warnings
):
    known = world(live, identified=identified)
    resolution = play(known, payload("P", referral=referral("R")))[0]

    assert [step for step in told(resolution.steps) if step.startswith("merge")] == merges
    assert (resolution.profile_id, resolution.warnings) == (survivor, warnings)
    if merges:
        assert known.live("P") == known.live("R") == known.profiles[survivor]
    assert (SPENT in told(resolution.steps)) is bool(merges)


def test_the_merge_log_says_who_why_when_and_by_which_link():
    merge = only(world(["P", "R"]), payload("P", referral=referral("R"))).steps[1]

    assert (merge.id, merge.loser, merge.survivor) == ("new-merge-1", "P", "R")
    assert (merge.reason, merge.at) == ("referral", NOW)
    assert merge.referral == {
        "source": "blog",
        "landing_source": "shop",
        "referrer": "blog.example",
        "landing": "shop.example",
    }


SESSIONS = [
    ("its-own", "s", ["continue s"], []),
    ("of-the-referred", "of-R", ["continue of-R"], []),
    ("new", "new", ["open new of R"], []),
    ("gone", "of-gone", ["repoint of-gone to R", "continue of-gone"], []),
    (
        "of-another",
        "of-Q",
        [f"open {MINTED} of R standing for of-Q"],
        ["The session belongs to another profile; a session of this profile stands for it."],
    ),
]


@pytest.mark.parametrize(
    ("session", "steps", "warnings"), [row[1:] for row in SESSIONS], ids=[row[0] for row in SESSIONS]
)
def test_a_session_of_either_side_goes_on_and_one_of_another_profile_is_invalidated(session, steps, warnings):
    known = world(
        ["P", "Q", "R"],
        sessions=[visit("s", "P"), visit("of-R", "R"), visit("of-Q", "Q"), visit("of-gone", "gone")],
    )
    resolution = only(known, payload("P", session, referral=referral("R")))

    assert told(resolution.steps)[:3] == [SPENT, "merge P -> R", "touch R"]
    assert told(resolution.steps)[3:-1] == steps
    assert resolution.warnings == tuple(warnings)


def test_a_backend_may_name_the_id_that_a_merge_in_the_same_payload_brought_in():
    known = world(["P", "R"], sources=[replace(SHOP, kind="server"), BLOG])
    resolution = only(known, payload("P", profile_ids=("P", "R"), referral=referral("R")))

    assert resolution.warnings == ()
    assert not [step for step in told(resolution.steps) if step.startswith("alias")]


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


def test_a_running_session_of_ones_own_counts_more_than_the_one_that_came_along():
    known = world(["P", "R"], sessions=[visit("of-R", "R"), visit("s", "P")])

    assert only(known, payload("P", "s", referral=referral("R", session_id="of-R"))).session_id == "s"


def test_a_session_that_the_browser_has_just_made_up_gives_way_to_the_one_that_came_along():
    known = world(["R"], sessions=[visit("of-R", "R")])

    assert only(known, payload(None, "s", referral=referral("R", session_id="of-R"))).session_id == "of-R"


def test_a_repeat_of_that_landing_finds_the_visit_again_although_the_pass_is_spent():
    known = world(["R"], sessions=[visit("of-R", "R")])
    asked = payload(None, "s", referral=referral("R", session_id="of-R"))
    first, second = play(known, asked, asked)

    assert (second.profile_id, second.session_id) == (first.profile_id, first.session_id) == ("R", "of-R")


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


# No second effect -------------------------------------------------------------------------------------------------


def test_reloading_the_landing_page_does_nothing_twice():
    known = world(["P", "R"], sessions=[visit("s", "P")])
    landed, reloaded = play(
        known,
        payload("P", "s", referral=referral("R")),
        payload("R", "s", event("e2"), referral=referral("R")),
    )

    assert "merge P -> R" in told(landed.steps)
    assert told(reloaded.steps) == ["touch R", "continue s", "store e2 in R, s"]
    assert reloaded.warnings == reloaded.errors == ()


def test_a_double_click_with_the_older_id_does_nothing_twice():
    known = world([OLD_P, "R"], sessions=[visit("s", OLD_P)])
    _, second = play(
        known, payload(OLD_P, "s", referral=referral("R")), payload(OLD_P, "s", event("e2"), referral=referral("R"))
    )

    assert told(second.steps) == ["touch R", "continue s", "store e2 in R, s"]
    assert second.warnings == ()


def test_a_link_to_oneself_spends_its_pass_so_that_it_does_nothing_in_another_browser():
    known = world(["R"])
    own, copied = play(
        known, payload("R", "s", referral=referral("R")), payload(None, "s2", event("e2"), referral=referral("R"))
    )

    assert told(own.steps)[0] == SPENT
    assert (copied.profile_id, copied.warnings) == ("new-profile-2", (USED,))


@pytest.mark.parametrize("passed", [LinkPass(), LinkPass("forged"), link_pass("Q"), link_pass("R", state="expired")])
def test_a_link_to_oneself_needs_no_pass_and_raises_no_warning(passed):
    resolution = only(world(["R", "Q"]), payload("R", "s", referral=referral("R", link_pass=passed)))

    assert told(resolution.steps) == ["touch R", "open s of R", "store e1 in R, s"]
    assert resolution.warnings == resolution.errors == ()


def test_one_pass_may_be_used_once_on_each_landing_source():
    known = world(["R"])
    there = referral("R", landing_host="blog.example")
    here, elsewhere = play(
        known, payload(None, "s1", referral=referral("R")), payload(None, "s2", at="blog", referral=there)
    )

    assert (here.profile_id, elsewhere.profile_id) == ("R", "R")
    assert known.spent == {("nonce-1", "shop"), ("nonce-1", "blog")}


def test_the_repeat_of_a_landing_whose_answer_was_lost_needs_no_second_pass():
    known = world(["R"], events={("shop", secret("e1")): StoredEvent("R", "s")}, spent=[("nonce-1", "shop")])
    resolution = only(known, secretly(payload(None, None, referral=referral("R"))))

    assert (resolution.profile_id, resolution.session_id) == ("R", "s")
    assert resolution.warnings == ()
