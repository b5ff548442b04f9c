"""Forgetting what is older than its owner wants to keep it."""

from collections import Counter
from collections.abc import Iterable

import pytest
from sqlalchemy import Engine, text

from tracker.core.keeping import Keeping
from tracker.core.model import Event, Options
from tracker.core.steps import MergeProfiles, SetTraits
from tracker.core.times import DAY
from tracker.store import months, reports, retention
from tracker.store.applying import apply
from tracker.store.engine import reading, transaction

KEEP = 30


@pytest.fixture(autouse=True)
def shop(make_source, engine, clock) -> None:
    make_source("shop")
    months.make_ahead(engine, clock())


@pytest.fixture
def forget(engine, clock):
    """Forget what is older than thirty days; returns how many of each."""

    def go() -> dict[str, int]:
        kept = Keeping(clock() - KEEP * DAY)
        would = transaction(reading(engine), lambda conn: list(retention.would_forget(conn, kept)))
        done = summed(retention.forget(engine, kept))
        assert done == summed(would), "a dry run says the same"
        return {what: rows for (what, _), rows in done.items()}

    return go


def summed(gone: Iterable[retention.Gone]) -> dict[tuple[str, str], int]:
    """Return how many of what are gone, by source."""
    found: Counter[tuple[str, str]] = Counter()
    for what, source, count in gone:
        found[what, source] += count
    return +found


def rows(engine: Engine, table: str) -> int:
    with reading(engine).connect() as conn:
        return int(conn.scalar(text(f"SELECT count(*) FROM {table}")) or 0)  # noqa: S608


def test_nothing_that_is_young_enough_is_forgotten(record, clock, forget, read) -> None:
    record("e1", session="s1")
    clock.forward(KEEP * 86_400 - 1)
    assert forget() == {}
    assert [event["id"] for event in read(reports.events)] == ["e1"]


@pytest.mark.parametrize("days", [KEEP + 1, 70], ids=["in the middle of a month", "a whole month"])
def test_old_events_go_with_their_visits_and_their_people(days, record, clock, forget, engine, broken) -> None:
    record("e1", "e2", session="s1")
    record("e3", session="s2")
    clock.forward(days * 86_400)
    assert forget() == {"events": 3, "visits": 2, "people": 2}
    for table in ("event", "event_key", "session", "profile", "alias"):
        assert rows(engine, table) == 0, table
    assert broken() == {}
    assert forget() == {}


def test_somebody_who_came_back_stays_with_what_is_young(record, clock, forget, read, broken) -> None:
    first = record("old", session="s1")
    clock.forward((KEEP + 1) * 86_400)
    record("new", session="s2", profile=first.profile_id)
    assert forget() == {"events": 1, "visits": 1}
    person = read(reports.profile, first.profile_id)
    assert (person["events"], person["sessions"]) == (1, ["s2"])
    assert broken() == {}


def test_a_visit_that_goes_on_is_kept(record, clock, forget, read) -> None:
    first = record("old", session="s1")
    clock.forward((KEEP + 1) * 86_400)
    record("new", session="s1")
    assert forget() == {"events": 1}
    assert read(reports.session, "s1")["profile"] == first.profile_id


def test_what_a_client_says_of_its_times_costs_no_young_event_its_visitor(engine, record, clock, forget, read) -> None:
    first = record("e1", session="s1")
    with engine.begin() as conn:
        for table in ("profile", "session"):
            conn.execute(text(f"UPDATE {table} SET created = 1, updated = 1"))  # noqa: S608
    assert forget() == {}
    assert read(reports.profile, first.profile_id)["events"] == 1


def test_a_visit_without_a_person_goes_too_and_stays_while_it_has_young_events(record, clock, forget, engine) -> None:
    nameless = [Event("page-view", name, options=Options(save_profile=False)) for name in ("e1", "e2")]
    record(events=(nameless[0],), session="s1")
    clock.forward((KEEP + 1) * 86_400)
    record(events=(nameless[1],), session="s1")
    assert forget() == {"events": 1}
    assert rows(engine, "session") == 1
    clock.forward((KEEP + 1) * 86_400)
    assert forget() == {"events": 1, "visits": 1}


def test_a_merged_person_goes_with_all_that_was_merged_into_them(engine, record, clock, forget, broken) -> None:
    loser, survivor = record("e1", session="s1").profile_id, record("e2", session="s2").profile_id
    known = [SetTraits(profile_id, {"plan": "gold"}, clock()) for profile_id in (loser, survivor)]
    step = MergeProfiles("merge-1", loser, survivor, "referral", clock(), {})
    transaction(engine, lambda conn: apply(conn, [*known, step]))
    assert rows(engine, "trait") == 2
    clock.forward((KEEP + 1) * 86_400)
    assert forget() == {"events": 2, "visits": 2, "people": 1}
    for table in ("profile", "alias", "merge", "trait"):
        assert rows(engine, table) == 0, table
    assert broken() == {}


def test_who_comes_back_after_being_forgotten_starts_anew(record, clock, forget, read, broken) -> None:
    uuid = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
    record("e1", session="s1", profile=uuid)
    clock.forward((KEEP + 1) * 86_400)
    forget()
    again = record("e2", session="s9", profile=uuid)
    assert read(reports.profile, uuid)["id"] == again.profile_id
    assert read(reports.profile, uuid)["events"] == 1
    assert broken() == {}


def test_more_than_one_piece_is_forgotten_piece_by_piece(record, clock, forget, monkeypatch, engine) -> None:
    for size in ("AT_ONCE", "PEOPLE_AT_ONCE"):
        monkeypatch.setattr(retention, size, 3)
    for number in range(8):
        record(f"a{number}", f"b{number}", session=f"s{number}")
        clock.forward(1)
    clock.forward((KEEP + 1) * 86_400)
    assert forget() == {"events": 16, "visits": 8, "people": 8}
    assert rows(engine, "event_key") == 0


def test_spent_passes_are_purged_once_they_have_run_out(engine, clock) -> None:
    with engine.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO pass_use (nonce, source_id, expires) VALUES ('old', 'shop', :now), ('new', 'shop', :later)"
            ),
            {"now": clock() - 1, "later": clock() + 1},
        )
    assert retention.purge_passes(engine, clock()) == 1
    assert rows(engine, "pass_use") == 1
