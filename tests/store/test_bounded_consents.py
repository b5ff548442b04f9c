"""What visitors say of their consents is bounded over all profiles of a person, and nothing of it goes in silence."""

import pytest

from tracker.core.consents import MOST_CONSENTS
from tracker.core.model import Event
from tracker.core.steps import MergeProfiles
from tracker.store import reports
from tracker.store.applying import apply
from tracker.store.engine import transaction

FULL = "This profile holds as many consents as one may; these were not kept: {}."


@pytest.fixture(autouse=True)
def shop(make_source) -> None:
    make_source("shop")


@pytest.fixture
def consent(record):
    """Let a visitor say something about consents; returns the answer."""

    def say(event_id: str, session: str, kind: str = "consent-granted", **names: bool):
        return record(events=(Event(kind, event_id, names),), session=session)

    return say


def names(number: int) -> dict[str, bool]:
    return {f"c{place:02}": True for place in range(number)}


def test_a_consent_that_does_not_fit_is_named_where_none_is_required_too(consent, read, broken) -> None:
    held = consent("full", "s", **names(MOST_CONSENTS))
    assert held.warnings == ()
    assert consent("more", "s", more=True, c00=False).warnings == (FULL.format("more"),)
    assert read(reports.profile, held.profile_id)["consents"] == names(MOST_CONSENTS) | {"c00": False}
    assert broken() == {}


def test_a_consent_is_taken_back_that_a_profile_merged_into_a_full_one_has_given(
    consent, engine, clock, new_id, read, broken
) -> None:
    full, other = consent("full", "s1", **names(MOST_CONSENTS)), consent("other", "s2", theirs=True)
    clock.forward(1)
    merge = MergeProfiles(new_id("merge"), other.profile_id, full.profile_id, "referral", clock())
    transaction(engine, lambda conn: apply(conn, [merge]))
    clock.forward(1)
    taken = consent("taken", "s1", "consent-revoked", theirs=False)
    assert taken.warnings == ()
    assert read(reports.profile, full.profile_id)["consents"] == names(MOST_CONSENTS) | {"theirs": False}
    assert broken() == {}
