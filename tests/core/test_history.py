"""What an operator brings in keeps the names it had, and comes in once."""

import pytest
from core_builders import NOW, UUID, world

from tracker.core.history import brought_in_already, resolve_past
from tracker.core.known import Known
from tracker.core.model import Event, Fresh, Payload, Session, StoredEvent
from tracker.core.steps import AddAlias, CreateProfile, Resolution

FRESH = Fresh(NOW, "task", "new-profile", "new-session", "merge", ["new-event"])
PAST = Payload("shop", (Event("page-view", "e1"),), session_id="s", profile_id="p")


def decided(payload: Payload, known: Known) -> tuple[list[str], Resolution]:
    """Return the profiles that a payload makes, and what is decided."""
    resolution = resolve_past(payload, known, FRESH)
    return [step.id for step in resolution.steps if isinstance(step, CreateProfile)], resolution


@pytest.mark.parametrize("profile", ["p", UUID])
def test_a_visitor_whom_nobody_knows_keeps_its_id(profile: str) -> None:
    made, resolution = decided(PAST._replace(profile_id=profile), world())
    assert made == [profile]
    assert (resolution.profile_id, resolution.warnings) == (profile, ())
    assert not any(isinstance(step, AddAlias) for step in resolution.steps)


@pytest.mark.parametrize("known", [world(["p"]), world(["q"], aliases={"p": "q"})], ids=["its id", "another name"])
def test_who_is_known_is_nobody_new(known: Known) -> None:
    assert decided(PAST, known)[0] == []


def test_a_session_of_the_same_name_does_not_make_two_visitors_one() -> None:
    made, resolution = decided(PAST, world(["q"], sessions=[Session("s", "s", "q", source_id="shop")]))
    assert made == ["p"]
    assert (resolution.profile_id, resolution.session_id) == ("p", "new-session")


@pytest.mark.parametrize(
    ("known", "named"),
    [(world(), None), (world(), "undefined"), (world(erased=["p"]), "p")],
    ids=["no name", "a name of nobody", "an erased one"],
)
def test_whose_name_may_not_be_taken_is_given_another_one(known: Known, named: str | None) -> None:
    assert decided(PAST._replace(profile_id=named), known)[0] == ["new-profile"]


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
    resolution = resolve_past(PAST, known, FRESH)
    # It is not counted as a repeat of a browser either.
    assert (resolution.steps == (), resolution.fates == (("e1", "duplicate"),)) == (answer, answer)
