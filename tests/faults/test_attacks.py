"""One client does its worst, and a visitor of another site hardly notices: threats.md, "Found by attack".

For each attack a bystander sends what the script sends, from another network and for another source, first alone and
then beside the attack. ``ATTACK_FIGURES=FILE make chaos ARGS="-k attack"`` writes a line of figures for each.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest

from faults.attacks import ATTACKS, TARGET, Aim
from faults.conftest import own_postgres
from faults.house import OwnPostgres, prepared
from faults.ledger import Ledger, post
from faults.serving import ROOT, Server
from faults.waiting import until
from tracker.core.account_rules import Role
from tracker.core.model import Source
from tracker.ingest import passwords
from tracker.ingest.fresh import system_clock
from tracker.store import accounts, sources
from tracker.store.accounts import User
from tracker.store.engine import transaction

pytestmark = pytest.mark.chaos

RATE, BURST = 50, 200
QUIET_SECONDS, ATTACK_SECONDS = 3.0, 5.0
BEATS = 30
"""Requests a second of the bystander."""
TIMES_SLOWER = 3.0
NOISE = 0.015
"""Seconds: a quiet p99 below this counts as this, because a shared machine makes as much out of nothing."""
MOST_MEMORY = 64 * 2**20
ROUNDS = 3
ATTACKER, BYSTANDER = "127.0.2.1", "127.0.3.1"
PASSWORD = "a long password of a test"


class LimitedServer(Server):
    """The collector as it is delivered, with its rate limit and without hooks."""

    def __init__(self, folder: Path, database_url: str, *, workers: int) -> None:
        super().__init__(folder, database_url, workers=workers, entry="app:create_app()")
        self.env["RATE_LIMIT"] = f"{RATE}/s burst {BURST}"

    def ready(self) -> bool:
        return len(self.workers()) >= self.expected_workers and self.get("/readyz") == 200


@dataclass
class Scene:
    """A collector, what its database has, and the ledger of its bystander."""

    backend: str
    server: Server
    ledger: Ledger
    aim: Aim

    def worked(self) -> float:
        """Return the seconds of CPU that the workers have used so far."""
        return sum(sum(worker.cpu_times()[:2]) for worker in self.server.workers())


@pytest.fixture(scope="module")
def attacked_postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as running:
        yield running


@pytest.fixture
def database(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path
) -> Iterator[tuple[str, int]]:
    """An empty database of this test alone, and how many workers its collector has."""
    if backend == "sqlite":
        yield f"sqlite:///{shutil.copyfile(migrated_sqlite, tmp_path / 'handoff.db')}", 1
        return
    running: OwnPostgres = request.getfixturevalue("attacked_postgres")
    running.run("CREATE DATABASE attacked")
    yield running.url("attacked"), 2
    running.run("DROP DATABASE attacked WITH (FORCE)")


@pytest.fixture
def scene(backend: str, database: tuple[str, int], tmp_path: Path) -> Iterator[Scene]:
    url, workers = database
    engine = prepared(url)
    server = LimitedServer(tmp_path, url, workers=workers)
    ledger = Ledger(tmp_path / "ledger.jsonl", server.port, engine)
    try:
        server.start()
        for role in ("viewer", "owner"):
            transaction(engine, lambda conn, role=role: accounts.add(conn, user(role), passwords.hashed(PASSWORD)))
        sources.create(engine, Source(TARGET, TARGET), system_clock())
        _, told, _ = post(server.port, {"source": {"id": TARGET}, "events": [{"type": "page-view"}]})
        assert told is not None
        yield Scene(backend, server, ledger, Aim(profile=told["profile"]["id"]))
    finally:
        server.stop()
        ledger.close()
        engine.dispose()


def user(role: Role) -> User:
    return User(role, role, role, 1)


def logged_in(port: int, role: str) -> tuple[str, str]:
    """Return (cookies, token of the forms) of a browser that has logged in as the user of that role."""
    jar: dict[str, str] = {}
    fields = {"csrf": _token(_page(port, jar, "/login")[1]), "name": role, "password": PASSWORD}
    status, said = _page(port, jar, "/login", urlencode(fields))
    assert status == 303, said
    token = _token(_page(port, jar, "/account")[1])
    return _cookies(jar), token


def _page(port: int, jar: dict[str, str], path: str, form: str | None = None) -> tuple[int, str]:
    """Return (status, page) as a browser with these cookies gets it, and keep those that come with it."""
    conn = HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Cookie": _cookies(jar)} if jar else {}
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    conn.request("GET" if form is None else "POST", path, form, headers)
    answer = conn.getresponse()
    said = answer.read().decode()
    conn.close()
    for one in answer.headers.get_all("Set-Cookie", []):
        name, _, value = one.partition(";")[0].partition("=")
        jar[name] = value
    return answer.status, said


def _cookies(jar: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in jar.items())


def _token(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


class Bystander:
    """A visitor of the shop, who clicks at a steady pace and whose browser keeps its connection."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._conn: HTTPConnection | None = None

    def __enter__(self) -> "Bystander":
        return self

    def __exit__(self, *_: object) -> None:
        if self._conn is not None:
            self._conn.close()

    def p99(self, seconds: float) -> float:
        """Return the seconds within which 99 of 100 requests were answered, all of them with a 200.

        A request is late from the moment when it was due, or one long pause would count as one slow request.
        """
        started, took = time.monotonic() + 1 / BEATS, []
        for beat in range(round(seconds * BEATS)):
            took.append(self._once(started + beat / BEATS))
        return sorted(took)[int(len(took) * 0.99) - 1]

    def _once(self, due: float) -> float:
        body = self._ledger.body(1, context={"page": {"url": "https://shop.example/a?utm_source=x", "title": "A"}})
        self._ledger.is_sending(body)
        raw = json.dumps(body).encode()
        threading.Event().wait(max(0.0, due - time.monotonic()))
        status, answer, headers = self._sent(raw)
        took = time.monotonic() - due
        assert self._ledger.was_told(body, status, answer, headers) == 200, (status, answer)
        return took

    def _sent(self, raw: bytes) -> tuple[int, Any, dict[str, str]]:
        for again in (True, False):
            fresh = self._conn is None
            conn = self._conn = self._conn or HTTPConnection(
                "127.0.0.1", self._ledger.port, timeout=30, source_address=(BYSTANDER, 0)
            )
            try:
                conn.request("POST", "/track", raw, {"Content-Type": "text/plain"})
                got = conn.getresponse()
                told = json.loads(got.read())
            except (OSError, HTTPException):
                # A connection that was kept may have been closed meanwhile; browsers try once more, too.
                conn.close()
                self._conn = None
                if fresh or not again:
                    raise
                continue
            return got.status, told, dict(got.getheaders())
        raise AssertionError


