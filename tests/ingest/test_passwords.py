"""Passwords take long to hash on purpose, and nobody else waits for it."""

import subprocess
import sys

import pytest

from tracker.ingest import passwords

WITH_GREENLETS = """
from gevent import monkey
monkey.patch_all()
import gevent
from tracker.ingest import passwords

turns = 0
def visitors():
    global turns
    while True:
        gevent.sleep(0)
        turns += 1

others = gevent.spawn(visitors)
kept = passwords.hashed("correct horse battery")
assert passwords.matches("correct horse battery", kept) and not passwords.matches("wrong", kept)
others.kill()
print(turns)
"""


@pytest.fixture(scope="module")
def kept() -> str:
    return passwords.hashed("correct horse battery")


@pytest.mark.parametrize("given", ["wrong", "", "Correct horse battery"])
def test_another_password_does_not_match(given: str, kept: str) -> None:
    assert not passwords.matches(given, kept)


@pytest.mark.parametrize("stored", [None, "", "no hash at all"])
def test_who_is_nobody_has_no_password(stored: str | None) -> None:
    assert not passwords.matches("the password of nobody", stored)


def test_the_same_password_is_kept_in_another_way_each_time(kept: str) -> None:
    assert passwords.matches("correct horse battery", kept)
    assert passwords.hashed("correct horse battery") != kept


def test_a_password_is_hashed_with_the_effort_that_owasp_recommends(kept: str) -> None:
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_visitors_are_served_while_a_password_is_looked_at() -> None:
    done = subprocess.run([sys.executable, "-c", WITH_GREENLETS], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    # Where the loop stood still meanwhile, nobody else would have had a turn but between the passwords.
    assert int(done.stdout) > 20


CROWD = """
from gevent import monkey
monkey.patch_all()
import gevent
from tracker.core.refusal import Unavailable
from tracker.ingest import passwords

def look(_):
    try:
        return str(passwords.matches("wrong", None))
    except Unavailable:
        return "told to come again"

passwords.matches("wrong", None)
crowd = [gevent.spawn(look, number) for number in range(3 * passwords.MOST_WAITING)]
gevent.joinall(crowd)
told = [one.value for one in crowd]
print(told.count("False"), told.count("told to come again"), passwords.MOST_WAITING, look(0))
"""


def test_of_a_crowd_with_passwords_only_so_many_wait() -> None:
    done = subprocess.run([sys.executable, "-c", CROWD], capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    looked, told, most, after = done.stdout.split()
    assert (looked, told, after) == (most, str(2 * int(most)), "False")
