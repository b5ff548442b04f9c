"""What one person may hold is bounded, and what does not fit is named."""

from dataclasses import replace

from core_builders import BLOG, CRM, NOW, SHOP, UUID, claim, event, key, only, payload, play, referral, visit, world

from tracker.core.person_limits import MOST_NAMES, MOST_TRAIT_BYTES, MOST_TRAITS, Weight, fits, fitting, joined
from tracker.core.steps import AddAlias, MergeProfiles, SetTraits

OPEN = replace(SHOP, id="open", identify="open")
ANNA = key("user_id", "anna")
TOO_MUCH = "The two profiles hold more ids or traits than one may; they were not merged."
MOST_NAMED = "This profile has as many ids as one may have; the one sent was not kept."
HALF = "x" * (MOST_TRAIT_BYTES // 2)


def holding(weights, **more):
    known = world(["P", "R"], sources=(SHOP, BLOG, OPEN, CRM), **more)
    known.weights |= weights
    return known


def test_traits_fit_up_to_a_number_of_names_and_of_bytes():
    full = Weight(traits={f"t{n}": (n, 1) for n in range(MOST_TRAITS)})
    assert fitting(full, {"t0": "new", "another": 1}) == ({"t0": "new"}, ["another"])
    assert fitting(Weight(), {"a": HALF, "b": HALF, "c": 1}) == ({"a": HALF, "c": 1}, ["b"])
    assert fitting(Weight(elsewhere=MOST_TRAIT_BYTES), {"a": 1}) == ({}, ["a"])
    # What is over the limit already may shrink.
    heavy = Weight(traits={"a": (HALF + HALF, 1)})
    assert not fits(heavy)
    assert fitting(heavy, {"a": HALF}) == ({"a": HALF}, [])


def test_two_profiles_hold_together_what_each_of_them_holds():
    both = joined(Weight(3, {"a": (1, 1)}, 5), Weight(4, {"b": (HALF, 1)}, 7))
    assert (both.names, both.traits) == (7, {"a": (1, 1)})
    assert both.elsewhere == 5 + 7 + Weight(traits={"b": (HALF, 1)}).bytes


def test_traits_that_do_not_fit_are_named_also_within_one_batch():
    known = holding({})
    asked = [
        payload("P", "s", event(f"e{n}"), at="open", claims=(claim(ANNA, traits={f"t{n}": HALF, f"u{n}": n}),))
        for n in range(3)
    ]
    answers = play(known, *asked)
    assert [answer.warnings for answer in answers] == [
        (),
        *((f"This profile holds as many traits as one may; these were not kept: t{n}.",) for n in (1, 2)),
    ]
    kept = [step.traits for answer in answers for step in answer.steps if isinstance(step, SetTraits)]
    assert [sorted(traits) for traits in kept] == [["t0", "u0", "user_id"], ["u1", "user_id"], ["u2", "user_id"]]
    assert known.weight("P").bytes <= MOST_TRAIT_BYTES


def test_nothing_is_written_where_nothing_fits():
    full = {f"t{n}": (n, 1) for n in range(MOST_TRAITS)}
    known = holding({"P": Weight(traits=full)})
    resolution = only(known, payload("P", "s", claims=(claim(traits={"more": 1}, signed=False),)))
    assert not [step for step in resolution.steps if isinstance(step, SetTraits)]
    assert resolution.warnings[-1].endswith("these were not kept: unverified:more.")


def test_a_profile_takes_a_bounded_number_of_ids():
    known = holding({"P": Weight(MOST_NAMES - 1)}, sessions=[visit("s", "P")])
    first, second = play(known, payload(UUID, "s"), payload(UUID.replace("6", "7"), "s", event("e2")))
    assert (first.warnings, second.warnings) == ((), (MOST_NAMED,))
    assert not [step for step in second.steps if isinstance(step, AddAlias)]
    trusted = only(known, payload("P", "s", at=CRM.id, profile_ids=("crm-1",)))
    assert trusted.warnings == (MOST_NAMED,)


def test_a_link_merges_no_more_than_one_profile_may_hold():
    for weight in (Weight(MOST_NAMES), Weight(traits={"a": (HALF + HALF, NOW)})):
        known = holding({"P": weight, "R": Weight(2)}, sessions=[visit("s", "P")])
        resolution = only(known, payload("P", "s", referral=referral("R", source_id="blog")))
        assert (resolution.profile_id, resolution.warnings) == ("P", (TOO_MUCH,))
        assert not [step for step in resolution.steps if isinstance(step, MergeProfiles)]


def test_who_signs_in_is_recognised_also_where_the_two_hold_too_much_to_be_merged():
    known = holding({"A": Weight(MOST_NAMES)}, identified=["A"], identities={("user_id", "#anna"): "A"})
    resolution = only(known, payload("P", "s", claims=(claim(ANNA),)))
    assert (resolution.profile_id, resolution.warnings) == ("A", (TOO_MUCH,))
    assert not [step for step in resolution.steps if isinstance(step, MergeProfiles)]
