"""One list of the tables that hold something of a person, by which erasing, retention and the check go."""

import json

import pytest
from sqlalchemy import Text, cast, insert, select

from tracker.core.keeping import Keeping
from tracker.core.model import Event, Options
from tracker.core.steps import ClaimIdentity, Identify, MergeProfiles, SetTraits
from tracker.core.times import DAY
from tracker.store import deleting, people, personal, reports, retention
from tracker.store.applying import apply
from tracker.store.engine import transaction
from tracker.store.tables import Base, ReportVisitRow, TraitRow

UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


def test_every_table_is_in_one_of_the_lists() -> None:
    """Decide for a new table whether it holds something of a person, and how that is found."""
    listed = [
        *(table.__tablename__ for table in personal.BY_PROFILE),
        *(table.__tablename__ for table in personal.IN_OTHER_WAYS),
        *personal.OF_NOBODY,
    ]
    assert sorted(listed) == sorted(Base.metadata.tables)


def test_what_is_of_nobody_has_no_column_for_a_person() -> None:
    of_persons = {"profile_id", "session_id", "client_id", "given_to", "loser", "survivor", "merged_into"}
    for name in personal.OF_NOBODY:
        assert not of_persons & set(Base.metadata.tables[name].columns.keys()), name
    for table, columns in personal.BY_PROFILE.items():
        keys = of_persons & set(table.__table__.columns.keys()) - {"client_id", "given_to", "merged_into"}
        assert keys <= {column.key for column in columns}, table


def found_in(engine, *names: str) -> dict[str, list[str]]:
    """Return in which tables any of these names stands anywhere."""
    found: dict[str, list[str]] = {}
    with engine.connect() as conn:
        for name, table in Base.metadata.tables.items():
            for row in conn.execute(select(*(cast(column, Text) for column in table.columns))):
                text = json.dumps(list(row))
                for wanted in names:
                    if wanted in text:
                        found.setdefault(name, []).append(wanted)
    return found


@pytest.fixture
def anna(make_source, record, engine, clock) -> list[str]:
    """A person with something in every table; returns all by which she could be found."""
    make_source("shop")
    large = Event("canary-order", "canary-q", {"p": "canary"}, too_large=70_000)
    loser = record("canary-e1", session="canary-s1").profile_id
    survivor = record("canary-e2", session="canary-s2").profile_id
    record(events=(large, Event("called-canary", "canary-e3")), session="canary-s2")
    steps = [
        SetTraits(survivor, {"email": "canary@example"}, clock()),
        ClaimIdentity("email", "canary-hash", loser, clock(), 0),
        Identify(survivor),
        MergeProfiles("canary-merge", loser, survivor, "referral", clock(), {}),
    ]
    transaction(engine, lambda conn: apply(conn, steps))
    return ["canary", loser, survivor]


@pytest.fixture(params=["counted", "not counted yet"])
def counted(request, fold):
    return fold if request.param == "counted" else lambda: None


def test_nothing_of_an_erased_person_stands_in_any_table(anna, counted, engine, clock, digest, broken, fold) -> None:
    counted()
    tables = found_in(engine, *anna).keys()
    assert tables >= {table.__tablename__ for table in personal.BY_PROFILE} - {"report_seen"}
    assert people.erase_person(engine, anna[1], clock(), digest)["events"] == 3
    fold()
    # How often a type was counted on a day is nobody's.
    assert found_in(engine, *anna).keys() <= {"report_name"}
    assert broken() == {}


def test_nothing_of_a_forgotten_person_stands_in_any_table(anna, counted, engine, clock, broken, fold) -> None:
    counted()
    clock.forward(100 * 86_400)
    list(retention.forget(engine, Keeping(clock() - 30 * DAY)))
    fold()
    # The types of a source are what it has used, until others are used more.
    assert found_in(engine, *anna).keys() <= {"report_name", "event_type"}
    assert broken() == {}


def test_the_check_finds_what_is_left_of_a_person_who_is_gone(engine, broken) -> None:
    with engine.begin() as conn:
        conn.execute(insert(TraitRow).values(hash="h", profile_id="gone"))
    assert broken() == {"nothing is kept of a person who is not there": 1}


@pytest.mark.parametrize(("session", "broken_rows"), [("of-nobody", 1), ("canary-s1", 0), ("canary-s0", 0), ("", 0)])
def test_the_check_finds_counted_visits_of_nobody(anna, engine, broken, record, session, broken_rows) -> None:
    record(events=(Event("page-view", "canary-e0", options=Options(save_session=False)),), session="canary-s0")
    with engine.begin() as conn:
        conn.execute(insert(ReportVisitRow).values(session_id=session, scope="shop", hour=1, bot=False))
    assert broken() == ({"nothing is kept of a person who is not there": 1} if broken_rows else {})


