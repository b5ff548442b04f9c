"""Bringing people in from elsewhere: what is written of them."""

from tracker.core.importing import Imported, KnownPeople, planned
from tracker.core.person_limits import MOST_NAMES, MOST_TRAITS, Weight
from tracker.core.steps import AddAlias, CreateProfile, SetTraits, TouchProfile


def test_a_new_profile_keeps_its_id_and_its_times() -> None:
    plan = planned([Imported("a", ("b", "a"), {"x": 1}, created=5, updated=7)], KnownPeople(), now=9)
    assert plan.steps == (CreateProfile("a", 5, 7), AddAlias("b", "a"), SetTraits("a", {"x": 1}, 7))
    assert plan.ids == ("a",)


def test_without_times_it_is_as_old_as_this_moment() -> None:
    assert planned([Imported("a")], KnownPeople(), now=9).steps == (CreateProfile("a", 9, 9),)


def test_a_known_id_leads_to_the_live_profile_and_only_news_is_written() -> None:
    held = Weight(traits={"same": (1, 8), "newer": (1, 8), "older": (1, 2)})
    known = KnownPeople({"a": "live", "b": "live"}, {"live": held})
    traits = {"same": 1, "newer": 2, "older": 2, "new": 3, "unverified": 4, "unverified:email": 5}
    plan = planned([Imported("a", ("b", "c"), traits, updated=5)], known, now=9)
    news = SetTraits("live", {"older": 2, "new": 3}, 5)
    assert plan.steps == (AddAlias("c", "live"), news, TouchProfile("live", 9))
    reserved = "Profile 1: the server keeps the names of these traits for itself: unverified, unverified:email."
    assert plan.errors == (reserved,)
    assert planned([Imported("a", ("b",), {"same": 1})], known, now=9).steps == ()


def test_the_first_owner_of_an_id_keeps_it_within_one_list_too() -> None:
    plan = planned([Imported("a", ("x",)), Imported("b", ("x", "x")), Imported("x")], KnownPeople(), now=9)
    assert plan.ids == ("a", "b", "a")
    assert plan.errors == ("Profile 2: one of its ids belongs to another profile.",) * 2


def test_ids_that_name_nobody_or_somebody_erased_are_left_out() -> None:
    known = KnownPeople(erased=frozenset({"gone"}))
    plan = planned([Imported("null"), Imported("gone"), Imported("a", ("undefined", "gone"))], known, now=9)
    assert plan.ids == ("a",)
    assert plan.errors == (
        "Profile 1: its id names nobody.",
        "Profile 2: its id was erased.",
        "Profile 3: one of its ids names nobody.",
        "Profile 3: one of its ids was erased.",
    )


TRAITS = "Profile {}: a person holds at most 200 traits of 256 KB together; these were not kept: {}."


def test_of_two_entries_of_one_profile_the_newer_trait_wins_whatever_their_order() -> None:
    given = [Imported("a", traits={"x": "new"}, updated=7), Imported("a", traits={"x": "old", "y": 1}, updated=5)]
    steps = planned(given, KnownPeople(), now=9).steps
    assert [step for step in steps if isinstance(step, SetTraits)] == [
        SetTraits("a", {"x": "new"}, 7),
        SetTraits("a", {"y": 1}, 5),
    ]


def test_traits_that_a_person_has_no_room_for_are_named_and_the_others_are_kept() -> None:
    many = {f"t{number:03}": number for number in range(MOST_TRAITS)}
    given = [
        Imported("a", traits=many | {"late": 1}),
        Imported("a", traits={"later": 1, "t000": "new"}),
        Imported("b", traits={"small": 1, "large": "x" * 270_000, "other": 2}),
    ]
    plan = planned(given, KnownPeople(), now=9)
    assert [step.traits for step in plan.steps if isinstance(step, SetTraits)] == [
        many, {"t000": "new"}, {"small": 1, "other": 2},
    ]  # fmt: skip
    assert plan.errors == (TRAITS.format(1, "late"), TRAITS.format(2, "later"), TRAITS.format(3, "large"))


def test_what_profiles_merged_into_a_person_hold_counts() -> None:
    known = KnownPeople({"a": "a"}, {"a": Weight(elsewhere=256 * 1024 - 50)})
    assert planned([Imported("a", traits={"x": "y" * 60})], known, now=9).errors == (TRAITS.format(1, "x"),)


def test_ids_beyond_a_thousand_are_named() -> None:
    known = KnownPeople({"a": "a"}, {"a": Weight(names=MOST_NAMES - 1)})
    plan = planned([Imported("a", ("x", "y", "x"))], known, now=9)
    assert plan.steps == (AddAlias("x", "a"), TouchProfile("a", 9))
    assert plan.errors == ("Profile 1: a person has at most 1,000 ids; this one was not kept: y.",)
