"""A consent that is taken back is kept however that is said, and what is not understood grants nothing."""

from dataclasses import replace
from typing import Any

import pytest
from core_builders import MINUTE, NOW, SHOP, claim, event, key, only, payload, play, world
from hypothesis import given
from hypothesis import strategies as st

from tracker.core.consents import MOST_CONSENTS
from tracker.core.known import Known
from tracker.core.model import Event, StoredEvent
from tracker.core.steps import MergeProfiles, SetConsents, StoreEvent

GIVEN, TAKEN = (True, NOW - MINUTE), (False, NOW - MINUTE)
MANY = {f"c{number:02}": True for number in range(MOST_CONSENTS)}
VIEW = event("view")


def knowing(need: Any = "analytics", **consents: Any) -> Known:
    """A store in which P has said this at a source that needs that."""
    known = world(["P"], sources=[replace(SHOP, settings={"requireConsent": need})])
    known.consents["P"] = consents
    return known


def says(kind: str, names: dict[str, Any], **given: Any) -> Event:
    return event(f"to-{kind}", f"consent-{kind}", properties=names, **given)


def written(answer: Any) -> list[Any]:
    return [step.consents for step in answer.steps if isinstance(step, SetConsents)]


def stores(answer: Any) -> list[str]:
    return [step.id for step in answer.steps if isinstance(step, StoreEvent)]


@pytest.mark.parametrize("kind", ["granted", "revoked"])
@pytest.mark.parametrize("need", ["analytics", False])
def test_a_refusal_behind_fifty_other_names_is_kept(kind, need) -> None:
    others = dict.fromkeys(MANY, kind == "granted")
    taken, later = play(
        knowing(need, analytics=GIVEN),
        payload("P", "s", says(kind, others | {"more": False, "analytics": False})),
        payload("P", "s", VIEW),
    )
    assert written(taken)[0]["analytics"] is False
    assert len(written(taken)[0]) == MOST_CONSENTS
    assert taken.warnings == ("This profile holds as many consents as one may; these were not kept: c49, more.",)
    assert stores(later) == ([] if need else ["view"])


@pytest.mark.parametrize("value", [False, "false", "False ", "0", 0, 0.0])
@pytest.mark.parametrize("kind", ["granted", "revoked"])
def test_false_is_read_as_a_person_would(kind, value) -> None:
    answer = only(knowing(analytics=GIVEN), payload("P", "s", says(kind, {"analytics": value, "ads": True})))
    assert written(answer) == [{"analytics": False, "ads": True}]
    assert answer.warnings == ()


@pytest.mark.parametrize("value", [True, "true", " TRUE", "1", 1, 1.0])
def test_true_is_read_as_a_person_would(value) -> None:
    assert written(only(knowing(), payload("P", "s", says("granted", {"analytics": value})))) == [{"analytics": True}]
    stated = only(knowing(), payload("P", "s", VIEW, context={"consents": {"analytics": value}}))
    assert stores(stated) == ["view"]


@pytest.mark.parametrize("value", [None, "", "yes", "granted", 2, -1, 0.5, [], [True], {}, {"analytics": True}])
def test_what_is_not_understood_grants_nothing_and_takes_back_in_a_withdrawal(value) -> None:
    ill = {"analytics": value}
    granted = only(knowing(), payload("P", "s", VIEW, says("granted", ill)))
    assert (granted.steps, "these consents; they were not kept: analytics." in granted.warnings[0]) == ((), True)
    stated = only(knowing(), payload("P", "s", VIEW, context={"consents": ill}))
    assert stated.steps == ()
    revoked, later = play(knowing(analytics=GIVEN), payload("P", "s", says("revoked", ill)), payload("P", "s", VIEW))
    assert written(revoked) == [{"analytics": False}]
    assert revoked.warnings == (
        "A withdrawal says neither true nor false of these consents; they count as taken back: analytics.",
    )
    assert later.steps == ()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({}, {"analytics": False, "ads": False}),
        ({"analytics": True}, {"analytics": False}),
        # It names no consent that there is.
        ({"reason": "changed my mind"}, {"analytics": False, "ads": False}),
        ({"consents": {"analytics": False}}, {"analytics": False, "ads": False}),
        ({"consents": ["analytics"]}, {"analytics": False, "ads": False}),
        ({"reason": "changed my mind", "analytics": True}, {"reason": False, "analytics": False}),
        ({"other": True}, {"other": False}),
        ({"ads": "no", "analytics": True}, {"ads": False, "analytics": False}),
        ({"ads": "no", "analytics": False}, {"ads": False, "analytics": False}),
    ],
)
def test_what_a_withdrawal_takes_back(names, expected) -> None:
    answer = only(knowing(analytics=GIVEN, ads=GIVEN), payload("P", "s", says("revoked", names)))
    assert written(answer) == [expected]


