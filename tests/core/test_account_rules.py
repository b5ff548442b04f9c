"""Names and passwords of the people who look after the house."""

import pytest

from tracker.core import account_rules


@pytest.mark.parametrize(("given", "kept"), [("Anna", "anna"), ("  Jörg B. ", "jörg b."), ("a" * 64, "a" * 64)])
def test_a_name_is_kept_in_the_spelling_it_is_compared_in(given: str, kept: str) -> None:
    assert account_rules.user_name(given) == kept


@pytest.mark.parametrize("given", ["", "  ", "a" * 65, "an\x00na", "two\nlines"])
def test_a_name_that_could_not_be_typed_again_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="1 to 64 printable"):
        account_rules.user_name(given)


@pytest.mark.parametrize(
    ("given", "problem"),
    [("nine char", "at least 10"), ("x" * 1025, "at most 1024"), ("Anna Anna Anna", "must not be the name")],
)
def test_a_password_that_is_no_lock_is_refused(given: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        account_rules.password(given, "anna anna anna")


def test_a_password_is_taken_as_it_is() -> None:
    assert account_rules.password("  Spaces count ", "anna") == "  Spaces count "


def test_there_are_two_roles() -> None:
    assert [account_rules.role(name) for name in ("owner", "viewer")] == ["owner", "viewer"]
    with pytest.raises(ValueError, match="not one of owner, viewer"):
        account_rules.role("admin")


def test_tries_are_counted_by_name_without_keeping_what_was_typed() -> None:
    assert account_rules.tries_of("anna") == account_rules.tries_of("anna") != account_rules.tries_of("ben")
    assert "secret typed into the wrong field" not in account_rules.tries_of("secret typed into the wrong field")
    assert len(account_rules.tries_of("\ud800" * 5000)) <= 80


def test_tries_from_a_place_begin_as_all_of_their_name_do() -> None:
    of_anna, from_home = account_rules.tries_from("anna"), account_rules.tries_from("anna", "203.0.113.0/24")
    assert from_home.startswith(of_anna)
    assert from_home != account_rules.tries_from("anna", "198.51.100.0/24")
    assert not account_rules.tries_from("ben", "203.0.113.0/24").startswith(of_anna)
    assert "203.0.113" not in from_home
