"""Merging two profiles by hand: which one stays, and what a preview says."""

import pytest

from tracker.core.manual_merge import CannotMerge, DifferentPeople, Side, allowed, planned, shown

ANNA = Side("anna", True, ("anna", "a2"), ("user_id",), 3, 9, {"name": ("Anna", 5), "plan": ("pro", 1)})
PHONE = Side("phone", False, ("phone",), (), 1, 2, {"name": ("Ann", 7), "unverified:email": ("a@b.dev", 2)})
LAPTOP = Side("laptop", True, ("laptop",), ("email",), 2, 4, {"plan": ("pro", 9)})


@pytest.mark.parametrize(
    ("first", "second", "stays"),
    [
        (PHONE, Side("tablet"), "phone"),
        (Side("tablet"), PHONE, "tablet"),
        (ANNA, PHONE, "anna"),
        (PHONE, ANNA, "anna"),
        (LAPTOP, ANNA, "laptop"),
    ],
)
def test_the_first_profile_stays_unless_only_the_second_is_identified(first: Side, second: Side, stays: str) -> None:
    found = planned(first, second)
    assert found.survivor.id == stays
    assert {found.survivor.id, found.loser.id} == {first.id, second.id}


def test_one_profile_is_not_merged_with_itself() -> None:
    with pytest.raises(CannotMerge, match="'anna' already"):
        planned(ANNA, ANNA)


def test_two_identified_profiles_are_merged_only_where_that_is_meant() -> None:
    found = planned(ANNA, LAPTOP)
    with pytest.raises(DifferentPeople, match="two different people"):
        allowed(found, different_people=False)
    allowed(found, different_people=True)
    allowed(planned(ANNA, PHONE), different_people=False)


def test_a_preview_says_what_comes_together_and_which_value_of_each_trait_is_shown() -> None:
    assert shown(planned(PHONE, ANNA)) == {
        "survivor": "anna",
        "loser": "phone",
        "different_people": False,
        "ids": ["anna", "a2", "phone"],
        "identities": {"survivor": ["user_id"], "loser": []},
        "sessions": {"survivor": 3, "loser": 1},
        "events": {"survivor": 9, "loser": 2},
        "traits": {"name": "Ann", "plan": "pro", "unverified": {"email": "a@b.dev"}},
        "differences": [{"name": "name", "kept": "Ann", "hidden": "Anna", "kept_from": "phone"}],
    }


def test_of_two_values_the_newer_one_is_shown_and_equal_ones_are_no_difference() -> None:
    one = Side("one", traits={"name": ("Anna", 9), "plan": ("pro", 1)}, consents={"mail": (True, 2)})
    other = Side("other", traits={"name": ("Ann", 3), "plan": ("pro", 2)}, consents={"mail": (False, 4)})
    assert [(d.name, d.kept, d.hidden, d.kept_from) for d in planned(one, other).differences] == [
        ("name", "Anna", "Ann", "one"),
        ("mail", False, True, "other"),
    ]
