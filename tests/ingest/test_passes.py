"""A link pass is believed for ten minutes, under every key the operator still keeps, and never when made up."""

import pytest
from itsdangerous import Signer, URLSafeSerializer, URLSafeTimedSerializer

from tracker.core.model import LinkPass
from tracker.ingest.passes import PassOffice

KEY, OLD_KEY = "a key that only tests sign with", "the key of last year, still believed"
MINUTE = 60_000_000


@pytest.fixture
def office(clock) -> PassOffice:
    return PassOffice((KEY,), clock)


def test_a_pass_says_whose_it_is_by_which_source_and_until_when(office, clock) -> None:
    issued = clock()
    found = office.read(office.issue("profile-1", "Source ID"))
    assert (found.state, found.profile_id, found.source_id) == ("valid", "profile-1", "Source ID")
    assert found.expires == issued + 10 * MINUTE
    assert found.nonce


def test_no_two_passes_are_the_same(office) -> None:
    tokens = {office.issue("profile-1", "shop") for _ in range(100)}
    assert len(tokens) == len({office.read(token).nonce for token in tokens}) == 100


@pytest.mark.parametrize("name", ["x" * 128, "ä 🦊 \"'", "__proto__", "a.b.c", "é" * 128])
def test_any_id_may_be_handed_over(name: str, office) -> None:
    found = office.read(office.issue(name, name))
    assert (found.state, found.profile_id, found.source_id) == ("valid", name, name)


def test_a_pass_can_stand_in_a_url_as_it_is(office) -> None:
    assert set(office.issue("ä&?#/+= %", "shop")) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    )


def test_a_pass_lives_ten_minutes_and_says_so_afterwards(office, clock) -> None:
    token = office.issue("profile-1", "shop")
    clock.forward(600)
    assert office.read(token).state == "valid"
    clock.forward(0.001)
    expired = office.read(token)
    assert (expired.state, expired.profile_id) == ("expired", "profile-1")


def test_another_host_whose_clock_is_a_little_ahead_is_believed(office, clock) -> None:
    token = office.issue("profile-1", "shop")
    clock.forward(-60)
    assert office.read(token).state == "valid"
    clock.forward(-1)
    assert office.read(token) == LinkPass("forged")


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_pass_is_absent(nothing, office) -> None:
    assert office.read(nothing) == LinkPass("absent")


def test_every_changed_character_makes_it_forged(office) -> None:
    token = office.issue("profile-1", "shop")
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        # The last character of base64 holds a few bits that nobody reads; what it says may not differ though.
        if (found := office.read(changed)) != LinkPass("forged"):
            assert found == office.read(token)
            assert place in (len(token) - 1, token.index(".") - 1)


@pytest.mark.parametrize(
    "made_up",
    [
        ".",
        "a.b",
        "....",
        "é.é",
        "\x00",
        "WyJwcm9maWxlLTEiLCJzaG9wIiwxLCJ4Il0",
        "WyJwcm9maWxlLTEiLCJzaG9wIiwxLCJ4Il0.",
        ".eJwrSUxKAQAEXgGm.x",
        "x" * 100_000,
    ],
    ids=lambda token: repr(token[:20]),
)
def test_whatever_is_made_up_is_forged_and_never_an_error(made_up: str, office) -> None:
    assert office.read(made_up) == LinkPass("forged")


@pytest.mark.parametrize(
    "content",
    [
        None,
        7,
        "text",
        [],
        {},
        ["profile-1", "shop", 1],
        ["profile-1", "shop", "soon", "nonce"],
        ["profile-1", "shop", None, "nonce"],
        ["profile-1", "shop", 1e400, "nonce"],
        ["profile-1", "shop", [], "nonce"],
        [None, "shop", 1748779200000, "nonce"],
        ["profile-1", 7, 1748779200000, "nonce"],
        ["profile-1", "shop", 1748779200000, None],
        ["profile-1", "shop", 1748779200000.5, "nonce"],
    ],
    ids=repr,
)
def test_something_else_under_the_right_signature_is_forged_too(content, office) -> None:
    # Whoever has the key can sign anything; a version of this software from before or after may.
    signs = URLSafeSerializer(KEY, salt="handoff.link-pass", signer=Signer, signer_kwargs={"key_derivation": "hmac"})
    assert office.read(signs.dumps(content)) == LinkPass("forged")


def test_what_was_signed_with_the_same_key_for_another_purpose_is_no_pass(office) -> None:
    content = ["profile-1", "shop", 1748779200000, "nonce"]
    for other in (URLSafeSerializer(KEY, salt="cookie"), URLSafeSerializer(KEY), URLSafeTimedSerializer(KEY)):
        assert office.read(other.dumps(content)) == LinkPass("forged")


def test_after_the_key_was_changed_passes_of_the_old_one_are_believed_while_it_is_kept(clock) -> None:
    old, both, new = (PassOffice(keys, clock) for keys in ((OLD_KEY,), (KEY, OLD_KEY), (KEY,)))
    assert both.read(old.issue("profile-1", "shop")).state == "valid"
    assert new.read(both.issue("profile-1", "shop")).state == "valid", "the first key signs"
    assert old.read(both.issue("profile-1", "shop")).state == "forged"
    assert new.read(old.issue("profile-1", "shop")).state == "forged"
