"""Who a visitor says to be: what is believed, what comes of it, and that two people never become one."""

from dataclasses import replace

import pytest
from core_builders import (
    BLOG,
    CRM,
    SHOP,
    claim,
    event,
    fresh,
    key,
    link_pass,
    only,
    payload,
    play,
    referral,
    told,
    visit,
    world,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.core.identity import MOST_IDENTITIES, MOST_MERGES
from tracker.core.known import absorb
from tracker.core.resolution import resolve
from tracker.core.steps import ClaimIdentity, Identify, MergeProfiles, SetTraits

OPEN = replace(SHOP, id="open", identify="open")
OFF = replace(SHOP, id="off", identify="off")
SOURCES = (SHOP, BLOG, CRM, OPEN, OFF)
ANNA, BEN = key("user_id", "anna"), key("user_id", "ben")
MAIL, OTHER_MAIL = key("email", "anna@site.test"), key("email", "ben@site.test")
PHONE = key("phone", "+49301234")

UNSIGNED = "What an identify event says is not signed; it was kept as unverified traits and merged nothing."
SOMEBODY_ELSE = "This visitor was identified as somebody else before; the two profiles were not merged."
TWO_PEOPLE = "An identify event names two different people; only the first one named was identified."
ANOTHERS = "An identify event names what belongs to somebody else and leads there still; kept as a trait alone: email."
CROWD = "Too many profiles claim to be one person; no more are merged for an hour."
FULL = "This profile has as many user ids, e-mail addresses and phone numbers as one may have."
SWITCHED_OFF = "identify is switched off for this source; the events were stored and nothing else."
NOBODY = "email of an identify event names nobody or cannot be read; it was ignored."
NOT_SAVED = "An identify event with saveProfile false says nothing about the profile; what it says was not kept."

ANNAS = {("user_id", "#anna"): "A", ("email", "#anna@site.test"): "A"}
BENS = {("user_id", "#ben"): "B"}
MAILS = {("email", "#anna@site.test"): "A"}

CASES = [
    # name, source, claims, profile sent, what is known, what is decided, warnings
    (
        "first-sign-in-of-a-visitor",
        "shop",
        [claim(ANNA)],
        "P",
        {},
        ["touch P", "claim user_id #anna for P", "identify P", "traits of P: {'user_id': 'anna'}"],
        (),
    ),
    (
        "first-sign-in-of-nobody-yet",
        "shop",
        [claim(ANNA)],
        None,
        {},
        [
            "create new-profile-1",
            "claim user_id #anna for new-profile-1",
            "identify new-profile-1",
            "traits of new-profile-1: {'user_id': 'anna'}",
        ],
        (),
    ),
    (
        "second-device",
        "shop",
        [claim(ANNA)],
        "P",
        ANNAS,
        ["merge P -> A", "touch A", "traits of A: {'user_id': 'anna'}"],
        (),
    ),
    (
        "new-device-without-a-past",
        "shop",
        [claim(ANNA)],
        None,
        ANNAS,
        ["touch A", "traits of A: {'user_id': 'anna'}"],
        (),
    ),
    ("sign-in-again", "shop", [claim(ANNA)], "A", ANNAS, ["touch A", "traits of A: {'user_id': 'anna'}"], ()),
    (
        "somebody-else-signs-in-on-the-same-browser",
        "shop",
        [claim(BEN)],
        "A",
        ANNAS | BENS,
        ["touch B", "traits of B: {'user_id': 'ben'}"],
        (SOMEBODY_ELSE,),
    ),
    (
        "somebody-new-signs-in-on-the-same-browser",
        "shop",
        [claim(BEN)],
        "A",
        ANNAS,
        [
            "create new-profile-1",
            "claim user_id #ben for new-profile-1",
            "identify new-profile-1",
            "traits of new-profile-1: {'user_id': 'ben'}",
        ],
        (SOMEBODY_ELSE,),
    ),
    (
        "unsigned",
        "shop",
        [claim(ANNA, MAIL, signed=False, traits={"plan": "pro"})],
        "P",
        ANNAS,
        [
            "touch P",
            "traits of P: {'unverified:plan': 'pro', 'unverified:user_id': 'anna',"
            " 'unverified:email': 'anna@site.test'}",
        ],
        (UNSIGNED,),
    ),
    (
        "unsigned-and-nothing-that-can-be-kept",
        "shop",
        [claim(signed=False, problems=(NOBODY,))],
        "P",
        ANNAS,
        ["touch P"],
        (NOBODY,),
    ),
    (
        "a-signature-vouches-for-the-user-id-alone",
        "shop",
        [claim(BEN, MAIL)],
        "P",
        MAILS,
        [
            "touch P",
            "claim user_id #ben for P",
            "identify P",
            "traits of P: {'user_id': 'ben', 'unverified:email': 'anna@site.test'}",
        ],
        (),
    ),
    (
        "traits-beside-a-signed-user-id-are-what-a-browser-says",
        "shop",
        [claim(BEN, traits={"plan": "pro"})],
        "P",
        {},
        [
            "touch P",
            "claim user_id #ben for P",
            "identify P",
            "traits of P: {'user_id': 'ben', 'unverified:plan': 'pro'}",
        ],
        (),
    ),
    (
        "a-signature-over-everything-vouches-for-everything",
        "shop",
        [claim(BEN, MAIL, whole=True, traits={"plan": "pro"})],
        "P",
        MAILS,
        [
            "merge P -> A",
            "touch A",
            "claim user_id #ben for A",
            "traits of A: {'plan': 'pro', 'user_id': 'ben', 'email': 'anna@site.test'}",
        ],
        (),
    ),
    (
        "a-trusted-source-is-believed-in-all",
        "crm",
        [claim(BEN, MAIL, signed=False)],
        "P",
        MAILS,
        [
            "merge P -> A",
            "touch A",
            "claim user_id #ben for A",
            "traits of A: {'user_id': 'ben', 'email': 'anna@site.test'}",
        ],
        (),
    ),
    (
        "an-open-source-is-believed-too",
        "open",
        [claim(MAIL, PHONE, signed=False)],
        "P",
        MAILS,
        [
            "merge P -> A",
            "touch A",
            "claim phone #+49301234 for A",
            "traits of A: {'email': 'anna@site.test', 'phone': '+49301234'}",
        ],
        (),
    ),
    (
        "an-address-of-somebody-with-another-user-id-is-not-shared",
        "crm",
        [claim(BEN, MAIL)],
        "P",
        ANNAS,
        [
            "touch P",
            "claim user_id #ben for P",
            "identify P",
            "traits of P: {'user_id': 'ben', 'email': 'anna@site.test'}",
        ],
        (ANOTHERS,),
    ),
    (
        "two-addresses-of-two-people",
        "open",
        [claim(MAIL, OTHER_MAIL)],
        "P",
        MAILS | {("email", "#ben@site.test"): "B"},
        ["merge P -> A", "touch A", "traits of A: {'email': 'ben@site.test'}"],
        (TWO_PEOPLE, ANOTHERS),
    ),
    (
        "another-address-on-the-same-browser-is-another-person",
        "open",
        [claim(OTHER_MAIL)],
        "A",
        MAILS,
        [
            "create new-profile-1",
            "claim email #ben@site.test for new-profile-1",
            "identify new-profile-1",
            "traits of new-profile-1: {'email': 'ben@site.test'}",
        ],
        (SOMEBODY_ELSE,),
    ),
    (
        "a-user-id-after-an-address-is-the-same-person",
        "shop",
        [claim(ANNA)],
        "A",
        MAILS,
        ["touch A", "claim user_id #anna for A", "traits of A: {'user_id': 'anna'}"],
        (),
    ),
    (
        "two-people-in-one-payload",
        "shop",
        [claim(ANNA), claim(BEN, position=1)],
        "P",
        {},
        ["touch P", "claim user_id #anna for P", "identify P", "traits of P: {'user_id': 'anna'}"],
        (TWO_PEOPLE,),
    ),
    (
        "one-person-twice-in-one-payload",
        "shop",
        [claim(ANNA, whole=True, traits={"a": 1}), claim(ANNA, whole=True, position=1, traits={"b": 2})],
        "P",
        {},
        ["touch P", "claim user_id #anna for P", "identify P", "traits of P: {'a': 1, 'user_id': 'anna', 'b': 2}"],
        (),
    ),
    ("switched-off", "off", [claim(ANNA)], "P", ANNAS, ["touch P"], (SWITCHED_OFF,)),
    ("nobody", "shop", [claim(problems=(NOBODY,))], "P", {}, ["touch P"], (NOBODY,)),
    (
        "a-key-known-under-an-older-secret-gets-its-new-hash",
        "shop",
        [claim(key("user_id", "anna", "#old"))],
        "A",
        {("user_id", "#old"): "A"},
        ["touch A", "claim user_id #anna for A", "traits of A: {'user_id': 'anna'}"],
        (),
    ),
]


def told_of_people(resolution) -> list[str]:
    return [line for line in told(resolution.steps) if not line.startswith(("open", "store", "continue"))]


@pytest.mark.parametrize(
    ("at", "claims", "sent", "owned", "decided", "warnings"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_what_comes_of_a_claim(at, claims, sent, owned, decided, warnings) -> None:
    known = world(["P"], identified=["A", "B"], identities=owned, sources=SOURCES)

    resolution = only(known, payload(sent, "s", event("e1"), event("e2"), at=at, claims=tuple(claims)))

    assert told_of_people(resolution) == decided
    assert resolution.warnings == warnings


def test_the_claim_of_an_event_that_is_kept_out_or_saves_no_profile_or_was_erased_counts_for_nothing() -> None:
    for kept_out in (event("e1", too_large=70_000), event("e1", save_profile=False), event("e1")):
        known = world(["P"], sources=SOURCES, forgotten=[("shop", "e1")] if kept_out == event("e1") else [])
        resolution = only(known, payload("P", "s", kept_out, event("e2"), claims=(claim(ANNA),)))
        assert told_of_people(resolution) in (["touch P"], ["touch P", "quarantine e1"])
        assert (NOT_SAVED in resolution.warnings) is not kept_out.options.save_profile


def test_what_an_event_says_is_named_where_no_event_of_the_payload_saves_a_profile() -> None:
    known = world(["P"], sources=SOURCES)
    resolution = only(known, payload("P", "s", event("e1", save_profile=False), claims=(claim(ANNA),)))
    assert resolution.warnings == (NOT_SAVED,)
    assert resolution.profile_id is None


def test_a_repeat_of_a_sign_in_leads_to_the_same_person_again() -> None:
    known = world(["P"], identified=["A"], identities=ANNAS, sources=SOURCES)
    asked = payload("P", "s", event("e1"), claims=(claim(ANNA),))
    first, again = play(known, asked, asked)
    assert (first.profile_id, again.profile_id) == ("A", "A")
    assert not [step for step in again.steps if isinstance(step, (MergeProfiles, ClaimIdentity, Identify))]


def test_anonymous_on_two_devices_then_signed_in_on_both_is_one_person() -> None:
    known = world(["phone", "laptop"], sources=SOURCES)
    asked = [payload(device, device, event(f"e-{device}"), claims=(claim(ANNA),)) for device in ("phone", "laptop")]
    first, second = play(known, *asked)
    assert (first.profile_id, second.profile_id) == ("phone", "phone")
    assert known.live("laptop") == known.live("phone")
    assert known.live("phone").identified


def test_a_link_and_a_sign_in_in_one_payload_merge_both_under_ids_of_their_own() -> None:
    known = world(["P", "R"], identified=["A"], identities=ANNAS, sources=SOURCES, sessions=[visit("s", "P")])
    resolution = only(known, payload("P", "s", event("e1"), referral=referral("R"), claims=(claim(ANNA),)))
    merges = [step for step in resolution.steps if isinstance(step, MergeProfiles)]
    assert [(step.loser, step.survivor, step.reason) for step in merges] == [
        ("P", "R", "referral"),
        ("R", "A", "identity"),
    ]
    assert len({step.id for step in merges}) == 2
    assert resolution.profile_id == "A"
    assert "continue s" in told(resolution.steps)


def test_a_crowd_that_claims_one_address_is_not_merged_and_its_claim_is_kept_as_one() -> None:
    people = [f"p{number}" for number in range(MOST_MERGES + 2)]
    known = world(people, identified=["A"], identities=MAILS, sources=SOURCES)
    asked = [payload(name, name, event(f"e-{name}"), at="open", claims=(claim(MAIL, signed=False),)) for name in people]
    answers = play(known, *asked)
    assert [answer.profile_id for answer in answers] == ["A"] * MOST_MERGES + people[-2:]
    assert answers[-1].warnings == (CROWD,)
    [traits] = [step for step in answers[-1].steps if isinstance(step, SetTraits)]
    assert traits.traits == {"unverified:email": "anna@site.test"}


@pytest.mark.parametrize(("at", "signed"), [("crm", False), ("open", True)])
def test_a_proof_is_not_doubted_whatever_the_crowd(at: str, signed: bool) -> None:
    known = world(["P"], identified=["A"], identities=ANNAS, sources=SOURCES, crowds={"A": 1000})
    assert only(known, payload("P", "s", at=at, claims=(claim(ANNA, signed=signed),))).profile_id == "A"


def test_a_profile_takes_a_bounded_number_of_keys() -> None:
    full = {("email", f"#{number}"): "A" for number in range(MOST_IDENTITIES - 1)} | {("user_id", "#anna"): "A"}
    known = world(identified=["A"], identities=full, sources=SOURCES)
    resolution = only(known, payload("A", "s", at="crm", claims=(claim(ANNA, MAIL),)))
    assert resolution.warnings == (FULL,)
    assert not [step for step in resolution.steps if isinstance(step, ClaimIdentity)]


LINKS = st.builds(
    lambda source, sent, referred, number: payload(
        sent, None, event(f"l{number}"), at=source, referral=referral(referred, link_pass=plain_pass(referred, number))
    ),
    st.sampled_from(["shop", "open"]),
    st.sampled_from("PQRST"),
    st.sampled_from("PQRST"),
    st.integers(1, 10**6),
)
SIGN_INS = st.builds(
    lambda source, sent, keys, signed, number: payload(
        sent, None, event(f"i{number}"), at=source, claims=(claim(*keys, signed=signed),)
    ),
    st.sampled_from(["shop", "open"]),
    st.sampled_from([*"PQRST", None]),
    st.lists(st.sampled_from([ANNA, BEN, key("user_id", "eve"), MAIL, OTHER_MAIL, PHONE]), min_size=1, max_size=3).map(
        lambda keys: list({key.kind: key for key in keys}.values())
    ),
    st.booleans(),
    st.integers(1, 10**6),
)


def plain_pass(referred: str, number: int):
    return link_pass(referred, nonce=f"nonce-{number}")


@given(st.lists(LINKS | SIGN_INS, max_size=25))
@settings(max_examples=300)
def test_no_link_and_no_public_source_ever_makes_one_of_two_people(asked) -> None:
    known = world("PQRST", sources=SOURCES)
    people: set[str] = set()
    for number, one in enumerate(asked, start=1):
        resolution = resolve(one, known, fresh(number, 1))
        absorb(known, resolution.steps)

        lost = {step.loser for step in resolution.steps if isinstance(step, MergeProfiles)}
        assert not lost & people, "whoever is somebody stays somebody"
        people = {profile.id for profile in known.profiles.values() if profile.identified}
        for person in people:
            users = [name for (kind, name), owner in known.identities.items() if owner == person and kind == "user_id"]
            assert len(users) <= 1, "one person, one user id"
        assert set(known.identities.values()) <= people, "a key belongs to a live person"
        assert resolution.profile_id is None or resolution.profile_id in known.profiles
