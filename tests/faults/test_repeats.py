"""The same batch again: many times at once, after a restart, to another worker, after an answer that got lost."""

import json
import socket
import struct
from contextlib import closing
from uuid import uuid4

import pytest

from faults.ledger import Ledger
from faults.waiting import until


def send_and_hang_up(ledger, body) -> None:
    """Send a body and break the connection before anything can be read."""
    ledger.is_sending(body)
    raw = json.dumps(body).encode()
    head = f"POST /track HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", ledger.port), timeout=30)) as sock:
        sock.sendall(head.encode() + raw)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ledger.was_told(body, None, None, {})


def told(ledger, body) -> set[tuple[str, str]]:
    """Return the (profile, session) pairs that the successes for a body have named."""
    return {
        (answer["profile"]["id"], answer["session"]["id"])
        for status, answer, _ in ledger.of(body).replies
        if status == 200
    }


def test_the_same_batch_twenty_times_at_once_is_stored_once_and_every_answer_names_the_same_visitor(house, ledger):
    body = ledger.body(5)
    assert ledger.send_all([body] * 20) == [200] * 20
    assert len(told(ledger, body)) == 1


def test_the_same_batch_without_a_session_twenty_times_at_once_is_one_visitor(house, ledger):
    body = ledger.body(5) | {"session": {"id": ""}}
    assert ledger.send_all([body] * 20) == [200] * 20
    assert len(told(ledger, body)) == 1
    # The ledger knows sessions by the id that the client gave; this client gave none.
    body["session"]["id"] = told(ledger, body).pop()[1]


def test_the_same_batch_after_a_restart_and_to_every_worker_is_stored_once(house, ledger):
    body = ledger.body(5)
    assert ledger.send(body) == 200
    house.server.stop()
    house.server.start()
    assert ledger.send_all([body] * 8) == [200] * 8
    assert len(told(ledger, body)) == 1


def test_an_answer_that_is_lost_on_the_way_leaves_the_repeat_with_the_same_visitor(house, ledger):
    bodies = [ledger.body(3) for _ in range(10)]
    for body in bodies:
        send_and_hang_up(ledger, body)
    stored = {event_id for body in bodies for event_id in ledger.of(body).event_ids}
    # Once a request was read whole it is carried out, although nobody waits for it any more.
    until(lambda: ledger.stored(list(stored)) == stored, "the events of callers that have gone")
    ledger.settle()
    for body in bodies:
        [(_, session)] = told(ledger, body)
        assert session == body["session"]["id"]
        send = ledger.body(1, visitor=session)
        assert ledger.send(send) == 200
        assert told(ledger, send) == told(ledger, body)


@pytest.fixture
def backup(house, tmp_path):
    """Save the database, and put it back later; the server is stopped meanwhile, as the operator's page says."""

    def copy(old: str, new: str) -> None:
        house.engine.dispose()
        if house.backend == "sqlite":
            with (
                closing(__import__("sqlite3").connect(old)) as source,
                closing(__import__("sqlite3").connect(new)) as to,
            ):
                source.backup(to)
            return
        house.postgres.hang_up_on(new)
        house.postgres.run(f"DROP DATABASE IF EXISTS {new}")
        house.postgres.hang_up_on(old)
        house.postgres.run(f"CREATE DATABASE {new} TEMPLATE {old}")

    kept = str(tmp_path / "backup.db") if house.backend == "sqlite" else "faults_backup"

    def save() -> None:
        house.server.stop()
        copy(house.database, kept)
        house.server.start()

    def put_back() -> None:
        house.server.stop()
        copy(kept, house.database)
        house.server.start()

    yield save, put_back
    if house.postgres:
        house.postgres.run("DROP DATABASE IF EXISTS faults_backup WITH (FORCE)")


def test_browsers_that_hold_newer_ids_than_the_restored_backup_stay_one_visitor_each(house, ledger, backup, tmp_path):
    save, put_back = backup
    old = ledger.body(2, visitor="yesterday")
    assert ledger.send(old) == 200
    [(old_profile, _)] = told(ledger, old)
    save()
    # What is acknowledged from here on is lost with the restore; another ledger keeps what the browsers remember.
    lost = Ledger(tmp_path / "lost.jsonl", house.server.port, house.engine)
    today = [lost.body(2, visitor=str(uuid4())) for _ in range(4)]
    assert lost.send_all(today) == [200] * 4
    returned = lost.body(2, visitor=str(uuid4()), profile=old_profile)
    assert lost.send(returned) == 200
    lost.close()
    put_back()
    for body in today:
        [(profile, session)] = told(lost, body)
        # Two tabs at once in the visit that goes on, and another visit later: all with the id that nobody knows now.
        tabs = [ledger.body(2, visitor=session, profile=profile) for _ in range(2)]
        assert ledger.send_all(tabs) == [200, 200]
        later = ledger.body(1, visitor=str(uuid4()), profile=profile)
        assert ledger.send(later) == 200
        assert len({told(ledger, each).pop()[0] for each in (*tabs, later)}) == 1
    again = ledger.body(1, visitor=returned["session"]["id"], profile=old_profile)
    assert ledger.send(again) == 200
    assert told(ledger, again).pop()[0] == old_profile
