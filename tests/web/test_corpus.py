"""Every bad and odd request of the corpus, through the whole server, on SQLite and on PostgreSQL side by side."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import HandClock, Names
from corpus import CASES, CORPUS, body_of, named
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from tracker.core.model import Source
from tracker.settings import Settings
from tracker.store import check, reports, sources
from tracker.store.engine import Engine, connect, transaction
from tracker.store.tables import Base, ProfileRow, RepeatedRow, SourceRow
from tracker.web.services import services

NOON = 1_748_779_200_000_000
LARGEST_ANSWER = 8 * 1024
LONGEST_ANSWER = 2.0
GOOD = {"source": {"id": "corpus"}, "session": {"id": "good"}, "events": [{"type": "good", "id": "good"}]}


@dataclass(frozen=True, slots=True)
class Server:
    """A whole service on one database, with ids that are the same on every other one."""

    client: FlaskClient
    engine: Engine
    names: Names

    def everything(self) -> dict[str, Any]:
        """Return all that can be read of what is stored."""

        def work(conn) -> dict[str, Any]:
            events = list(reports.events(conn))
            return {
                "events": events,
                "sessions": [reports.session(conn, name) for name in sorted({event["session"] for event in events})],
                "profiles": [
                    reports.profile(conn, name)
                    for name in conn.scalars(select(ProfileRow.id).where(ProfileRow.merged_into.is_(None)))
                ],
                "quarantine": list(reports.quarantine(conn)),
                "repeated": [tuple(row) for row in conn.execute(select(RepeatedRow.__table__))],
                "broken": [finding for finding in check.check(conn) if finding.broken],
            }

        return transaction(self.engine, work)

    def forget(self) -> None:
        """Empty all tables but that of the sources, and start to count ids anew."""
        tables = [table.name for table in reversed(Base.metadata.sorted_tables) if table is not SourceRow.__table__]
        statements = [f"DELETE FROM {name}" for name in tables]  # noqa: S608 - our own names
        # PostgreSQL takes them all in one round trip.
        together = [";".join(statements)] if self.engine.dialect.name == "postgresql" else statements
        with self.engine.begin() as conn:
            for statement in together:
                conn.exec_driver_sql(statement)
        self.names.given.clear()


def _server(url: str, folder: Path) -> Server:
    engine, names = connect(url), Names()
    for given in CORPUS["sources"]:
        wanted = Source(given["id"], given["id"], given["kind"], origins=tuple(given["origins"]), identify="verified")
        sources.create(engine, wanted, NOON)
        if not given["enabled"]:
            sources.switch(engine, given["id"], enabled=False, now=NOON)
    settings = Settings(folder, url, "https://collect.example", ("a key that only tests sign with",))
    made = create_app(replace(settings, rate_limit=None), clock=HandClock(NOON), new_id=names)
    return Server(made.test_client(), engine, names)


@pytest.fixture(scope="module")
def servers(migrated_sqlite, migrated_postgres, postgres, tmp_path_factory) -> Iterator[tuple[Server, Server]]:
    """The same service twice: on SQLite and on PostgreSQL."""
    folder = tmp_path_factory.mktemp("corpus")
    file = shutil.copyfile(migrated_sqlite, folder / "handoff.db")
    name = postgres.migrated(migrated_postgres)
    both = _server(f"sqlite:///{file}", folder), _server(postgres.url_of(name), folder)
    yield both
    for server in both:
        server.engine.dispose()
        with server.client.application.app_context():
            services().engine.dispose()
    postgres.take_back(name)


def _answer(server: Server, case: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Send a case with exactly its headers; returns the status and the answer: small, soon, and of the one shape."""
    body, started = body_of(case), time.perf_counter()
    answer = server.client.open("/track", method="POST", data=body, headers=case["headers"])
    assert time.perf_counter() - started < LONGEST_ANSWER
    assert len(answer.data) <= LARGEST_ANSWER
    assert answer.content_type == "application/json"
    told = answer.get_json()
    assert ("detail" in told) == (answer.status_code != 200)
    return answer.status_code, {name: value for name, value in told.items() if name != "pass"}


@pytest.mark.parametrize("case", CASES, ids=named)
def test_each_gets_its_status_stores_what_it_may_and_leaves_both_databases_alike(case, servers) -> None:
    found = []
    for server in servers:
        server.forget()
        status, body = _answer(server, case)
        stored = server.everything()
        assert status == case["status"], body
        if "loc" in case:
            assert body["detail"][0]["loc"] == case["loc"]
        assert len(stored["events"]) == case["stored"]
        assert stored["broken"] == []
        assert "secret-id" not in json.dumps(stored)
        found.append((status, body, stored))
        assert server.client.post("/track", json=GOOD).status_code == 200, "the next one is served"
    assert found[0] == found[1]


@pytest.mark.parametrize("case", CORPUS["tracker"], ids=lambda case: case["name"])
def test_each_query_for_the_script_gets_its_status(case, servers) -> None:
    for server in servers:
        answer = server.client.get(f"/tracker?{case['query']}")
        assert answer.status_code == case["status"], answer.text[:200]
        if case["status"] == 200:
            assert answer.data == server.client.get("/tracker?source_id=corpus").data
        else:
            assert len(answer.data) <= LARGEST_ANSWER
            assert "detail" in answer.get_json()
        assert "X-Evil" not in answer.headers
