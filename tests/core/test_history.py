"""What an operator brings in keeps the names it had, and comes in once."""

from dataclasses import replace
from typing import Any

import pytest
from core_builders import NOW, UUID, world

from tracker.core.history import brought_in_already, under_its_own_name
from tracker.core.known import Known
from tracker.core.model import Claim, Event, Fresh, Payload, Session, StoredEvent
from tracker.core.resolution import resolve
from tracker.core.steps import AddAlias, CreateProfile

FRESH = Fresh(NOW, "task", "new-profile", "new-session", "merge", ["new-event"])
PAST = Payload("shop", (Event("page-view", "e1"),), session_id="s", profile_id="p")


def made(payload: Payload, known: Known) -> list[str]:
    """Return the ids of the profiles that a payload brings along."""
    payload, fresh = under_its_own_name(payload, known, FRESH)
    return [step.id for step in resolve(payload, known, fresh).steps if isinstance(step, CreateProfile)]


@pytest.mark.parametrize("profile", ["p", UUID])
def test_a_visitor_whom_nobody_knows_keeps_its_id(profile: str) -> None:
    payload, fresh = under_its_own_name(replace(PAST, profile_id=profile), world(), FRESH)
    steps = resolve(payload, world(), fresh).steps
    assert [step.id for step in steps if isinstance(step, CreateProfile)] == [profile]
    assert not any(isinstance(step, AddAlias) for step in steps)


@pytest.mark.parametrize(
    ("known", "changes"),
    [
        (world(["p"]), {}),
        (world(["q"], aliases={"p": "q"}), {}),
        (world(["q"], sessions=[Session("s", "s", "q")]), {}),
    ],
    ids=["known by its id", "known by another name", "known by its session"],
)
def test_who_is_known_is_nobody_new(known: Known, changes: dict[str, Any]) -> None:
    assert made(replace(PAST, **changes), known) == []


@pytest.mark.parametrize(
    ("known", "changes"),
    [
        (world(), {"profile_id": None}),
        (world(), {"profile_id": "undefined"}),
        (world(erased=["p"]), {}),
        (world(), {"claims": (Claim(0, ()),)}),
    ],
    ids=["no name", "a name of nobody", "an erased one", "somebody who says who it is"],
)
def test_whose_name_may_not_be_taken_is_given_another_one(known: Known, changes: dict[str, Any]) -> None:
    assert made(replace(PAST, **changes), known) == ["new-profile"]


def test_a_session_whose_profile_is_gone_speaks_for_nobody() -> None:
    assert made(PAST, world(sessions=[Session("s", "s", "gone")])) == ["p"]


@pytest.mark.parametrize(
    ("known", "answer"),
    [
        (world(), False),
        (world(events={("shop", "e1"): StoredEvent("p", "s")}), True),
        (world(forgotten=[("shop", "e1")]), True),
        (world(events={("blog", "e1"): StoredEvent("p", "s")}), False),
    ],
    ids=["new", "stored", "erased", "of another source"],
)
def test_what_is_stored_or_was_erased_is_not_brought_in_again(known: Known, answer: bool) -> None:
    assert brought_in_already(PAST, known) is answer