@pytest.mark.parametrize("need", ["analytics", True])
def test_what_the_page_still_states_does_not_outlive_a_withdrawal_of_everything(need) -> None:
    stated = {"consents": {"analytics": True}}
    taken, later = play(
        knowing(need),
        payload("P", "s", says("revoked", {}), context=stated),
        payload("P", "s", VIEW, context=stated),
    )
    assert written(taken) == [{"analytics": False}]
    assert later.steps == ()


def test_what_the_page_states_does_not_give_what_was_taken_back_elsewhere() -> None:
    asked = payload("P", "s", VIEW, context={"consents": {"analytics": True, "ads": True}})
    assert written(only(knowing(ads=TAKEN), asked)) == [{"analytics": True}]


@pytest.mark.parametrize("erased", [False, True])
def test_a_grant_that_is_sent_again_does_not_undo_a_withdrawal(erased) -> None:
    known = knowing(analytics=TAKEN)
    known.forgotten |= {("shop", "to-granted")} if erased else set()
    known.events |= {} if erased else {("shop", "to-granted"): StoredEvent("P", "s")}
    answer = only(known, payload("P", "s", says("granted", {"analytics": True}), VIEW))
    assert (written(answer), stores(answer)) == ([], [])


def test_a_withdrawal_that_is_sent_again_counts_again() -> None:
    known = knowing(analytics=GIVEN)
    known.events["shop", "to-revoked"] = StoredEvent("P", "s")
    assert written(only(known, payload("P", "s", says("revoked", {}), VIEW))) == [{"analytics": False}]


@pytest.mark.parametrize("need", ["analytics", False])
def test_a_withdrawal_is_kept_where_no_profile_is_saved(need) -> None:
    refused = says("revoked", {"analytics": False, "ads": True}, save_profile=False)
    taken, later = play(knowing(need, analytics=GIVEN), payload("P", "s", refused), payload("P", "s", VIEW))
    assert written(taken) == [{"analytics": False}]
    assert stores(later) == ([] if need else ["view"])
    stranger = only(knowing(need), payload(None, "t", refused))
    assert written(stranger) == []
    assert written(only(knowing(need), payload("P", "s", says("granted", {"ads": True}, save_profile=False)))) == []


def test_a_withdrawal_of_everything_is_one_of_what_the_profile_merged_just_now_has_given() -> None:
    known = world(["P"], identified=["A"], sources=[SHOP], identities={("user_id", "#anna"): "A"})
    known.consents |= {"P": {"ads": GIVEN}, "A": {"analytics": GIVEN}}
    asked = payload("P", "s", event("in", "identify"), says("revoked", {}), claims=(claim(key("user_id", "anna")),))
    answer = only(known, asked)
    assert [step.loser for step in answer.steps if isinstance(step, MergeProfiles)] == ["P"]
    assert written(answer) == [{"analytics": False, "ads": False}]


VALUES = st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from(["true", "false", "no", [], {}])
NAMES = st.dictionaries(st.sampled_from([*MANY, "analytics", "x" * 129]), VALUES, max_size=60)


@given(NAMES, NAMES, st.booleans(), st.booleans())
def test_after_a_withdrawal_of_the_consent_that_is_needed_nothing_is_stored(names, stated, full, gpc) -> None:
    known = knowing(analytics=GIVEN, **(dict.fromkeys(MANY, GIVEN) if full else {}))
    names |= {"analytics": False}
    context = {"consents": stated | {"analytics": True}}
    taken, later = play(
        known,
        payload("P", "s", says("revoked", names), gpc=gpc),
        payload("P", "s", VIEW, context=context),
    )
    assert written(taken)[0]["analytics"] is False
    assert later.steps == ()
    assert sum(map(len, taken.warnings)) < 4 * 6 * 70
