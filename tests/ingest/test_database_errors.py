"""What an error of the database means (design.md): only what is wrong with an event's content may quarantine it."""

import sqlite3

import pytest
from sqlalchemy import event, text
from store_faults import faults_of, of_postgresql, of_sqlite

from tracker.core.model import Claim, Event, IdentityKey, LinkPass, Referral, Source
from tracker.core.refusal import Unavailable
from tracker.ingest.committer import Committer, _Waiting
from tracker.ingest.fresh import fresh_for
from tracker.store import reports
from tracker.store.directory import Directory
from tracker.store.engine import ATTEMPTS, StatementFailed
from tracker.store.tables import Base

CONTENT = {"sqlite": sqlite3.SQLITE_TOOBIG, "postgresql": "22P05"}
ITSELF = {
    "sqlite": [
        *(code for code in range(1, 29) if code not in (sqlite3.SQLITE_BUSY, 18, 19, 20)),
        sqlite3.SQLITE_IOERR | 10 << 8,
        0,
    ],
    "postgresql": [
        *("01000", "03000", "08000", "08006", "08P01", "0A000", "0B000", "20000", "21000", "24000", "25006", "25P02"),
        *("26000", "28000", "2D000", "3B001", "3D000", "3F000", "42501", "42601", "42703", "42P01", "42P05", "42P18"),
        *("44000", "53000", "53100", "53200", "53300", "54000", "54001", "55000", "55006", "55P03", "57000", "57014"),
        *("57P01", "57P03", "58000", "58030", "72000", "F0000", "HV000", "P0001", "XX000", "XX001", "ZZ999"),
    ],
}
"""Every class that PostgreSQL and SQLite document and that is not about content, and what they do not document."""
EVERYWHERE = {
    "sqlite": (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, 0),
    "postgresql": ("08006", "0A000", "26000", "42501", "53100", "57014", "58030", "ZZ999"),
}
KINDS = (sqlite3.OperationalError, sqlite3.ProgrammingError, sqlite3.InternalError, sqlite3.NotSupportedError)


def error_of(backend: str, code: object) -> Exception:
    return of_sqlite(code) if backend == "sqlite" else of_postgresql(code)


@pytest.fixture
def shop(make_source) -> Source:
    return make_source("shop", identify="open", links=("blog.example",), domains=("shop.example",), referrals="plain")


@pytest.fixture
def committer(engine, clock, new_id, digest) -> Committer:
    return Committer(engine, Directory(engine, clock), clock, new_id, digest)


@pytest.fixture
def full(record, make_source):
    """Write a payload that makes every kind of statement run: merge, identity, traits, consents, a new type."""
    make_source("blog", referrals="plain", domains=("blog.example",), links=("shop.example",))
    referred = record("r1", session="on-blog", source="blog").profile_id
    here = record("h1", session="here").profile_id
    claim = Claim(0, (IdentityKey("email", "a@b.example", ("hash-1",)),), {"plan": "gold"})

    def write(event_id: str, **said):
        events = (
            Event("identify", event_id, said or {"p": 1}),
            Event("consent-granted", f"{event_id}-c", {"ads": True}),
        )
        return record.payload(
            events=(*events, Event(f"type-of-{event_id}", f"{event_id}-t", too_large=70_000)),
            session="here",
            profile=here,
            claims=(claim,),
            context={"page": {"url": "https://shop.example/"}},
            referral=Referral(referred, "blog", LinkPass(), "blog.example", "shop.example"),
        )

    return write


@pytest.fixture
def contents(engine):
    def look() -> dict[str, list[str]]:
        with engine.connect() as conn:
            return {
                table.name: sorted(map(str, conn.execute(text(f"SELECT * FROM {table.name}"))))  # noqa: S608
                for table in Base.metadata.sorted_tables
            }

    return look


@pytest.fixture
def places(engine, committer, shop, full) -> int:
    """How many statements the payload of ``full`` takes."""
    with faults_of(engine) as counted:
        committer.dry_run(full("tried"), shop)
        assert len(counted.statements) > 8
        return len(counted.statements)


