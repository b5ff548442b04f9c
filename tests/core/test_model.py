"""The nouns: what they are when nothing is said, and that nobody changes them under somebody else's hands."""

import pytest

from tracker.core.limits import KIB, MIB, Limits
from tracker.core.model import Event, Options, Payload, Source


@pytest.mark.parametrize(("kind", "trusted"), [("browser", False), ("server", True)])
def test_only_a_backend_is_trusted(kind, trusted):
    assert Source("s", "S", kind=kind).trusted is trusted


def test_a_source_is_careful_unless_told_otherwise():
    source = Source("s", "S")

    assert (source.kind, source.enabled, source.referrals, source.identify) == ("browser", True, "signed", "verified")


def test_everything_is_saved_and_nothing_debugged_unless_told_otherwise():
    assert Options() == Options(save_event=True, save_session=True, save_profile=True, debugger=False)


@pytest.mark.parametrize("noun", [Source("s", "S"), Payload("s", ()), Event("page-view"), Options(), Limits()])
def test_a_noun_does_not_change(noun):
    for name in type(noun).__annotations__:
        with pytest.raises(AttributeError):
            setattr(noun, name, "other")


def test_a_source_says_which_of_its_identify_secrets_are_believed():
    assert Source("shop", "Shop").identify_generations == (0, 0)
    assert Source("shop", "Shop", identify_generation=3, identify_oldest=1).identify_generations == (3, 1)


def test_the_limits_are_those_of_the_contract():
    assert Limits() == Limits(
        body=MIB,
        events=500,
        event=64 * KIB,
        depth=32,
        nodes=50_000,
        key=256,
        string=16 * KIB,
        url=4 * KIB,
        user_agent=KIB,
        id_chars=128,
        ids=10,
    )