class Memory:
    """The most memory that a worker has had while this was watching."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stop = threading.Event()
        self.before = self.most = self._now()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _now(self) -> int:
        return max((worker.memory_info().rss for worker in self._server.workers()), default=0)

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            self.most = max(self.most, self._now())

    def gained(self) -> int:
        self._stop.set()
        self._thread.join()
        return max(self.most, self._now()) - self.before


@contextmanager
def attacking(scene: Scene, name: str, aim: Aim, *, rate: int | None) -> Iterator[dict[str, Any]]:
    """Attack while the block runs; what the attacker was told is in what this gives, after it."""
    order = {
        "attack": name,
        "port": scene.server.port,
        "address": ATTACKER,
        "aim": asdict(aim),
        "seconds": ATTACK_SECONDS,
        "rate": rate,
        "burst": BURST,
    }
    told: dict[str, Any] = {}
    command = [sys.executable, "-m", "faults.attacker"]
    with psutil.Popen(
        command, cwd=ROOT, env=scene.server.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == "begun\n"
            yield told
            told |= json.loads(process.stdout.readline())
            told["said"] = Counter({int(status): times for status, times in told["said"].items()})
        finally:
            process.kill()


@dataclass
class Figures:
    """What one measurement has found; ``limited`` where the client kept to the rate limit."""

    limited: bool

    quiet: float
    beside: float
    worked: float
    """Seconds of CPU of all workers beside the attack, the bystander's requests included."""
    said: Counter[int]
    sent: int

    @property
    def limit(self) -> float:
        return TIMES_SLOWER * max(self.quiet, NOISE)

    @property
    def holds(self) -> bool:
        """Whether the bystander hardly noticed; a client without a limit takes what time the machine has, and the
        bystander is answered all the same."""
        return self.beside <= self.limit or not self.limited

    def line(self) -> str:
        said = ", ".join(f"{times} × {status or 'closed'}" for status, times in sorted(self.said.items()))
        times = f"{self.quiet * 1e3:.1f} ms alone, {self.beside * 1e3:.1f} ms beside it"
        return f"{times}; {self.worked:.1f} s of CPU; {self.sent} sent: {said}"


def measured(scene: Scene, name: str, aim: Aim, bystander: Bystander, quiet: float, rate: int | None) -> Figures:
    before = scene.worked()
    with attacking(scene, name, aim, rate=rate) as told:
        # The attacker takes a moment longer than the bystander, so that the last beat is beside it, too.
        beside = bystander.p99(ATTACK_SECONDS - 1)
    return Figures(rate is not None, quiet, beside, scene.worked() - before, told["said"], told["sent"])


def one_round(scene: Scene, name: str, aim: Aim) -> list[Figures]:
    """Return the figures at the rate that the limit lets through, and then of a client as fast as it can be."""
    with Bystander(scene.ledger) as bystander:
        quiet = bystander.p99(QUIET_SECONDS)
        return [measured(scene, name, aim, bystander, quiet, rate) for rate in (RATE, None)]


def note(scene: Scene, name: str, rounds: list[list[Figures]], gained: int) -> None:
    if file := os.environ.get("ATTACK_FIGURES"):
        with Path(file).open("a") as out:
            for pace, one in zip(("within the limit", "as fast as it can"), rounds[-1], strict=True):
                words = f"{scene.backend} | {name} | {pace} | {one.line()} | {gained / 2**20:.0f} MB"
                out.write(f"| {words} | {'ok' if one.beside <= one.limit else 'SLOW'}, round {len(rounds)} |\n")


@pytest.mark.parametrize("name", ATTACKS)
def test_a_bystander_hardly_notices(scene: Scene, name: str) -> None:
    attack, aim, rounds = ATTACKS[name], scene.aim, []
    if attack.login:
        cookie, csrf = logged_in(scene.server.port, attack.login)
        aim = Aim(cookie, csrf, aim.profile)
    # What is loaded with the first requests is no gain.
    with Bystander(scene.ledger) as first:
        first.p99(1)
    memory = Memory(scene.server)
    while not rounds or (len(rounds) < ROUNDS and not all(one.holds for one in rounds[-1])):
        rounds.append(one_round(scene, name, aim))
    gained = memory.gained()
    note(scene, name, rounds, gained)
    measured_all = [one for several in rounds for one in several]
    told = "; ".join(one.line() for one in measured_all)
    assert not {status for one in measured_all for status in one.said} - attack.may_say - {0}, told
    assert gained <= MOST_MEMORY, f"{gained / 2**20:.0f} MB"
    assert all(one.holds for one in rounds[-1]), told
    until(scene.server.ready, "ready after the attack")
    broken = scene.ledger.held_against()
    assert not broken, "\n".join(broken[:20])
