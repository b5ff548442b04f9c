"""The ledger sees each kind of damage: what it never complains of is worth nothing otherwise."""

import pytest
from ports import free_port
from sqlalchemy import text

from faults.ledger import Ledger

DAMAGE = {
    "I1": ["DELETE FROM event"],
    "I3": ["UPDATE event SET profile_id = 'nobody'"],
    "I4": ["UPDATE profile SET merged_into = id"],
    "I5": ["DELETE FROM event WHERE position = 1"],
    "I7": ["DELETE FROM session"],
}


@pytest.fixture
def kept(tmp_path, engine, record, make_source):
    """A ledger that agrees with what is stored: one body, acknowledged."""
    make_source("shop")
    ledger = Ledger(tmp_path / "ledger.jsonl", free_port(), engine)
    body = ledger.body(3, visitor="s1")
    ledger.is_sending(body)
    stored = record(*ledger.of(body).event_ids, session="s1")
    ledger.was_told(body, 200, {"profile": {"id": stored.profile_id}, "session": {"id": "s1"}}, {})
    yield ledger
    ledger.close()


def complaints(ledger: Ledger) -> set[str]:
    return {sentence[:2] for sentence in ledger.held_against()}


def test_what_is_stored_as_it_was_told_is_nothing_to_complain_of(kept):
    assert kept.held_against() == []


@pytest.mark.parametrize("invariant", DAMAGE)
def test_damage_to_what_is_stored_is_seen(invariant, kept, engine):
    with engine.begin() as conn:
        for statement in DAMAGE[invariant]:
            conn.execute(text(statement))
    assert invariant in complaints(kept)


def test_an_event_that_is_stored_twice_is_seen(kept, engine):
    with engine.begin() as conn:
        for statement in (
            "CREATE TABLE copied AS SELECT * FROM event",
            "INSERT INTO copied SELECT * FROM event WHERE position = 1",
            "DROP TABLE event",
            "ALTER TABLE copied RENAME TO event",
        ):
            conn.execute(text(statement))
    assert complaints(kept) == {"I2"}


def test_an_answer_before_the_commit_is_seen(kept):
    early = kept.body(2)
    kept.is_sending(early)
    kept.was_told(early, 200, {"profile": {"id": "profile-1"}, "session": {"id": "s2"}}, {})
    assert {"I1", "I6"} <= complaints(kept)


@pytest.mark.parametrize(("status", "headers"), [(500, {}), (401, {}), (503, {})])
def test_a_refusal_that_was_not_promised_is_seen(status, headers, kept):
    refused = kept.body(2)
    kept.is_sending(refused)
    kept.was_told(refused, status, {}, headers)
    assert complaints(kept) == {"I6"}


def test_a_body_that_nobody_answers_is_no_success(kept):
    assert kept.send(kept.body(2), timeout=1) is None
    assert kept.held_against() == []
    with pytest.raises(AssertionError, match="not acknowledged"):
        kept.settle(within=0.1)


def test_every_line_is_on_the_disk_before_the_client_goes_on(kept, tmp_path):
    lines = (tmp_path / "ledger.jsonl").read_text().splitlines()
    assert ['"sent"' in line for line in lines] == [True, False]
    assert '"status": 200' in lines[1]
