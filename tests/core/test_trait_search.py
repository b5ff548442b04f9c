"""What of a person's traits can be searched for."""

import pytest

from tracker.core.trait_search import LONGEST, MOST, names_of, question, searchable

CASES = [
    ({}, set()),
    ({"name": " Ada  Lovelace "}, {"ada lovelace"}),
    ({"city": "STRASSE", "also": "straße"}, {"strasse"}),
    ({"age": 42, "score": 1.5, "vip": True, "gone": None}, {"42", "1.5"}),
    ({"tags": ["A", "b"], "address": {"town": "Rome"}, "list": [{"x": ["deep"]}]}, {"a", "b", "rome"}),
    ({"long": "x" * (LONGEST + 1), "empty": " "}, set()),
]


@pytest.mark.parametrize(("traits", "values"), CASES)
def test_values_are_found_whatever_their_case_and_wherever_they_are(traits, values) -> None:
    assert searchable(traits) == values


def test_no_profile_fills_the_index() -> None:
    assert len(searchable({str(number): number for number in range(2 * MOST)})) == MOST


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Gold", ("", "gold")),
        ("plan=Gold", ("plan", "gold")),
        (" plan = a=b ", ("plan", "a=b")),
        ("=gold", ("", "=gold")),
        ("gold=", ("", "gold=")),
    ],
)
def test_a_question_may_name_the_trait(asked, meant) -> None:
    assert question(asked) == meant


def test_the_traits_that_hold_a_value_are_named() -> None:
    assert names_of({"plan": "Gold", "medal": ["gold"], "ring": "silver"}, "gold") == ["plan", "medal"]
