"""One person's address in every place a client can put it: gone once the person is erased."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tracker.core.limits import Limits
from tracker.core.scrub import read_names
from tracker.store import people, reports
from tracker.store.engine import transaction

CANARY = "canary-7f3@private.test"
IN_URL = CANARY.replace("@", "%40")
NAME = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
ADDRESS = "198.51.100.77"


def body(url: str) -> dict[str, Any]:
    """Return a payload that says the canary in all places where a payload has room for it."""
    page = {"url": url, "title": CANARY, "referrer": {"host": "mail.test", "href": url}}
    return {
        "source": {"id": "shop"},
        "session": {"id": f"session-{CANARY}"},
        "profile": {"id": NAME, "ids": [CANARY]},
        "context": {
            "page": page,
            "browser": {CANARY: CANARY},
            "utm": {"source": CANARY},
            "consents": {CANARY: True},
            "tracardi": {"pass": {"profile": CANARY, "source": CANARY, "pass": CANARY, "referrer": CANARY}},
        },
        "properties": {"customer": CANARY},
        "tags": [CANARY],
        "events": [
            {"type": "viewed", "id": f"e1-{CANARY}", "properties": {"note": [CANARY]}, "context": page},
            {"type": "identify", "id": "e2", "properties": {"email": CANARY, "traits": {"mail": CANARY, "site": url}}},
            {"type": "consent-granted", "id": "e3", "properties": {CANARY: True}},
            {"type": "big", "id": "e4", "properties": {CANARY: ["x" * 16_000] * 5}},
        ],
    }


HEADERS = {
    "User-Agent": f"Mozilla ({CANARY})",
    "Accept-Language": f"en, {CANARY}",
    "Sec-CH-UA": CANARY,
    "Referer": f"https://shop.example/{CANARY}",
    "Cookie": CANARY,
    "X-Customer": CANARY,
    "From": CANARY,
    "X-Timestamp": CANARY,
}


@pytest.fixture
def dump(engine, database_url: str, backend: str) -> Callable[[], bytes]:
    """Return every byte that the database holds: all its tables, and on SQLite its files as they lie on the disk."""

    def of_sqlite() -> bytes:
        file = Path(database_url.removeprefix("sqlite:///"))
        with sqlite3.connect(file) as conn:
            rows = "\n".join(conn.iterdump()).encode()
        conn.close()
        return rows + b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))

    def of_postgresql() -> bytes:
        found = b""
        with psycopg.connect(database_url) as conn, conn.cursor() as cursor:
            tables = conn.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            for (table,) in tables.fetchall():
                with cursor.copy(f"COPY {table} TO STDOUT".encode()) as rows:
                    found += b"".join(bytes(row) for row in rows)
        return found

    return of_sqlite if backend == "sqlite" else of_postgresql


@pytest.fixture
def erase(engine, clock, digest) -> Callable[[str], object]:
    def go(alias: str) -> object:
        counts = transaction(engine, lambda conn: people.erase(conn, alias, clock(), digest))
        people.wipe(engine)
        return counts

    return go


@pytest.mark.parametrize("by", [NAME, "profile-1"])
def test_after_an_erasure_nothing_in_the_database_or_the_log_tells_of_a_person(
    make_source, client, read, dump, erase, capfd, broken, by
) -> None:
    make_source("shop", kind="browser", identify="open", settings={"requireConsent": True})
    url = f"https://shop.example/thanks?order=7&email={IN_URL}&note={CANARY}"
    answer = client.post(
        f"/track?q={CANARY}", json=body(url), headers=HEADERS, environ_overrides={"REMOTE_ADDR": ADDRESS}
    )
    assert answer.status_code == 200, answer.text
    client.post("/track", json=body(url), headers=HEADERS)
    stored = dump()
    assert stored.count(CANARY.encode()) > 20, "the canary was there"
    assert ADDRESS.encode() not in stored, "no address is stored, not even beside a person"
    assert [event["id"] for event in read(reports.quarantine)] == ["e4"]

    erase(by)
    client.post("/track", json=body(url), headers=HEADERS)

    left = dump()
    late = answer.get_json()["profile"]["id"]
    for trace in (CANARY, IN_URL, NAME, late):
        assert trace.encode() not in left
    assert broken() == {}
    log = capfd.readouterr().out
    for trace in (CANARY, IN_URL, NAME, late, ADDRESS):
        assert trace not in log


def test_an_address_in_a_url_or_a_referrer_is_not_stored_in_the_first_place(make_source, dump, another) -> None:
    make_source("shop", settings={"scrubParameters": ["customer"]})
    url = f"https://shop.example/?r=%2Fin%3Fuser_email%3D{IN_URL}&email={CANARY}&customer={CANARY}&coupon={CANARY}&order=7"
    page = {"url": url, "href": url, "referrer": url, "hash": f"#access_token={CANARY}"}
    another_service = another(limits=Limits(parameters=read_names("coupon")))
    answer = another_service.post(
        "/track",
        json={
            "source": {"id": "shop"},
            "session": {"id": "s1"},
            "context": {"page": page},
            "properties": {"from": url},
            "events": [
                {"type": "page-view", "id": "e1", "context": {"page": url}, "properties": {"to": [url], url: 1}}
            ],
        },
    )
    assert answer.status_code == 200
    stored = dump()
    assert CANARY.encode() not in stored
    assert IN_URL.encode() not in stored
    assert b"order=7" in stored
