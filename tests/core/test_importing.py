"""Bringing people in from elsewhere: what is written of them."""

from tracker.core.importing import Imported, KnownPeople, planned
from tracker.core.steps import AddAlias, CreateProfile, SetTraits, TouchProfile


def test_a_new_profile_keeps_its_id_and_its_times() -> None:
    plan = planned([Imported("a", ("b", "a"), {"x": 1}, created=5, updated=7)], KnownPeople(), now=9)
    assert plan.steps == (CreateProfile("a", 5, 7), AddAlias("b", "a"), SetTraits("a", {"x": 1}, 7))
    assert plan.ids == ("a",)


def test_without_times_it_is_as_old_as_this_moment() -> None:
    assert planned([Imported("a")], KnownPeople(), now=9).steps == (CreateProfile("a", 9, 9),)


def test_a_known_id_leads_to_the_live_profile_and_only_news_is_written() -> None:
    known = KnownPeople({"a": "live", "b": "live"}, {"live": {"same": (1, 8), "newer": (1, 8), "older": (1, 2)}})
    traits = {"same": 1, "newer": 2, "older": 2, "new": 3, "unverified": 4, "unverified:email": 5}
    plan = planned([Imported("a", ("b", "c"), traits, updated=5)], known, now=9)
    news = SetTraits("live", {"older": 2, "new": 3}, 5)
    assert plan.steps == (AddAlias("c", "live"), news, TouchProfile("live", 9))
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
