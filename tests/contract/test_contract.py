"""The running server against its own specification: made-up requests, fitting and unfitting, for every operation."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import schemathesis
from browser.web import collector
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from ports import free_port
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tracker.core.model import Source
from tracker.ingest import passwords
from tracker.ingest.fresh import system_clock
from tracker.store import accounts, sources
from tracker.store.accounts import User
from tracker.store.engine import connect, transaction

EXAMPLES = 3
PASSWORD = "correct horse battery"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# The one ends the token that the others need; the other takes the time that passwords take.
LEFT_OUT = {"/user/logout", "/token"}


@pytest.fixture
def server(migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A collector of its own with a source and an owner; yields its address."""
    monkeypatch.setenv("RATE_LIMIT", "off")
    url = f"sqlite:///{shutil.copyfile(migrated_sqlite, tmp_path / 'handoff.db')}"
    engine, now = connect(url), system_clock()
    sources.create(engine, Source("shop", "Shop"), now)
    owner = User("anna", "anna", "owner", now)
    transaction(engine, lambda conn: accounts.add(conn, owner, passwords.hashed(PASSWORD)))
    engine.dispose()
    port = free_port()
    with collector(port, tmp_path, url):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def token(server: str) -> str:
    """A token of the owner; an event of a visitor is stored by then."""
    body = {"source": {"id": "shop"}, "session": {"id": "s1"}, "events": [{"type": "page-view", "id": "e1"}]}
    assert requests.post(f"{server}/track", json=body, timeout=10).status_code == 200
    answer = requests.post(f"{server}/user/token", data={"username": "anna", "password": PASSWORD}, timeout=10)
    return str(answer.json()["access_token"])


def test_whatever_is_sent_the_server_keeps_to_its_specification(server: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    schema = schemathesis.openapi.from_url(f"{server}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations() if found.ok().path not in LEFT_OUT]
    assert len(operations) >= 40
    with requests.Session() as session:

        def keep_to_it(case: schemathesis.Case) -> int:
            answered = case.call(base_url=server, session=session, headers=headers, timeout=10)
            case.validate_response(answered, checks=CHECKS)
            return int(answered.status_code)

        listed = session.get(f"{server}/api/profiles", headers=headers, timeout=10).json()["items"]
        stored = {"event_id": "e1", "session_id": "s1", "source_id": "shop", "profile_id": listed[0]["id"]}
        for operation in operations:
            if operation.method == "get" and operation.path_parameters:
                names = {parameter.name for parameter in operation.path_parameters}
                case = operation.Case(path_parameters={name: stored[name] for name in names})
                assert keep_to_it(case) == 200, operation.path
        for operation in operations:
            run(operation.as_strategy(), keep_to_it)
            if operation.query or operation.body:
                run(operation.as_strategy(schemathesis.GenerationMode.NEGATIVE), keep_to_it)


def run(cases: SearchStrategy[schemathesis.Case], keep_to_it: Callable[[schemathesis.Case], int]) -> None:
    """Try some made-up requests of one operation."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def tried(case: schemathesis.Case) -> None:
        keep_to_it(case)

    tried()
