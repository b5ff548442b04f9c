"""The server's clock jumps; migrations that meet a server, each other, or their end half-way."""

import gc
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import inspect

from faults.ledger import post
from faults.serving import ROOT, Server
from faults.waiting import until
from tracker.ingest import counting
from tracker.ingest.fresh import system_clock
from tracker.store import migrations, sources
from tracker.store.engine import connect, reading

HOUR = 3600
TRACKER = Path(sys.executable).with_name("tracker")
DIES_HALF_WAY = """
import os, signal, sys
from sqlalchemy import Engine, event
from tracker.store import migrations
from tracker.store.engine import connect

@event.listens_for(Engine, "before_cursor_execute")
def before_statement(conn, cursor, statement, *rest):
    if "CREATE TABLE alias" in statement:
        os.kill(os.getpid(), signal.SIGKILL)

migrations.upgrade(connect(sys.argv[1]))
"""


@pytest.mark.parametrize("wrong_by", [HOUR, -HOUR])
def test_a_clock_that_jumps_and_jumps_back_costs_nobody_an_event(wrong_by, house, ledger):
    with ledger.visitors():
        for offset in (0, wrong_by, 0):
            house.server.order(clock=offset)
            before = ledger.acknowledged()
            until(lambda before=before: ledger.acknowledged() >= before + 15, "answers")
    answered = {status for line in ledger.lines.values() for status in line.statuses}
    assert answered == {200}


@pytest.mark.parametrize("wrong_by", [HOUR, -HOUR])
def test_a_source_that_is_disabled_is_refused_in_time_although_the_clock_has_jumped(wrong_by, house, ledger):
    assert ledger.send(ledger.body()) == 200
    house.server.order(clock=wrong_by)
    other = ledger.body()
    try:
        sources.switch(house.engine, "shop", enabled=False, now=system_clock())
        until(lambda: post(ledger.port, other)[0] == 401, "the source's refusal", within=5)
    finally:
        sources.switch(house.engine, "shop", enabled=True, now=system_clock())
    until(lambda: post(ledger.port, other)[0] == 200, "the source's return", within=5)


def test_upgrading_again_and_again_while_visitors_click_disturbs_nobody(house, ledger):
    with ledger.visitors():
        command = [str(TRACKER), "db", "upgrade"]
        upgrades = [
            subprocess.Popen(command, env=house.server.env, stdout=subprocess.PIPE, text=True) for _ in range(2)
        ]
        said = [upgrade.communicate(timeout=60)[0] for upgrade in upgrades]
        assert [upgrade.returncode for upgrade in upgrades] == [0, 0]
        assert said[0] == said[1]
        before = ledger.acknowledged()
        until(lambda: ledger.acknowledged() >= before + 10, "answers")
    assert {status for line in ledger.lines.values() for status in line.statuses} == {200}


def test_a_migration_that_is_killed_half_way_is_done_by_the_server_that_starts_next(empty_database_url, tmp_path):
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    killed = subprocess.run([sys.executable, "-c", DIES_HALF_WAY, empty_database_url], env=env, timeout=60)
    assert killed.returncode == -9
    engine = connect(empty_database_url)
    with reading(engine).connect() as conn:
        assert inspect(conn).get_table_names() == []
    server = Server(tmp_path, empty_database_url, workers=1)
    try:
        server.start()
        assert migrations.is_current(engine)
    finally:
        server.stop()
        engine.dispose()


def test_of_two_workers_on_an_empty_database_one_migrates_and_says_so(empty_database_url, tmp_path):
    server = Server(tmp_path, empty_database_url, workers=2)
    try:
        server.start()
        told = server.log.read_text()
    finally:
        server.stop()
    assert told.count("igrated from nothing to") == 1, told
    assert told.count("Database: ") <= 1, told
    assert "The database is at" not in told


@pytest.fixture
def starts_a_worker(house, monkeypatch):
    """Do what gunicorn does for a worker before it serves, with the settings of a running collector."""
    # The file names the folder of the figures to its workers; this process has to forget that again.
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    for name, value in house.server.env.items():
        monkeypatch.setenv(name, value)
    # What goes on beside the requests of a worker has no end, and this process has.
    monkeypatch.setattr(counting, "keep_counting", lambda *_: None)
    feed = SimpleNamespace(
        feed=SimpleNamespace(ends_unless=lambda _alive: None), usage=SimpleNamespace(keep_reading=lambda: None)
    )
    usual, threshold = signal.getsignal(signal.SIGINT), gc.get_threshold()
    config = runpy.run_path(str(ROOT / "gunicorn.conf.py"))

    def start(number: int, *, alive: bool = True) -> None:
        app = SimpleNamespace(extensions={"handoff": feed})
        worker = SimpleNamespace(age=number, cfg=SimpleNamespace(workers=2), notify=lambda: None, wsgi=app, alive=alive)
        config["post_worker_init"](worker)

    yield start
    signal.signal(signal.SIGINT, usual)
    gc.set_threshold(*threshold)
    gc.unfreeze()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_database_that_goes_away_while_the_first_workers_start_ends_no_server(house, starts_a_worker):
    starts_a_worker(1)
    house.proxy.way = "refuse"
    starts_a_worker(2)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_server_that_never_saw_its_database_says_so_and_ends(house, starts_a_worker, capfd):
    house.proxy.way = "refuse"
    with pytest.raises(SystemExit, match="3"):
        starts_a_worker(1)
    assert "cannot be reached" in capfd.readouterr().err


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_after_a_neighbour_could_not_migrate_no_worker_says_that_it_listens(house, starts_a_worker, capfd):
    house.proxy.way = "refuse"
    with pytest.raises(SystemExit, match="3"):
        starts_a_worker(2)
    with pytest.raises(SystemExit, match="0"):
        starts_a_worker(1, alive=False)
    told = capfd.readouterr()
    assert told.err.count("cannot be reached") == 1
    assert "Handoff listens" not in told.out
