"""``tracker admin``: a user of the console made at the machine itself."""

import pytest

from tracker.ingest import passwords
from tracker.store import accounts


def test_a_user_is_made_with_the_password_from_standard_input(tracker, read) -> None:
    said = tracker("admin", "create", "--name", "Anna", answer="correct horse battery\n")
    assert (said.code, said.out) == (0, "anna may log in at https://collect.example/\n")
    user, kept = read(accounts.named, "anna")
    assert user.role == "owner"
    assert "correct horse" not in kept
    assert passwords.matches("correct horse battery", kept)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "answer", "problem"),
    [("anna", "short\n", "at least 10"), (" ", "correct horse battery\n", "1 to 64"), ("anna", "", "at least 10")],
)
def test_what_is_wrong_is_said_and_nobody_is_made(tracker, read, name: str, answer: str, problem: str) -> None:
    said = tracker("admin", "create", "--name", name, answer=answer)
    assert said.code == 1
    assert problem in said.err
    assert not read(accounts.anybody)


def test_a_forgotten_password_is_replaced(tracker, read) -> None:
    tracker("admin", "create", "--name", "anna", "--role", "viewer", answer="correct horse battery\n")
    again = tracker("admin", "create", "--name", "ANNA", answer="correct horse battery\n")
    assert (again.code, again.out) == (1, "")
    said = tracker("admin", "password", "--name", "Anna", answer="staple horse battery\n")
    assert said.code == 0
    user, kept = read(accounts.named, "anna")
    assert user.role == "viewer"
    assert passwords.matches("staple horse battery", kept)
    assert tracker("admin", "password", "--name", "ben", answer="staple horse battery\n").code == 1
