"""``tracker db check`` sees each kind of damage, and nothing else."""

import pytest
from sqlalchemy import Engine, text

from tracker.store import check

DAMAGE = {
    "every event resolves to one live profile": ["UPDATE event SET profile_id = 'nobody' WHERE id = 'e1'"],
    "every session belongs to one live profile": ["UPDATE session SET profile_id = 'nobody' WHERE id = 's1'"],
    "every id names a live profile directly": [
        # An id that was forgotten by a merge: it still names the profile that was merged away.
        "INSERT INTO alias (id, profile_id, given_to) VALUES ('left-behind', 'profile-3', 'profile-3')",
    ],
    "every profile is named by its own id": [
        "INSERT INTO profile (id, created, updated, traits, consents, identified)"
        " VALUES ('mute', 1, 1, '{}', '{}', FALSE)",
    ],
    "a live profile's own id names itself": [
        # The ids of two strangers are swapped; both still name a live profile.
        "UPDATE alias SET profile_id = 'profile-2' WHERE id = 'profile-1'",
    ],
    "merges form a forest whose roots are alive": ["UPDATE profile SET merged_into = 'nobody' WHERE id = 'profile-3'"],
    "every stored event is known by its id": ["DELETE FROM event_key WHERE id = 'e1'"],
    "every known event id has its event": [
        "INSERT INTO event_key (source_id, id, session_id, received_at) VALUES ('shop', 'lost', 's1', 1)",
    ],
    "every batch is whole": ["DELETE FROM event WHERE id = 'e2'", "DELETE FROM event_key WHERE id = 'e2'"],
    "every identity belongs to a profile": [
        "INSERT INTO identity (kind, hash, profile_id, created) VALUES ('email', 'h', 'nobody', 1)",
    ],
    "nothing is kept of a person who is not there": ["INSERT INTO trait (hash, profile_id) VALUES ('h', 'nobody')"],
    "nobody who is identified went into somebody else": [
        "UPDATE profile SET identified = TRUE WHERE id = 'profile-3'",
    ],
    "the blocks of the console's numbers are the sums of their days": [
        "INSERT INTO report_block (scope, what, days, first, names) VALUES ('', 'page', 8, 0, '{\"nowhere\": 1}')",
    ],
    "no unknown profile waits to be counted": [
        "INSERT INTO journal (id, facts)"
        """ VALUES ('j', '{"facts"\\: [[1, "shop", "nobody", "s1", []]], "flow"\\: []}')""",
    ],
    "the numbers of the console equal a recount": [
        # A day of which events were counted that nobody has stored.
        "INSERT INTO report_total (scope, hours, at, events, visits, visitors, bots, whole)"
        " VALUES ('shop', 24, 1, 1, 1, 1, 0, TRUE), ('', 24, 1, 1, 1, 1, 0, TRUE)",
    ],
}
CYCLE = [
    "UPDATE profile SET merged_into = 'profile-2' WHERE id = 'profile-1'",
    "UPDATE profile SET merged_into = 'profile-1' WHERE id = 'profile-2'",
]
TWICE = "no (source, event id) is stored twice"


@pytest.fixture(autouse=True)
def history(make_source, record, engine) -> None:
    """Two people; the second of them is a merged one."""
    make_source("shop")
    record("e1", "e2", session="s1")
    record("e3", session="s2")
    record("e4", session="s3")
    change(
        engine,
        "UPDATE profile SET merged_into = 'profile-2' WHERE id = 'profile-3'",
        "UPDATE alias SET profile_id = 'profile-2' WHERE id = 'profile-3'",
    )


def change(engine: Engine, *statements: str) -> None:
    with engine.begin() as conn:
        for statement in statements:
            conn.execute(text(statement))


def test_a_sound_store_has_nothing_to_complain_of(broken) -> None:
    assert broken() == {}


@pytest.mark.parametrize("invariant", DAMAGE)
def test_each_invariant_is_seen_to_fail(invariant: str, engine, broken) -> None:
    change(engine, *DAMAGE[invariant])
    found = broken()
    assert found.pop(invariant) >= 1
    # Damage shows where it is; it may show from a second side, but never as something that holds elsewhere.
    assert len(found) <= 1, found


def test_profiles_merged_into_each_other_are_noticed(engine, broken) -> None:
    change(engine, *CYCLE)
    assert "every id names a live profile directly" in broken()


def test_a_dangling_alias_is_noticed_where_the_database_did_not_prevent_it(engine, broken) -> None:
    if engine.dialect.name == "postgresql":
        change(engine, "ALTER TABLE alias DROP CONSTRAINT fk_alias_profile_id")
    else:
        # A connection's own setting, and one that only holds outside a transaction.
        with engine.connect() as conn:
            conn.connection.cursor().execute("PRAGMA foreign_keys=OFF")
            conn.execute(text("DELETE FROM profile WHERE id = 'profile-1'"))
            conn.commit()
            conn.connection.cursor().execute("PRAGMA foreign_keys=ON")
    change(engine, "DELETE FROM profile WHERE id = 'profile-1'")
    assert broken() == {
        "every event resolves to one live profile": 2,
        "every session belongs to one live profile": 1,
        "every id names a live profile directly": 1,
    }


def test_an_event_that_is_stored_twice_is_noticed_where_the_key_was_lost(engine, broken) -> None:
    # The primary key makes it impossible; a table restored without its keys is where it can happen.
    change(
        engine,
        "CREATE TABLE copied AS SELECT * FROM event",
        "INSERT INTO copied SELECT * FROM event WHERE id = 'e3'",
        "DROP TABLE event",
        "ALTER TABLE copied RENAME TO event",
    )
    assert broken() == {TWICE: 1, "every batch is whole": 1}


def test_every_question_that_is_asked_has_a_test_of_its_own(read) -> None:
    asked = [finding.invariant for finding in read(check.check)]
    assert sorted(asked) == sorted({*DAMAGE, TWICE})


def test_the_number_of_broken_rows_is_told(engine, broken) -> None:
    change(engine, "UPDATE event SET profile_id = 'nobody'")
    assert broken() == {"every event resolves to one live profile": 4}
