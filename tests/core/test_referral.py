"""A profile handed over by a link: the checks of protocol §5 in their order, and what comes of those that pass."""

from dataclasses import replace

import pytest
from core_builders import (
    BLOG,
    MINUTE,
    NOW,
    OLD_R,
    SHOP,
    UUID,
    link_pass,
    only,
    payload,
    referral,
    told,
    visit,
    world,
)

from tracker.core.model import LinkPass
from tracker.core.steps import CountHandOver

NEW = "new-profile-1"

NO_SOURCE = "The referring source is unknown or disabled; the profile was not passed on."
WRONG_LANDING = "The landing host is not among the linked domains of the referring source nor a domain of this source."
OFF = "Passing profiles between domains is switched off for this source."
NO_PASS = "The link carries no pass, and this source takes signed links only."
EXPIRED = "The link pass has expired."
FORGED = "The link pass is not valid."
USED = "The link pass was used before."
NOT_LIVE = "The referred profile does not exist."
WRONG_REFERRER = "The referring page is not on a domain of the referring source."
NO_REFERRER = "The link was opened without a referring page; the profiles were not merged."
PLAIN_NO_REFERRER = "A plain link was opened without a referring page; the profile was not passed on."

PLAIN = (replace(SHOP, referrals="plain"), replace(BLOG, referrals="plain"))
SIGNED = (SHOP, BLOG)
SPENT = "spend nonce-1 on shop"


# The checks -------------------------------------------------------------------------------------------------------

REFUSED = [
    ("unknown-source", SIGNED, {"source_id": "nobody"}, NO_SOURCE),
    ("disabled-source", (SHOP, replace(BLOG, enabled=False)), {}, NO_SOURCE),
    ("landing-elsewhere", SIGNED, {"landing_host": "evil.test"}, WRONG_LANDING),
    ("landing-on-a-look-alike", SIGNED, {"landing_host": "notshop.example"}, WRONG_LANDING),
    ("landing-unknown", SIGNED, {"landing_host": None}, WRONG_LANDING),
    ("switched-off-here", (replace(SHOP, referrals="off"), BLOG), {}, OFF),
    ("switched-off-there", (SHOP, replace(BLOG, referrals="off")), {}, OFF),
    ("off-beats-plain", (replace(SHOP, referrals="off"), PLAIN[1]), {"link_pass": LinkPass()}, OFF),
    ("no-pass", SIGNED, {"link_pass": LinkPass()}, NO_PASS),
    ("no-pass-plain-only-here", (PLAIN[0], BLOG), {"link_pass": LinkPass()}, NO_PASS),
    ("no-pass-plain-only-there", (SHOP, PLAIN[1]), {"link_pass": LinkPass()}, NO_PASS),
    ("expired", SIGNED, {"link_pass": link_pass("R", state="expired")}, EXPIRED),
    ("expired-on-a-plain-link", PLAIN, {"link_pass": link_pass("R", state="expired")}, EXPIRED),
    ("forged", SIGNED, {"link_pass": LinkPass("forged")}, FORGED),
    ("forged-on-a-plain-link", PLAIN, {"link_pass": LinkPass("forged")}, FORGED),
    ("pass-of-another-profile", SIGNED, {"link_pass": link_pass("Q")}, FORGED),
    ("pass-of-another-source", SIGNED, {"link_pass": link_pass("R", source="shop")}, FORGED),
    ("spent", SIGNED, {"link_pass": link_pass("R", nonce="spent-here")}, USED),
    ("spent-on-a-plain-link", PLAIN, {"link_pass": link_pass("R", nonce="spent-here")}, USED),
    ("referrer-elsewhere", SIGNED, {"referrer_host": "evil.test"}, WRONG_REFERRER),
    ("referrer-on-a-look-alike", SIGNED, {"referrer_host": "notblog.example"}, WRONG_REFERRER),
    (
        "plain-referrer-elsewhere",
        PLAIN,
        {"link_pass": LinkPass(), "referrer_host": "evil.test"},
        WRONG_REFERRER,
    ),
]