def test_no_error_of_the_database_itself_quarantines_at_whatever_statement(
    committer, shop, full, engine, backend, contents, places
) -> None:
    before, payload = contents(), full("e1")
    for code in ITSELF[backend]:
        # At the end and in the middle; the first of each class at every statement.
        for place in range(places) if code in EVERYWHERE[backend] else (places // 2, places - 1):
            with faults_of(engine, error=error_of(backend, code), at=place), pytest.raises(Unavailable):
                committer.record(payload, shop)
        assert contents() == before, code
    answer = committer.record(payload, shop)
    assert [fate for _, fate in answer.fates] == ["stored", "stored", "quarantined"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", KINDS)
def test_what_python_says_of_sqlite_by_itself_is_no_fault_of_the_content(
    kind, committer, shop, full, engine, contents, places
) -> None:
    before = contents()
    for place in range(places):
        with faults_of(engine, error=of_sqlite(0, kind), at=place), pytest.raises(Unavailable):
            committer.record(full("e1"), shop)
    assert contents() == before


def test_a_bug_of_ours_at_whatever_statement_is_no_answer_and_stores_nothing(
    committer, shop, full, engine, contents, places
) -> None:
    before = contents()
    for bug in (ZeroDivisionError("injected"), KeyError("injected"), UnicodeError("injected"), MemoryError("injected")):
        for place in range(places):
            with faults_of(engine, error=bug, at=place), pytest.raises(type(bug)):
                committer.record(full("e1"), shop)
    assert contents() == before


def test_content_that_the_database_refuses_is_quarantined_at_whatever_statement(
    committer, shop, full, engine, backend, read, broken, places
) -> None:
    failed = 0
    for place in range(1, places):
        error = error_of(backend, CONTENT[backend])
        with faults_of(engine, error=error, at=place, transactions=1) as faults:
            answer = committer.record(full(f"e{place}", text="canary"), shop)
        # What was merged before takes fewer statements.
        if not faults.transactions:
            failed += 1
            assert {fate for _, fate in answer.fates} == {"quarantined"}, place
    assert failed > places - 8
    kept = [row for row in read(reports.quarantine) if row["reason"] == "not-storable"]
    assert sum("canary" in row["beginning"] for row in kept) == failed
    assert broken() == {}


@pytest.mark.parametrize("state", ["23514", "22003"])
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_both_classes_of_content_quarantine(state, committer, shop, record, engine, read) -> None:
    with faults_of(
        engine, error=of_postgresql(state), only="canary", transactions=ATTEMPTS if state.startswith("23") else 1
    ):
        answer = committer.record(record.payload(events=(Event("a", "e1", {"p": "canary"}),)), shop)
    assert answer.fates == (("e1", "quarantined"),)


# A batch -----------------------------------------------------------------------------------------------------------

# PostgreSQL: too many columns or variables, out of memory, too complex, took too long. SQLite: too many variables.
OF_ONE = {"sqlite": sqlite3.SQLITE_ERROR, "postgresql": "54001"}
AWAY = {"sqlite": [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY], "postgresql": []}
AWAY["postgresql"] += ["08006", "53100", "53300", "55P03", "57P03", "25006", "58030"]


def batch_of(record, culprits, size=12):
    return [
        record.payload(events=(Event("a", f"e{n}", {"p": "canary" if n in culprits else "bird"}),), session=f"s{n}")
        for n in range(size)
    ]


def settled(committer, shop, payloads):
    """Let the committer meet all of them in one batch; returns an answer or an error for each."""
    waiting = [
        _Waiting((payload, fresh_for(payload, committer._clock, committer._new_id)), shop) for payload in payloads
    ]
    committer._settle(waiting)
    return [one.failure or one.resolution.fates[0][1] for one in waiting]


def test_a_batch_whose_statement_fails_is_halved_until_the_culprit_is_alone(
    committer, shop, record, engine, backend, read, broken
) -> None:
    with faults_of(engine, error=error_of(backend, OF_ONE[backend]), only="canary"):
        found = settled(committer, shop, batch_of(record, {3, 7}))
    assert [n for n, one in enumerate(found) if isinstance(one, Unavailable)] == [3, 7]
    assert [one for n, one in enumerate(found) if n not in (3, 7)] == ["stored"] * 10
    assert read(reports.quarantine) == []
    assert broken() == {}


def test_a_database_that_is_away_is_asked_once_for_a_whole_batch(committer, shop, record, engine, backend) -> None:
    for code in AWAY[backend]:
        with faults_of(engine, error=error_of(backend, code), only="canary") as faults:
            found = settled(committer, shop, batch_of(record, {3}))
        assert {type(one) for one in found} == {Unavailable}, code
        assert 1 <= faults.begins <= 2, "the sources, and the batch"


def test_what_takes_too_long_is_not_halved_for_ever(committer, shop, record, engine, backend, clock) -> None:
    slow = {"sqlite": sqlite3.SQLITE_ERROR, "postgresql": "57014"}[backend]
    event.listen(engine, "begin", lambda _conn: clock.forward(4))
    with faults_of(engine, error=error_of(backend, slow), only="canary") as faults:
        found = settled(committer, shop, batch_of(record, {3}, size=128))
    assert faults.begins < 12
    assert found.count("stored") >= 64, "the half without it was stored before the time was up"


def test_a_payload_alone_that_no_half_can_help_is_to_be_sent_again(committer, shop, record, engine, backend) -> None:
    with faults_of(engine, error=error_of(backend, OF_ONE[backend]), only="canary"):
        [found] = settled(committer, shop, batch_of(record, {0}, size=1))
    assert isinstance(found, StatementFailed)


def test_a_contradiction_in_what_is_written_of_the_visitor_still_quarantines_the_events(
    committer, shop, record, engine, backend, read
) -> None:
    error = of_sqlite(sqlite3.SQLITE_TOOBIG) if backend == "sqlite" else of_postgresql("22000")
    [payload] = batch_of(record, {0}, size=1)
    with faults_of(engine, error=error, only="s0"):
        faults = committer.record(payload, shop)
    assert faults.fates == (("e0", "quarantined"),)
    assert "canary" in read(reports.quarantine)[0]["beginning"]