UNSAVED = Options(save_session=False)
WITHOUT_PROFILE = Options(save_profile=False)
ANOTHER = "7d444840-9dc0-41d1-b245-5ffdce74fad2"


def test_nothing_is_left_of_visits_that_were_not_to_be_saved(
    make_source, record, counted, engine, clock, digest, fold, broken
) -> None:
    make_source("shop")
    person = record(events=(Event("a", "e1", options=UNSAVED), Event("a", "e2", options=UNSAVED)), session="canary-s")
    counted()
    people.erase_person(engine, person.profile_id, clock(), digest)
    fold()
    assert found_in(engine, "canary", person.profile_id) == {}
    assert broken() == {}


@pytest.mark.parametrize("later", [0, 3600, 86_400])
def test_a_visit_under_the_same_session_id_of_another_person_is_counted_once(
    make_source, record, engine, clock, digest, fold, broken, read, later
) -> None:
    make_source("shop")
    names = [
        record(events=(Event("a", f"e{number}", options=UNSAVED),), session="shared", profile=name).profile_id
        for number, name in enumerate([UUID, ANOTHER])
    ]
    fold()
    clock.forward(later)
    record(events=(Event("a", "e3", options=UNSAVED),), session="shared", profile=names[1])
    fold()
    people.erase_person(engine, names[0], clock(), digest)
    record(events=(Event("a", "e4", options=UNSAVED),), session="shared", profile=names[1])
    fold()
    assert broken() == {}
    assert "report_visit" in found_in(engine, "shared")
    assert [event["id"] for event in read(reports.events)] == ["e1", "e3", "e4"]


def test_nothing_is_left_of_what_came_without_a_profile_in_the_visits_of_a_person(
    make_source, record, counted, engine, clock, digest, fold, read, broken
) -> None:
    make_source("shop")
    quiet = Event("a", "e2", options=WITHOUT_PROFILE)
    large = Event('say "session": "other"', "canary-q", {"p": "x" * 70_000}, too_large=70_000, options=WITHOUT_PROFILE)
    assert record(events=(quiet, large), session="canary-s").profile_id is None
    person = record("e1", session="canary-s").profile_id
    others = record(events=(large._replace(id="others"),), session="other")
    assert others.profile_id is None
    assert [row["id"] for row in read(reports.quarantine, profile_id=person)] == ["canary-q"]
    counted()
    assert people.erase_person(engine, person, clock(), digest)["events"] == 2
    fold()
    assert found_in(engine, "canary", person) == {}
    assert [row["id"] for row in read(reports.quarantine)] == ["others"]
    assert broken() == {}
    # It does not come back by itself.
    record(events=(large,), session="canary-t")
    assert [row["id"] for row in read(reports.quarantine)] == ["others"]


def test_retention_leaves_nothing_of_visits_that_were_not_to_be_saved(
    make_source, record, engine, clock, fold, broken
) -> None:
    make_source("shop")
    large = Event("a", "canary-q", too_large=70_000, options=WITHOUT_PROFILE)
    record("e1", session="canary-t")
    record(events=(Event("a", "e2", options=UNSAVED),), session="canary-s")
    record(events=(large,), session="canary-t")
    fold()
    clock.forward(30 * 86_400 + 60)
    list(retention.forget(engine, Keeping(clock() - 30 * DAY)))
    assert found_in(engine, "canary") == {}
    assert broken() == {}


def test_a_deleted_visit_leaves_its_events_to_its_person_and_goes_with_the_last_of_them(
    make_source, record, counted, engine, clock, digest, fold, broken, read
) -> None:
    make_source("shop")
    record(events=(Event("a", "e2", options=WITHOUT_PROFILE),), session="canary-s")
    person = record("e1", session="canary-s").profile_id
    counted()
    assert transaction(engine, lambda conn: deleting.remove_session(conn, "canary-s"))
    assert not transaction(engine, lambda conn: deleting.remove_session(conn, "canary-s"))
    assert [event["id"] for event in read(reports.events, profile_id=person)] == ["e2", "e1"]
    assert broken() == {}
    for event_id in ("e1", "e2"):
        assert transaction(
            engine, lambda conn, gone=event_id: deleting.remove_event(conn, "shop", gone, digest, clock())
        )
        assert broken() == {}
    fold()
    assert found_in(engine, "canary") == {}
    assert broken() == {}


def test_a_deleted_event_leaves_the_numbers_as_they_were_counted(
    make_source, record, engine, clock, digest, fold, broken
) -> None:
    make_source("shop")
    record("e1", "e2", session="s1")
    record(events=(Event("called-canary", "e3"),), session="s1")
    fold()
    assert transaction(engine, lambda conn: deleting.remove_event(conn, "shop", "e3", digest, clock()))
    assert broken() == {}
    assert "event_type" not in found_in(engine, "called-canary")
