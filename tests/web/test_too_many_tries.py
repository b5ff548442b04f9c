"""What a refused password costs: little of the database, and its client a while."""

import pytest
from gevent.server import StreamServer
from gunicorn.workers.ggevent import GeventWorker
from sqlalchemy import event
from web.conftest import PASSWORD

from tracker.web import credentials
from tracker.web.credentials import LONGEST_PAUSE, SHORTEST_PAUSE, TRIES_BY_ACCOUNT
from tracker.web.server_worker import Worker
from tracker.web.services import services_of


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that each refusal has waited."""
    found: list[float] = []
    monkeypatch.setattr(credentials.time, "sleep", found.append)
    return found


def change(console):
    return console.post("/account/password", current="wrong", new="another good password")


def test_a_refused_change_of_password_asks_for_the_login_and_the_tries_alone(console, app, pauses) -> None:
    for _ in range(TRIES_BY_ACCOUNT):
        assert change(console).status_code == 422
    asked: list[str] = []

    def note(_conn, _cursor, statement, *_rest) -> None:
        asked.append(statement)

    served = services_of(app).engine
    event.listen(served, "before_cursor_execute", note)
    try:
        answer = change(console)
    finally:
        event.remove(served, "before_cursor_execute", note)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert 'href="/account"' in answer.text
    tables = [one for one in asked if "SELECT" in one]
    assert len(tables) == 2, tables
    assert "login" in tables[0]
    assert "failed" in tables[1]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_refused_login_leads_back_to_the_page_that_was_wanted(stranger, make_user, pauses) -> None:
    make_user()
    stranger.get("/login")
    for _ in range(TRIES_BY_ACCOUNT):
        assert stranger.post("/login", name="anna", password="wrong").status_code == 403
    assert pauses == []
    answer = stranger.post("/login", name="anna", password=PASSWORD, next="/sources")
    assert (answer.status_code, answer.headers["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert 'href="/login?next=/sources"' in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/login", "/account/password", "/user/token"])
def test_each_refusal_keeps_its_client_waiting(console, client, pauses, path) -> None:
    fields = {"name": "anna", "password": "wrong", "current": "wrong", "new": "another good password"}
    token = {"username": "anna", "password": "wrong"}

    def tried() -> int:
        return (client.post(path, data=token) if path == "/user/token" else console.post(path, **fields)).status_code

    answers = [tried() for _ in range(TRIES_BY_ACCOUNT + 2)]
    refused = answers.count(429)
    assert refused >= 2, answers
    assert len(pauses) == refused
    assert all(SHORTEST_PAUSE <= one <= LONGEST_PAUSE for one in pauses)


def test_a_worker_takes_one_new_connection_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StreamServer, "max_accept", 100)
    made: list[StreamServer] = []
    monkeypatch.setattr(GeventWorker, "run", lambda _: made.append(StreamServer(("127.0.0.1", 0), print)))
    Worker.run(Worker.__new__(Worker))
    assert [server.max_accept for server in made] == [1]