def referral_world(sources=SIGNED):
    return world(
        ["P", "Q", "R"],
        aliases={OLD_R: "R"},
        sessions=[visit("s", "P"), visit("of-Q", "Q")],
        sources=sources,
        spent=[("spent-here", "shop"), ("spent-there", "blog")],
    )


@pytest.mark.parametrize("here", [None, "P"], ids=["nobody-here", "somebody-here"])
@pytest.mark.parametrize(("sources", "given", "warning"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_refused_link_changes_nothing_and_the_event_is_stored_all_the_same(sources, given, warning, here):
    session = "s" if here else None
    resolution = only(referral_world(sources), payload(here, session, referral=referral("R", **given)))
    without = only(referral_world(sources), payload(here, session))

    counted = CountHandOver("" if given.get("source_id") == "nobody" else "blog", "shop", warning, "task-1", NOW)
    assert [step for step in resolution.steps if isinstance(step, CountHandOver)] == [counted]
    assert [step for step in resolution.steps if step != counted] == list(without.steps)
    assert resolution.fates == (("e1", "stored"),)
    assert resolution.warnings == (warning,)
    assert resolution.errors == ((warning,) if warning == NO_SOURCE else ())


NOT_LIVE_CASES = [("unknown", "nobody"), ("uuid", UUID)]


@pytest.mark.parametrize("named", [row[1] for row in NOT_LIVE_CASES], ids=[row[0] for row in NOT_LIVE_CASES])
@pytest.mark.parametrize("here", [None, "P"])
def test_a_profile_that_does_not_exist_is_not_handed_over(named, here):
    resolution = only(referral_world(), payload(here, referral=referral(named)))

    assert resolution.profile_id == (here or NEW)
    assert resolution.warnings == (NOT_LIVE,)
    assert SPENT not in told(resolution.steps)


@pytest.mark.parametrize(
    ("sources", "passed", "here", "warning"),
    [
        (SIGNED, link_pass("R"), "P", NO_REFERRER),
        (PLAIN, LinkPass(), "P", NO_REFERRER),
        (PLAIN, LinkPass(), None, PLAIN_NO_REFERRER),
    ],
    ids=["signed-somebody-here", "plain-somebody-here", "plain-nobody-here"],
)
@pytest.mark.parametrize("referrer", [None, ""])
def test_a_link_copied_into_a_mail_fuses_nobody(sources, passed, here, warning, referrer):
    asked = referral("R", link_pass=passed, referrer_host=referrer)
    resolution = only(referral_world(sources), payload(here, referral=asked))

    assert resolution.profile_id == (here or NEW)
    assert resolution.warnings == (warning,)


def test_a_visitor_known_by_the_session_alone_is_somebody_too():
    resolution = only(referral_world(), payload(None, "s", referral=referral("R", referrer_host=None)))

    assert (resolution.profile_id, resolution.warnings) == ("P", (NO_REFERRER,))


# Each payload fails from one check on, and every later one too: the first that fails is the one that is named.
ORDER = [
    (NO_SOURCE, {}),
    (WRONG_LANDING, {"source_id": "blog"}),
    (FORGED, {"landing_host": "shop.example"}),
    (NOT_LIVE, {"link_pass": link_pass("nobody")}),
    (WRONG_REFERRER, {"profile_id": "R", "link_pass": link_pass("R")}),
    (NO_REFERRER, {"referrer_host": None}),
]


def test_the_checks_run_in_order_and_the_first_that_fails_ends_the_referral():
    asked = referral(
        "nobody",
        source_id="nobody",
        landing_host="evil.test",
        referrer_host="evil.test",
        link_pass=LinkPass("forged"),
    )
    for warning, mended in ORDER:
        asked = replace(asked, **mended)
        assert only(referral_world(), payload("P", referral=asked)).warnings == (warning,)
    assert only(referral_world(), payload("P", referral=replace(asked, referrer_host="blog.example"))).warnings == ()


# What passes ------------------------------------------------------------------------------------------------------

ACCEPTED = [
    ("signed", SIGNED, {}, True),
    ("signed-by-an-alias", SIGNED, {"profile_id": OLD_R, "link_pass": link_pass(OLD_R)}, True),
    ("spent-on-another-source", SIGNED, {"link_pass": link_pass("R", nonce="spent-there")}, True),
    ("plain", PLAIN, {"link_pass": LinkPass()}, False),
    ("plain-with-a-pass", PLAIN, {}, True),
    ("landing-below-a-linked-domain", SIGNED, {"landing_host": "www.shop.example"}, True),
    ("landing-on-a-domain-of-this-source", SIGNED, {"landing_host": "shop-mirror.example"}, True),
    ("referrer-below-a-domain", SIGNED, {"referrer_host": "www.blog.example"}, True),
    ("pass-for-another-id-of-the-same-profile", SIGNED, {"link_pass": link_pass(OLD_R)}, True),
    (
        "within-one-source",
        SIGNED,
        {"source_id": "shop", "link_pass": link_pass("R", source="shop"), "referrer_host": "shop.example"},
        True,
    ),
]


@pytest.mark.parametrize(
    ("sources", "given", "spends"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED]
)
def test_where_nobody_is_known_yet_the_referred_profile_is_adopted(sources, given, spends):
    asked = replace(referral("R"), **given)
    resolution = only(referral_world(sources), payload(None, "new", referral=asked))

    nonce = asked.link_pass.nonce
    spend = [f"spend {nonce} on shop"] if spends else []
    assert told(resolution.steps) == [*spend, "touch R", "open new of R", "store e1 in R, new"]
    assert resolution.warnings == resolution.errors == ()


@pytest.mark.parametrize(
    ("sources", "given", "spends"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED]
)
def test_where_somebody_is_known_the_two_are_merged(sources, given, spends):
    asked = replace(referral("R"), **given)
    resolution = only(referral_world(sources), payload("P", "s", referral=asked))

    spend = [f"spend {asked.link_pass.nonce} on shop"] if spends else []
    assert told(resolution.steps) == [*spend, "merge P -> R", "touch R", "continue s", "store e1 in R, s"]
    assert resolution.warnings == resolution.errors == ()


def test_an_adopted_pass_is_kept_as_spent_until_it_would_have_expired():
    spent = only(referral_world(), payload(referral=referral("R"))).steps[0]

    assert (spent.nonce, spent.source_id, spent.expires) == ("nonce-1", "shop", NOW + 5 * MINUTE)


def test_a_signed_link_opened_without_a_referrer_is_adopted_where_nobody_is_known():
    assert only(referral_world(), payload(referral=referral("R", referrer_host=None))).profile_id == "R"


@pytest.mark.parametrize("which", ["shop", "blog"])
def test_a_source_may_require_a_referring_page_of_every_link(which):
    sources = [replace(one, settings={"requireReferrer": True}) if one.id == which else one for one in (SHOP, BLOG)]
    refused = only(referral_world(sources), payload(referral=referral("R", referrer_host=None)))
    assert refused.profile_id == "new-profile-1"
    assert refused.warnings == (
        "The link was opened without a referring page, and requireReferrer is set; the profile was not passed on.",
    )
    assert only(referral_world(sources), payload(referral=referral("R"))).profile_id == "R"
    off = [replace(one, settings={"requireReferrer": False}) for one in (SHOP, BLOG)]
    assert only(referral_world(off), payload(referral=referral("R", referrer_host=None))).profile_id == "R"


@pytest.mark.parametrize(("sent", "alias"), [(UUID, [f"alias {UUID} -> R"]), ("visitor-7", [])])
def test_an_unknown_id_is_nobody_and_the_referred_profile_is_adopted(sent, alias):
    resolution = only(referral_world(), payload(sent, "new", referral=referral("R")))

    assert told(resolution.steps) == [SPENT, "touch R", *alias, "open new of R", "store e1 in R, new"]
