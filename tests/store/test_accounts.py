"""Users, logins and the first link, on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tracker.core.account_rules import Role
from tracker.store import accounts, removed_users, throttle
from tracker.store.accounts import LastOwner, Login, NameTaken, SetupIsOver, User
from tracker.store.engine import transaction

SECOND = 1_000_000


@pytest.fixture
def do(engine: Engine) -> Callable[..., Any]:
    """Run one of the store's functions in a transaction of its own."""
    return lambda function, *given: transaction(engine, lambda conn: function(conn, *given))


def user(name: str, role: Role = "owner", at: int = 0) -> User:
    return User(f"id-of-{name}", name, role, at)


def login(name: str, at: int) -> Login:
    return Login("", user(name), at, at, "A browser", "192.0.2.0/24")


def test_the_link_makes_one_user_and_is_over(do, clock) -> None:
    assert do(accounts.offer_setup, "token", clock())
    assert do(accounts.sets_up, "token", clock())
    do(accounts.set_up, "token", user("anna", at=clock()), "hash")
    assert do(accounts.anybody)
    with pytest.raises(SetupIsOver):
        do(accounts.set_up, "token", user("eve", at=clock()), "hash")
    assert [one.name for one in do(accounts.users)] == ["anna"]


def test_no_link_is_given_out_once_there_is_a_user(do, clock) -> None:
    do(accounts.offer_setup, "token", clock())
    do(accounts.add, user("anna"), "hash")
    assert not do(accounts.sets_up, "token", clock())
    assert not do(accounts.offer_setup, "another", clock())


@pytest.mark.parametrize(("token", "hours"), [("another", 0), ("token", 24), ("", 0)])
def test_a_link_that_is_wrong_or_old_sets_nothing_up(do, clock, token: str, hours: int) -> None:
    do(accounts.offer_setup, "token", clock())
    clock.forward(hours * 3600)
    assert not do(accounts.sets_up, token, clock())


def test_a_newer_link_takes_the_place_of_an_older_one(do, clock) -> None:
    do(accounts.offer_setup, "old", clock())
    do(accounts.offer_setup, "new", clock())
    assert [do(accounts.sets_up, token, clock()) for token in ("old", "new")] == [False, True]


def test_the_database_holds_no_token_that_lets_anybody_in(do, clock, engine) -> None:
    do(accounts.offer_setup, "setup-token", clock())
    with engine.begin() as conn:
        assert "setup-token" not in str(conn.execute(text("SELECT * FROM setup_token")).all())
    do(accounts.add, user("anna"), "hash")
    do(accounts.log_in, "login-token", login("anna", clock()))
    with engine.begin() as conn:
        assert "login-token" not in str(conn.execute(text("SELECT * FROM login_session")).all())


def test_a_name_is_taken_once(do) -> None:
    do(accounts.add, user("anna"), "hash")
    with pytest.raises(NameTaken):
        do(accounts.add, User("other", "anna", "viewer", 0), "hash")


def test_the_last_owner_can_neither_go_nor_become_a_viewer(do) -> None:
    do(accounts.add, user("anna"), "hash")
    do(accounts.add, user("ben", "viewer"), "hash")
    for attempt in ((removed_users.remove, "id-of-anna", 1), (accounts.change_role, "id-of-anna", "viewer", 1)):
        with pytest.raises(LastOwner):
            do(*attempt)
    do(accounts.change_role, "id-of-ben", "owner", 1)
    do(removed_users.remove, "id-of-anna", 1)
    assert [(one.name, one.role) for one in do(accounts.users)] == [("ben", "owner")]


def test_a_login_lasts_two_weeks_and_then_counts_no_more(do, clock) -> None:
    do(accounts.add, user("anna"), "hash")
    do(accounts.log_in, "token", login("anna", clock()))
    assert do(accounts.logged_in, "token", clock()).user.name == "anna"
    assert do(accounts.logged_in, "token", clock() + accounts.LOGIN_LASTS) is None
    do(accounts.log_in, "later", login("anna", clock() + accounts.LOGIN_LASTS))
    assert len(do(accounts.logins_of, "id-of-anna", clock())) == 1


def test_whoever_is_removed_or_changes_the_password_is_logged_out_everywhere(do, clock) -> None:
    for name in ("anna", "ben"):
        do(accounts.add, user(name), "hash")
        do(accounts.log_in, f"token of {name}", login(name, clock()))
    do(accounts.change_password, "id-of-anna", "new hash", clock())
    do(removed_users.remove, "id-of-ben", clock())
    assert [do(accounts.logged_in, f"token of {name}", clock()) for name in ("anna", "ben")] == [None, None]
    assert do(accounts.named, "anna")[1] == "new hash"


def test_a_login_is_ended_by_its_user_alone(do, clock) -> None:
    for name in ("anna", "ben"):
        do(accounts.add, user(name), "hash")
    do(accounts.log_in, "token", login("anna", clock()))
    do(accounts.log_in, "second", login("anna", clock()))
    mine = do(accounts.logged_in, "token", clock())
    do(accounts.log_out, mine.id, "id-of-ben")
    assert do(accounts.logged_in, "token", clock())
    do(accounts.log_out_elsewhere, mine)
    assert [do(accounts.logged_in, token, clock()) is None for token in ("token", "second")] == [False, True]


def test_tries_are_counted_until_the_window_is_over(do, clock) -> None:
    limits = {"name:x": 2, "network:y": 3}
    assert [do(throttle.spend, limits, clock()) for _ in range(3)] == [None, None, 900]
    clock.forward(60)
    assert do(throttle.spend, {"name:other": 2, "network:y": 3}, clock()) is None
    assert do(throttle.spend, {"name:third": 2, "network:y": 3}, clock()) == 840
    clock.forward(840)
    assert do(throttle.spend, limits, clock()) is None


def test_who_gets_in_has_no_tries_against_them(do, clock) -> None:
    limits = {"name:x": 2, "network:y": 2}
    do(throttle.spend, limits, clock())
    do(throttle.forgive, "name:x", ["network:y"])
    assert [do(throttle.spend, limits, clock()) for _ in range(3)] == [None, None, 900]
