"""Who survives a merge, and what the survivor knows (protocol §6)."""

import pytest

from tracker.core.merging import combined, may_merge, survivor, with_traits
from tracker.core.model import Profile

PAIRS = [
    ("anonymous-anonymous", False, False, True, "referred"),
    ("identified-anonymous", True, False, True, "here"),
    ("anonymous-identified", False, True, True, "referred"),
    ("identified-identified", True, True, False, "referred"),
]


@pytest.mark.parametrize(
    ("here", "referred", "may", "lives_on"), [row[1:] for row in PAIRS], ids=[row[0] for row in PAIRS]
)
def test_who_may_merge_and_who_lives_on(here, referred, may, lives_on):
    one, other = Profile("here", here), Profile("referred", referred)

    assert may_merge(one, other) is may
    assert survivor(one, other).id == lives_on


KNOWLEDGE = [
    ("nothing", [], {}),
    ("one-side", [{"name": ("Ada", 1)}], {"name": ("Ada", 1)}),
    ("other-fields", [{"name": ("Ada", 1)}, {"city": ("Paris", 2)}], {"name": ("Ada", 1), "city": ("Paris", 2)}),
    ("newer-second", [{"city": ("Rome", 1)}, {"city": ("Paris", 2)}], {"city": ("Paris", 2)}),
    ("newer-first", [{"city": ("Paris", 2)}, {"city": ("Rome", 1)}], {"city": ("Paris", 2)}),
    ("newer-in-the-middle", [{"a": (1, 1)}, {"a": (3, 3)}, {"a": (2, 2)}], {"a": (3, 3)}),
    (
        "field-by-field",
        [{"name": ("Ada", 5), "city": ("Rome", 1)}, {"name": ("A.", 2), "city": ("Paris", 2)}],
        {"name": ("Ada", 5), "city": ("Paris", 2)},
    ),
    ("newer-and-empty", [{"city": ("Rome", 1)}, {"city": (None, 2)}], {"city": (None, 2)}),
    ("at-one-moment", [{"city": ("Rome", 1)}, {"city": ("Paris", 1)}], {"city": ("Rome", 1)}),
]


@pytest.mark.parametrize(("sides", "known"), [row[1:] for row in KNOWLEDGE], ids=[row[0] for row in KNOWLEDGE])
def test_the_newer_write_wins_field_by_field(sides, known):
    assert combined(sides) == known


def test_combining_leaves_each_side_as_it_was_so_that_a_merge_can_be_undone():
    one, other = {"city": ("Rome", 1)}, {"city": ("Paris", 2)}
    combined([one, other])

    assert (one, other) == ({"city": ("Rome", 1)}, {"city": ("Paris", 2)})


def test_what_is_said_later_replaces_what_was_known_field_by_field() -> None:
    known = {"plan": ("free", 1), "size": (42, 1)}
    assert with_traits(known, {"plan": "pro", "hat": None}, 2, 10) == {
        "plan": ("pro", 2),
        "size": (42, 1),
        "hat": (None, 2),
    }
    assert known == {"plan": ("free", 1), "size": (42, 1)}


def test_a_profile_that_knows_enough_takes_new_values_and_no_new_names() -> None:
    assert with_traits({"a": (1, 1)}, {"b": 2, "a": 3, "c": 4}, 2, 2) == {"a": (3, 2), "b": (2, 2)}
