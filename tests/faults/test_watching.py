"""Browsers that watch events come in, on every worker of a server that is then told to stop."""

import json
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest

from faults.ledger import SHOP
from tracker.ingest import passwords
from tracker.ingest.fresh import system_clock
from tracker.store import accounts
from tracker.store.accounts import User
from tracker.store.engine import transaction

PASSWORD = "correct horse battery"
BROWSERS = 6


def logged_in(house) -> OpenerDirector:
    """Return a browser with which an owner has logged in."""
    user = User("watcher", "watcher", "owner", system_clock())
    transaction(house.engine, lambda conn: accounts.add(conn, user, passwords.hashed(PASSWORD)))
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    door = f"http://127.0.0.1:{house.server.port}/login"
    found = re.search(r'name="csrf" value="([^"]+)"', browser.open(door, timeout=30).read().decode())
    assert found
    form = urlencode({"csrf": found[1], "name": user.name, "password": PASSWORD})
    assert browser.open(door, form.encode(), timeout=30).status == 200
    return browser


def heard(stream: HTTPResponse, event_id: str) -> bool:
    """Return True once a message tells of the event, False where the stream ends before."""
    for line in iter(stream.readline, b""):
        if line.startswith(b"data: ") and any(one["key"].endswith(f"\n{event_id}") for one in json.loads(line[6:])):
            return True
    return False


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_every_worker_tells_who_watches_and_none_keeps_the_server_from_stopping(house) -> None:
    browser = logged_in(house)
    address = f"http://127.0.0.1:{house.server.port}"
    # Connections are spread over the workers, so that on PostgreSQL some watch the one and some the other.
    streams = [browser.open(f"{address}/live/stream", timeout=60) for _ in range(BROWSERS)]
    body = {"source": {"id": SHOP}, "session": {"id": "watched"}, "events": [{"type": "x", "id": "watched-1"}]}
    with ThreadPoolExecutor(BROWSERS) as pool:
        listening = [pool.submit(heard, stream, "watched-1") for stream in streams]
        conn = HTTPConnection("127.0.0.1", house.server.port, timeout=30)
        conn.request("POST", "/track", json.dumps(body), {"Content-Type": "application/json"})
        assert conn.getresponse().status == 200
        conn.close()
        assert all(one.result(timeout=60) for one in listening)
    house.server.tell(signal.SIGTERM)
    # The graceful timeout is 20 seconds; nobody waits for it because of somebody who only looks.
    assert house.server.ended(within=8) == 0
    assert all(b"data: " not in stream.read() for stream in streams)
