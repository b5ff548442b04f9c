"""What may be kept of a payload: consent where the source requires it, and what the visitor's browser forbids."""

from dataclasses import replace
from typing import Any

import pytest
from core_builders import (
    MINUTE,
    NOW,
    SHOP,
    claim,
    event,
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

from tracker.core.model import Event, Source
from tracker.core.steps import CreateProfile, MergeProfiles, Quarantine, SetConsents, StoreEvent

GIVEN, TAKEN = (True, NOW - MINUTE), (False, NOW - MINUTE)


def source(**settings: Any) -> Source:
    return replace(SHOP, settings=settings)


def granted(**names: Any) -> Event:
    return event("granted", "consent-granted", properties=names)


def revoked(**names: Any) -> Event:
    return event("revoked", "consent-revoked", properties=names)


def kept(need: Any, consents: dict[str, Any], *events: Event, **given: Any) -> list[str]:
    """Return the ids of the events that are stored for a known visitor who has said this so far."""
    known = world(["P"], sources=[source(requireConsent=need)])
    known.consents["P"] = consents
    steps = only(known, payload("P", "s", *events, **given)).steps
    return [step.id for step in steps if isinstance(step, StoreEvent)]


VIEW, LATER = event("view"), event("later")
NAMED = [
    # consents known, stated by the page, events, kept
    ({}, {}, [VIEW], []),
    ({}, {"analytics": True}, [VIEW], ["view"]),
    ({}, {"adverts": True}, [VIEW], []),
    ({}, {"analytics": "yes"}, [VIEW], []),
    ({"analytics": GIVEN}, {}, [VIEW], ["view"]),
    ({"adverts": GIVEN}, {}, [VIEW], []),
    ({"analytics": TAKEN}, {}, [VIEW], []),
    # Somewhere else it was taken back since this page asked.
    ({"analytics": TAKEN}, {"analytics": True}, [VIEW], []),
    ({"analytics": TAKEN}, {}, [VIEW, granted(analytics=True), LATER], ["view", "granted", "later"]),
    ({}, {}, [VIEW, granted(analytics=True)], ["view", "granted"]),
    ({}, {}, [VIEW, granted(analytics=1)], ["view", "granted"]),
    ({}, {}, [VIEW, granted(analytics="yes")], []),
    ({}, {}, [VIEW, granted(adverts=True)], []),
    ({}, {}, [VIEW, granted(analytics=False)], []),
    ({"analytics": GIVEN}, {}, [VIEW, revoked(analytics=False), LATER], ["view", "revoked"]),
    ({"analytics": GIVEN}, {}, [VIEW, revoked(analytics=True), LATER], ["view", "revoked"]),
    ({"analytics": GIVEN}, {}, [VIEW, revoked(), LATER], ["view", "revoked"]),
    ({"analytics": GIVEN}, {}, [VIEW, revoked(adverts=False), LATER], ["view", "revoked", "later"]),
    ({"analytics": GIVEN}, {"analytics": False}, [VIEW, revoked(analytics=False)], ["view", "revoked"]),
    ({}, {}, [granted(analytics=True), revoked(analytics=False), LATER], ["granted", "revoked"]),
    ({}, {}, [VIEW, revoked()], []),
]


@pytest.mark.parametrize(("consents", "stated", "events", "expected"), NAMED)
def test_what_is_kept_where_a_source_requires_one_consent(consents, stated, events, expected) -> None:
    assert kept("analytics", consents, *events, context={"consents": stated}) == expected


@pytest.mark.parametrize(
    ("consents", "stated", "events", "expected"),
    [
        ({}, {}, [VIEW], []),
        ({}, None, [VIEW], []),
        ({}, {"adverts": True}, [VIEW], ["view"]),
        ({"analytics": TAKEN, "adverts": GIVEN}, {}, [VIEW], ["view"]),
        ({"analytics": TAKEN}, {"adverts": True}, [VIEW], []),
        ({}, {}, [VIEW, granted(anything=True)], ["view", "granted"]),
        ({"a": GIVEN, "b": GIVEN}, {}, [revoked(a=False), LATER], ["revoked", "later"]),
        ({"a": GIVEN, "b": GIVEN}, {}, [revoked(), LATER], ["revoked"]),
        ({}, {"a": True}, [revoked(), LATER], ["revoked"]),
    ],
)
def test_what_is_kept_where_a_source_requires_any_consent(consents, stated, events, expected) -> None:
    assert kept(True, consents, *events, context={"consents": stated}) == expected


@pytest.mark.parametrize("need", [False, None, "", 0])
def test_a_source_that_requires_none_keeps_everything(need) -> None:
    assert kept(need, {"analytics": TAKEN}, VIEW) == ["view"]


def test_without_consent_nothing_is_written_and_no_id_is_made_up() -> None:
    known = world(["P", "Q"], sources=[source(requireConsent=True)], sessions=[visit("s", "P")])
    asked = payload(
        None, "s", event(too_large=70_000), event(None), context={"consents": {}}, referral=referral("Q"),
        claims=(claim(key("user_id", "u")),),
    )  # fmt: skip
    answer = only(known, asked)
    assert answer.steps == ()
    assert answer.reply()["profile"] == {}
    assert answer.reply()["session"] == {"id": "s"}
    assert answer.fates == (("e1", "not-saved"), ("", "not-saved"))
    assert answer.warnings == ("This source requires consent; nothing of what came without it was stored.",)
    assert only(known, asked._replace(session_id=None)).reply()["session"] == {}


def test_what_an_event_without_consent_claims_is_not_heard() -> None:
    known = world(["P"], sources=[source(requireConsent=True)])
    known.consents["P"] = {"a": GIVEN}
    sign_in = event("in", "identify")
    before = payload("P", "s", sign_in, revoked(a=False), claims=(claim(key("user_id", "u")),))
    after = payload("P", "s", revoked(a=False), sign_in, claims=(claim(key("user_id", "u"), position=1),))
    assert "identify P" in told(only(known, before).steps)
    assert "identify P" not in told(only(known, after).steps)


def test_the_consent_of_a_new_visitor_is_noted_with_the_profile() -> None:
    known = world(sources=[source(requireConsent=True)])
    steps = only(known, payload(None, "s", VIEW, granted(a=True, b=False, note="text"))).steps
    assert [step for step in steps if isinstance(step, (CreateProfile, SetConsents))] == [
        CreateProfile("new-profile-1", NOW, NOW),
        SetConsents("new-profile-1", {"a": True, "b": False}, NOW),
    ]


def test_what_the_page_states_is_noted_only_where_the_profile_does_not_know() -> None:
    stated = payload("P", "s", VIEW, context={"consents": {"a": True}})
    known = world(["P"], sources=[source(requireConsent=True)])
    first, second = play(known, stated, stated._replace(events=(LATER,)))
    assert [step.consents for step in first.steps if isinstance(step, SetConsents)] == [{"a": True}]
    assert not [step for step in second.steps if isinstance(step, SetConsents)]


@pytest.mark.parametrize("settings", [{}, {"requireConsent": False}])
def test_consents_are_noted_also_where_none_is_required(settings) -> None:
    known = world(["P"], sources=[source(**settings)])
    steps = only(known, payload("P", "s", granted(a=True), revoked(b=False))).steps
    assert [step.consents for step in steps if isinstance(step, SetConsents)] == [{"a": True, "b": False}]
    no_profile = payload("P", "s", event("e", "consent-granted", properties={"a": True}, save_profile=False))
    assert not [step for step in only(known, no_profile).steps if isinstance(step, SetConsents)]


@pytest.mark.parametrize("gpc", [False, True])
def test_a_consent_is_taken_back_even_where_nothing_may_be_stored(gpc) -> None:
    known = world(["P"], sources=[source(requireConsent="a")])
    known.consents["P"] = {"a": GIVEN if gpc else TAKEN, "b": GIVEN}
    refusing, stranger = play(
        known, payload("P", "s", revoked(), gpc=gpc), payload(None, "t", event("r2", "consent-revoked"), gpc=gpc)
    )
    assert told(refusing.steps)[0] == "touch P"
    assert refusing.steps[1] == SetConsents("P", {"a": False, "b": False}, NOW)
    assert stranger.steps == ()


def test_a_withdrawal_holds_for_the_payloads_behind_it_in_the_batch() -> None:
    known = world(["P"], sources=[source(requireConsent="a")])
    known.consents["P"] = {"a": GIVEN}
    _, later = play(known, payload("P", "s", revoked(a=False)), payload("P", "s", LATER))
    assert later.steps == ()


def test_a_merged_visitor_has_said_what_either_said_last() -> None:
    known = world(["P", "Q"], sources=[source(requireConsent="a"), replace(SHOP, id="blog", links=("shop.example",))])
    known.consents |= {"P": {"a": GIVEN}, "Q": {"a": (False, NOW - 2 * MINUTE), "b": TAKEN}}
    linked = referral("Q", link_pass=link_pass("Q"), referrer_host=None, landing_host="shop.example")
    linked = replace(linked, referrer_host="shop.example")
    merged, later = play(known, payload("P", "s", VIEW, referral=linked), payload("P", "s", LATER))
    assert [step for step in merged.steps if isinstance(step, MergeProfiles)]
    assert [step.id for step in later.steps if isinstance(step, StoreEvent)] == ["later"]


@pytest.mark.parametrize(
    ("settings", "signals", "stored"),
    [
        ({}, {}, True),
        ({}, {"gpc": True}, False),
        ({"respectGPC": True}, {"gpc": True}, False),
        ({"respectGPC": None}, {"gpc": True}, False),
        ({"respectGPC": False}, {"gpc": True}, True),
        ({}, {"dnt": True}, True),
        ({"respectDoNotTrack": "yes"}, {"dnt": True}, True),
        ({"respectDoNotTrack": True}, {"dnt": True}, False),
        ({"respectDoNotTrack": True, "respectGPC": False}, {"gpc": True}, True),
        ({"requireConsent": True}, {"gpc": True}, False),
    ],
)
def test_what_the_browser_forbids_is_left_as_the_source_says(settings, signals, stored) -> None:
    known = world(["P"], sources=[source(**settings)])
    known.consents["P"] = {"a": GIVEN}
    answer = only(known, payload("P", "s", VIEW, event("big", too_large=70_000), **signals))
    assert bool(answer.steps) == stored
    assert bool([step for step in answer.steps if isinstance(step, Quarantine)]) == stored
    assert len(answer.warnings) == (not stored)


def test_a_source_has_further_parameters_taken_out_everywhere() -> None:
    known = world(sources=[source(scrubParameters=["customer"])])
    url, clean = "https://shop.example/?customer=CANARY&a=1", "https://shop.example/?a=1"
    asked = payload(
        None, "s", event("in", "identify", properties={"to": [url]}, context={"page": {"url": url}}),
        context={"page": url}, properties={"last": url}, claims=(claim(key("user_id", "u"), traits={"site": url}),),
    )  # fmt: skip
    written = repr(only(known, asked).steps)
    assert "CANARY" not in written
    assert written.count(clean) == 5


LONG = "x" * 129
BEYOND = {f"c{number:02}": True for number in range(52)}
EVENT_ILL = "A consent event says neither true nor false of these consents; they were not kept: {}."
EVENT_LONG = "A consent event names consents by more than 128 characters; they were not kept: " + "x" * 64 + "."
TAKEN_BACK = "A withdrawal says neither true nor false of these consents; they count as taken back: {}."
FULL = "This profile holds as many consents as one may; these were not kept: {}."
NO_PROFILE = "A consent event with saveProfile false gives no consent; only what it takes back was kept."
NO_OBJECT = "context.consents is no object of names with true or false; it was ignored."


@pytest.mark.parametrize(
    ("need", "events", "context", "warnings"),
    [
        (False, [granted(a=True), revoked(b=False)], {}, ()),
        (False, [granted(a="yes", b=1, c=None), revoked(d=[])], {}, (TAKEN_BACK.format("d"), EVENT_ILL.format("a, c"))),
        (False, [granted(**{LONG: True})], {}, (EVENT_LONG,)),
        (False, [granted(**BEYOND)], {}, (FULL.format("c50, c51"),)),
        (
            False,
            [granted(**{LONG: True, "late": []}, **BEYOND)],
            {},
            (EVENT_ILL.format("late"), EVENT_LONG, FULL.format("c50, c51")),
        ),
        (False, [VIEW], {"consents": {"a": "yes"}}, ()),
        (True, [VIEW], {"consents": {"ok": True}}, ()),
        (True, [VIEW], {"consents": {"ok": True, "a": "yes"}}, (EVENT_ILL.format("a"),)),
        (True, [VIEW], {"consents": {"ok": True, LONG: True}}, (EVENT_LONG,)),
        (True, [VIEW], {"consents": BEYOND}, (FULL.format("c50, c51"),)),
        (True, [granted(ok=True)], {"consents": ["ok"]}, (NO_OBJECT,)),
        (False, [event("e", "consent-granted", properties={"a": True}, save_profile=False)], {}, (NO_PROFILE,)),
    ],
)
def test_what_is_said_of_consents_and_not_kept_is_named(need, events, context, warnings) -> None:
    known = world(["P"], sources=[source(requireConsent=need)])
    answer = only(known, payload("P", "s", *events, context=context))
    where = "context.consents" if "consents" in context else "A consent event"
    assert answer.warnings == tuple(text.replace("A consent event", where) for text in warnings)


def consents_of(answer: Any) -> list[Any]:
    return [step.consents for step in answer.steps if isinstance(step, SetConsents)]


def test_a_profile_holds_fifty_consents_and_what_does_not_fit_is_named() -> None:
    known = world(["P"], sources=[source()])
    more = granted(c00=False, d=True, e=True)
    first, second, third = play(
        known,
        payload("P", "s", granted(**dict.fromkeys(list(BEYOND)[:49], True))),
        payload("P", "s", more._replace(id="more")),
        payload("P", "s", revoked(d=False, f=False)),
    )
    assert first.warnings == ()
    assert (consents_of(second), second.warnings) == ([{"c00": False, "d": True}], (FULL.format("e"),))
    assert (consents_of(third), third.warnings) == ([{"d": False}], (FULL.format("f"),))


@pytest.mark.parametrize("gpc", [False, True])
def test_there_is_always_room_for_the_consent_that_a_source_requires(gpc) -> None:
    known = world(["P"], sources=[source(requireConsent="needed")])
    known.consents["P"] = dict.fromkeys(list(BEYOND)[:50], GIVEN)
    given, taken = play(
        known, payload("P", "s", granted(needed=True)), payload("P", "s", revoked(needed=False, other=False), gpc=gpc)
    )
    assert consents_of(given) == [{"needed": True}]
    assert consents_of(taken) == [{"needed": False}]
    assert FULL.format("other") in taken.warnings
