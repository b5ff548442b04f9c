"""The types of event of a source, written by several processes at once, by imports and by replays."""

import json

import pytest
from sqlalchemy import insert, text

from tracker.core.event_types import ESTABLISHED, MOST_TYPES
from tracker.core.limits import Limits
from tracker.core.model import Event
from tracker.core.times import iso
from tracker.ingest.committer import commit
from tracker.ingest.fresh import fresh_for
from tracker.ingest.identities import IdentityOffice
from tracker.ingest.importing import Importer
from tracker.ingest.lines import Reader
from tracker.ingest.replay import replay
from tracker.store import event_types, people, quarantine, reports, sources
from tracker.store.engine import transaction
from tracker.store.tables import EventTypeRow


@pytest.fixture(autouse=True)
def shop(make_source) -> None:
    make_source("shop")


@pytest.fixture
def types(read):
    """Return in how many hours each type of the shop was used."""
    return lambda: {one.type: one.hours for one in read(event_types.listed, "shop")}


@pytest.fixture
def in_use(engine, clock):
    """Let all types that the shop may have be in use."""

    def fill(number: int = MOST_TYPES) -> None:
        rows = [
            {"source_id": "shop", "type": f"type-{n}", "first_seen": 1, "last_used": clock(), "hours": ESTABLISHED}
            for n in range(number)
        ]
        transaction(engine, lambda conn: conn.execute(insert(EventTypeRow), rows))

    return fill


@pytest.fixture
def bring_in(engine, clock, new_id, digest, tmp_path):
    """Import events of these types, and return how many of them had which fate."""

    def go(*names: str) -> dict[str, int]:
        file = tmp_path / "past.jsonl"
        lines = ({"id": f"i-{name}", "type": name, "received_at": iso(clock() - 7_200_000_000)} for name in names)
        file.write_text("\n".join(map(json.dumps, lines)))
        known = {source.id: source for source in sources.all_sources(engine)}
        reader = Reader(clock(), Limits(), IdentityOffice(("a key that only tests sign with",)), "shop")
        return list(Importer(engine, known, reader, new_id, digest).run(file))[-1].fates

    return go


def test_an_import_notes_the_types_that_it_brings(bring_in, types, read, broken) -> None:
    assert bring_in("a", "b") == {"set aside": 0, "stored": 2}
    assert types() == {"a": 1, "b": 1}
    assert broken() == {}


def test_an_import_keeps_to_the_limit_of_types(bring_in, types, read, in_use, broken) -> None:
    in_use()
    assert bring_in("type-7", "one-too-many") == {"set aside": 0, "stored": 1, "quarantined": 1}
    assert [event["reason"] for event in read(reports.quarantine)] == ["too-many-event-types"]
    assert (len(types()), "one-too-many" in types()) == (MOST_TYPES, False)
    assert bring_in("type-7", "one-too-many") == {"set aside": 0, "known already": 1, "quarantined": 1}
    assert broken() == {}


def test_an_import_takes_the_place_of_a_type_that_is_used_less(bring_in, types, in_use, engine) -> None:
    in_use()
    transaction(engine, lambda conn: conn.execute(text("UPDATE event_type SET hours = 1 WHERE type = 'type-3'")))
    assert bring_in("new") == {"set aside": 0, "stored": 1}
    assert (len(types()), types()["new"], "type-3" in types()) == (MOST_TYPES, 1, False)


def test_a_replay_keeps_to_the_limit_of_types_and_notes_those_that_it_brings(
    record, engine, new_id, digest, in_use, types, read
) -> None:
    record("e0", session="s1")
    record(events=(Event("order", "e1", too_large=70_000),), session="s1")
    in_use(MOST_TYPES - 1)

    def again() -> list[tuple[str, str]]:
        found = transaction(engine, quarantine.keys)
        return [(one.fate, one.why) for one in replay(engine, found, new_id, digest)]

    transaction(engine, lambda conn: conn.execute(text("UPDATE event_type SET hours = 24")))
    assert again() == [("failed", "Its type is new, and its source has no room for another one.")]
    assert len(read(reports.quarantine)) == 1
    transaction(engine, lambda conn: event_types.forget(conn, "shop", ["type-1"]))
    assert again() == [("stored", "")]
    assert (types()["order"], len(types())) == (1, MOST_TYPES)


def test_a_type_that_only_an_erased_person_used_is_forgotten_also_where_an_import_brought_it(
    bring_in, types, engine, read, clock, digest
) -> None:
    bring_in("called-after-somebody")
    [event] = read(reports.events)
    transaction(engine, lambda conn: people.erase(conn, event["profile"], clock(), digest))
    assert types() == {}


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_nobody_waits_for_a_process_that_counts_the_use_of_the_same_type(record, engine, types, clock) -> None:
    record("e1", session="s1")
    clock.forward(3600)
    with engine.connect() as conn:
        conn.execute(text("SELECT type FROM event_type WHERE type = 'page-view' FOR UPDATE"))
        record("e2", session="s1")
        conn.rollback()
    record("e3", session="s1")
    record("e4", session="s1")
    assert types() == {"page-view": 2}


def test_a_type_that_was_forgotten_is_noted_again_by_a_process_that_still_knows_it(
    record, engine, types, clock, digest, new_id
) -> None:
    known = {source.id: source for source in sources.all_sources(engine)}

    def recorded(event_id: str, seen: event_types.Types) -> event_types.Types:
        asked = record.payload(event_id, session="s1")
        return commit(engine, [(asked, fresh_for(asked, clock, new_id))], known, digest, seen)[1]

    seen = recorded("e1", {})
    transaction(engine, lambda conn: event_types.forget(conn, "shop", ["page-view"]))
    assert recorded("e2", seen) == seen, "no database is asked for what is known"
    clock.forward(3600)
    recorded("e3", seen)
    assert types() == {"page-view": 1}
