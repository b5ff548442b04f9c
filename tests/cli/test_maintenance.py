"""``tracker db maintain``: what is forgotten, and what it says of it."""

import json
import os
from pathlib import Path

import pytest

from tracker.core.times import DAY, iso
from tracker.store import presence, reports

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def sources(make_source, record) -> None:
    """One source keeps ten years, and one what it is told for all; the clock of the tests stands in 2025."""
    make_source("decade", settings={"retentionDays": 3650})
    make_source("plain")
    for source in ("decade", "plain"):
        record(f"{source}-1", f"{source}-2", source=source, session=source)


def left(read) -> list[str]:
    return [event["id"] for event in read(reports.events)]


def test_a_dry_run_says_of_each_source_what_would_go_and_maintenance_does_it(tracker, read) -> None:
    dry = tracker("db", "maintain", "--keep-days", "30", "--dry-run")
    assert len(left(read)) == 4
    wet = tracker("db", "maintain", "--keep-days", "30")
    assert (dry.code, wet.code) == (0, 0)
    for said, doing in ((dry, "Would forget"), (wet, "Forgetting")):
        assert f"{doing} of decade what is older than 3650 days" in said.out
        assert f"{doing} of all others what is older than 30 days" in said.out
        assert "  of plain: 2 events, 1 visit\n" in said.out
        assert "of decade:" not in said.out
        assert "           1 person\n" in said.out
    assert left(read) == ["decade-1", "decade-2"]
    assert tracker("db", "check").code == 0


@ONE_DATABASE
def test_a_source_with_a_number_of_its_own_forgets_where_all_others_keep_everything(tracker, read) -> None:
    assert tracker("source", "change", "plain", "--retention-days", "1").code == 0
    said = tracker("db", "maintain")
    assert "Forgetting of plain what is older than 1 day (" in said.out
    assert "  of plain: 2 events, 1 visit\n" in said.out
    assert "Everything of all others is kept.\n" in said.out
    assert left(read) == ["decade-1", "decade-2"]


@ONE_DATABASE
def test_a_number_that_nobody_can_read_stops_it_before_anything_is_forgotten(tracker, engine, read) -> None:
    # As another version, or a hand, may have left it.
    with engine.begin() as conn:
        config = {"origins": [], "domains": [], "links": [], "referrals": "off", "identify": "off", "auto": {}}
        odd = json.dumps(config | {"settings": {"retentionDays": "7"}})
        conn.exec_driver_sql("UPDATE source SET config = ? WHERE id = 'decade'", (odd,))
    said = tracker("db", "maintain", "--keep-days", "30")
    assert said.code == 1
    assert "Nothing was forgotten. The source 'decade': retentionDays is a whole number of days" in said.err
    assert len(left(read)) == 4


def test_what_is_brought_in_after_it_was_forgotten_is_counted_anew(tracker, clock, tmp_path) -> None:
    tracker("source", "change", "decade", "--retention-days", "7")
    tracker("db", "maintain", "--keep-days", "30")
    # The newer past comes in first, so that the older one is counted right by a recount alone.
    for back in (1, 3, 5):
        past = tmp_path / f"past-{back}.jsonl"
        line = {"id": f"i{back}", "type": "page-view", "profile": "ann", "received_at": iso(clock() - back * DAY)}
        past.write_text(json.dumps(line))
        assert tracker("event", "import", str(past), "--source", "plain").code == 0
        tracker("report", "rebuild")
    said = tracker("db", "check")
    assert said.code == 0, said.out


def test_maintenance_says_what_room_the_database_takes_and_took(tracker, environment, backend) -> None:
    said = tracker("db", "maintain", "--keep-days", "30")
    assert said.code == 0
    assert said.out.splitlines()[-1].startswith("The database takes ")
    assert "The database takes" not in tracker("db", "maintain", "--keep-days", "30", "--dry-run").out
    vacuum = tracker("db", "maintain", "--vacuum")
    if backend == "postgresql":
        assert (vacuum.code, "PostgreSQL looks after its room by itself" in vacuum.err) == (1, True)


@ONE_DATABASE
def test_a_whole_file_is_written_anew_once_nobody_has_it_open(tracker, engine) -> None:
    in_use = tracker("db", "maintain", "--vacuum")
    assert (in_use.code, "end it first" in in_use.err) == (1, True)
    engine.dispose()
    assert tracker("db", "maintain", "--vacuum").code == 0
    assert tracker("db", "check").code == 0


@pytest.fixture
def served(engine):
    """A collector serves from the SQLite file."""
    held = presence.hold(Path(engine.url.database))
    yield
    os.close(held)


@ONE_DATABASE
@pytest.mark.usefixtures("served")
def test_a_file_that_is_served_is_refused_before_anything_is_forgotten(tracker, engine, read) -> None:
    engine.dispose()
    said = tracker("db", "maintain", "--keep-days", "30", "--vacuum")
    assert (said.code, said.out) == (1, "")
    assert said.err.splitlines()[-1].startswith("The collector is running; stop it first")
    assert len(left(read)) == 4


@ONE_DATABASE
def test_a_file_that_is_open_elsewhere_is_refused_before_anything_is_forgotten(tracker, read) -> None:
    said = tracker("db", "maintain", "--keep-days", "30", "--vacuum")
    assert (said.code, said.out) == (1, "")
    assert "end it first" in said.err
    assert len(left(read)) == 4


@ONE_DATABASE
def test_a_file_without_room_beside_it_is_told_that_all_else_is_done(tracker, engine, monkeypatch) -> None:
    engine.dispose()
    monkeypatch.setattr(os, "statvfs", lambda _folder: os.statvfs_result((4096, 4096, 9, 0, 0, 9, 9, 9, 0, 255)))
    said = tracker("db", "maintain", "--keep-days", "30", "--vacuum")
    assert said.code == 1
    assert "there is less room.\nMaintenance is done; only the file was not written anew." in said.err


@ONE_DATABASE
def test_a_dry_run_says_what_would_become_of_the_file(tracker, engine, request) -> None:
    words = ("db", "maintain", "--keep-days", "30", "--vacuum", "--dry-run")
    dry = tracker(*words)
    assert dry.code == 0, dry.err
    assert f"Would write {engine.url.database} anew: of its " in dry.out
    assert "PostgreSQL" not in dry.out + dry.err
    assert "would be refused" not in dry.out
    request.getfixturevalue("served")
    assert tracker(*words).out.endswith("The collector is running, so --vacuum would be refused: stop it first.\n")


@pytest.mark.parametrize("days", ["0", "36501", "9" * 20])
def test_a_number_of_days_that_no_date_can_be_is_refused_before_anything_is_forgotten(tracker, days: str) -> None:
    said = tracker("db", "maintain", "--keep-days", days)
    assert said.code == 2
    assert "36500" in said.err
