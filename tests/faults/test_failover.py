"""The server that takes the writes dies for good, and the standby that followed it synchronously takes its place."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from faults.conftest import own_postgres
from faults.house import House, Standby, prepared
from faults.ledger import Ledger
from faults.serving import Server
from faults.waiting import until
from tracker.ingest.fresh import system_clock
from tracker.store import months
from tracker.store.engine import connect

SYNCHRONOUS = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"


@pytest.fixture
def standby_and_house(tmp_path: Path) -> Iterator[tuple[Standby, House]]:
    """A collector that knows both servers by name and looks for the one that takes writes."""
    with ExitStack() as stack:
        primary = stack.enter_context(own_postgres())
        primary.run("CREATE DATABASE handoff")
        engine = prepared(primary.url("handoff"))
        months.make_ahead(engine, system_clock())
        engine.dispose()
        # Beside the first server's folder, where the user that PostgreSQL runs as can reach it.
        standby = primary.standby(Path(primary.socket).parents[1] / "standby")
        stack.callback(standby.stop)
        # After the copy was made, or the standby would itself wait for a standby once it is promoted.
        primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.run("SELECT pg_reload_conf()")
        until(lambda: primary.run(SYNCHRONOUS), "the standby to follow synchronously")
        hosts = f"host={Path(primary.socket).parent}&host={standby.socket_folder}"
        url = f"postgresql://postgres@/handoff?{hosts}&target_session_attrs=read-write"
        collector = Server(tmp_path, url, workers=2)
        stack.callback(collector.stop)
        collector.start()
        witness = connect(url)
        stack.callback(witness.dispose)
        yield standby, House("postgresql", tmp_path, witness, collector, None, primary)


@pytest.mark.chaos
def test_nothing_that_was_acknowledged_is_lost_when_a_synchronous_standby_takes_over(standby_and_house, tmp_path):
    standby, house = standby_and_house
    ledger = Ledger(tmp_path / "ledger.jsonl", house.server.port, house.engine)
    with ledger.visitors():
        until(lambda: ledger.acknowledged() >= 100, "a good many answers")
        house.postgres.stop("immediate")
        until(lambda: any(503 in line.statuses for line in ledger.lines.values()), "somebody to be sent away")
        standby.promote()
        before = ledger.acknowledged()
        until(lambda: ledger.acknowledged() >= before + 50, "answers by the new server", within=10)
    ledger.settle()
    house.sound(ledger)
    ledger.close()
