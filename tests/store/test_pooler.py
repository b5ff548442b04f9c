"""Behind pgbouncer, which gives each transaction another connection to the server."""

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pooling import PGBOUNCER
from sqlalchemy import text

from tracker.core.model import Claim, Event, IdentityKey, Source
from tracker.ingest.committer import Committer
from tracker.ingest.fresh import tombstone_digest
from tracker.store import check, migrations, months, people, reports, sources
from tracker.store.directory import Directory
from tracker.store.engine import connect, reading, snapshot, transaction

pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
DEADLINE = 20
SERVERS = 3
"""Connections that the pooler has to the server: fewer than clients, so that they change hands all the time."""


@contextmanager
def pgbouncer(url: str, *more: str) -> Iterator[str]:
    """Run one in front of a database; yields the URL to reach it by."""
    parts = urlsplit(url)
    database, host = parts.path[1:], parse_qs(parts.query)["host"][0]
    folder = Path(tempfile.mkdtemp(prefix="handoff-pooler-"))
    # It refuses to run as root, and only the server's own user gets to its socket.
    own: dict[str, Any] = {"user": Path(host).owner(), "extra_groups": []} if os.geteuid() == 0 else {}
    if own:
        shutil.chown(folder, own["user"])
    folder.chmod(0o755)
    settings = [
        "[databases]",
        f"{database} = host={host} user=postgres dbname={database}",
        "[pgbouncer]",
        f"unix_socket_dir = {folder}",
        "listen_addr =",
        "auth_type = any",
        "pool_mode = transaction",
        f"default_pool_size = {SERVERS}",
        "max_client_conn = 100",
        "server_round_robin = 1",
        *more,
    ]
    (folder / "pgbouncer.ini").write_text("\n".join(settings))
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([PGBOUNCER, folder / "pgbouncer.ini"], stdout=log, stderr=log, **own)
    try:
        _until_it_listens(folder / ".s.PGSQL.6432", running)
        yield f"postgresql://postgres@/{database}?host={folder}&port=6432"
    finally:
        running.terminate()
        running.wait(DEADLINE)
        shutil.rmtree(folder, ignore_errors=True)


def _until_it_listens(path: Path, running: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + DEADLINE
    while running.poll() is None:
        with socket.socket(socket.AF_UNIX) as trying:
            if trying.connect_ex(str(path)) == 0:
                return
        assert time.monotonic() < deadline, "pgbouncer does not listen"
    raise AssertionError("pgbouncer has ended")


WAYS = {
    "found out by what it refuses": ("auto", ()),
    "found out by what it drops": ("auto", ("ignore_startup_parameters = options",)),
    "said": ("transaction", ()),
}


@pytest.fixture(params=WAYS)
def pooled(request, empty_database_url) -> Iterator[tuple[str, str]]:
    """The URL of a pooler in front of an empty database, and what the operator says of it."""
    said, more = WAYS[request.param]
    with pgbouncer(empty_database_url, *more) as url:
        yield url, said


def test_everything_works_through_it_and_nothing_is_quarantined(pooled, clock, new_id, record) -> None:
    url, said = pooled
    engine = connect(url, pooler=said)
    assert migrations.upgrade(engine)[1] == migrations.head()
    assert migrations.is_ready(engine)
    digest = tombstone_digest(("a key that only tests sign with",))
    shop, _ = sources.create(engine, Source("shop", "Shop", identify="open"), clock())
    committer = Committer(engine, Directory(engine, clock), clock, new_id, digest)
    numbers = itertools.count()

    def visit(person: int) -> list[str]:
        fates = []
        for _ in range(12):
            number = next(numbers)
            claim = Claim(0, (IdentityKey("user_id", f"u{person}", (f"u{person}",)),), {"plan": f"p{number}"})
            identify = record.payload(events=(Event("identify", f"i{number}"),), session=f"s{person}", claims=(claim,))
            fates += [fate for _, fate in committer.record(identify, shop).fates]
            view = record.payload(f"e{number}", session=f"s{person}")
            fates += [fate for _, fate in committer.record(view, shop).fates]
            transaction(reading(engine), lambda conn: reports.events(conn))
        return fates

    with ThreadPoolExecutor(8) as pool:
        fates = [fate for found in pool.map(visit, range(8)) for fate in found]
    assert set(fates) == {"stored"}
    assert len(fates) == 2 * 8 * 12
    assert months.make_ahead(engine, clock())
    assert transaction(snapshot(engine), lambda conn: conn.scalar(text("SELECT count(*) FROM event"))) == len(fates)
    assert transaction(engine, lambda conn: people.erase(conn, somebody(engine), clock(), digest))["profiles"]
    found = transaction(reading(engine), lambda conn: list(check.check(conn)))
    assert [one.invariant for one in found if one.broken] == []
    engine.dispose()


def somebody(engine) -> str:
    first = text("SELECT profile_id FROM alias ORDER BY id LIMIT 1")
    return transaction(reading(engine), lambda conn: str(conn.scalar(first)))


def test_limits_hold_within_each_transaction_and_nothing_is_prepared(pooled) -> None:
    url, said = pooled
    engine = connect(url, pooler=said)
    shown = [text(f"SHOW {name}") for name in ("statement_timeout", "lock_timeout", "jit", "enable_seqscan")]
    prepared = text("SELECT count(*) FROM pg_prepared_statements")
    for _ in range(4 * SERVERS):
        told = transaction(engine, lambda conn: [conn.scalar(name) for name in shown])
        assert told == ["7s", "5s", "off", "off"]
        assert transaction(engine, lambda conn: conn.scalar(prepared)) == 0
        assert transaction(reading(engine), lambda conn: conn.scalar(shown[3])) == "on"
    engine.dispose()
    # What was said in a transaction stays in it: the next client of the same server connection has none of it.
    patient = connect(url, for_requests=False, pooler=said)
    assert transaction(patient, lambda conn: conn.scalar(shown[0])) == "0"
    patient.dispose()


def test_a_schema_in_options_is_kept_to_behind_it_too(empty_database_url) -> None:
    plain = connect(empty_database_url)
    transaction(plain, lambda conn: conn.execute(text("CREATE SCHEMA handoff")))
    with pgbouncer(empty_database_url) as url:
        engine = connect(f"{url}&options=-csearch_path%3Dhandoff")
        migrations.upgrade(engine)
        tables = text("SELECT DISTINCT schemaname FROM pg_tables WHERE schemaname IN ('public', 'handoff')")
        assert transaction(engine, lambda conn: list(conn.scalars(tables))) == ["handoff"]
        engine.dispose()
    plain.dispose()
