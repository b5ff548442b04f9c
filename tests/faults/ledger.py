"""What the clients were told, kept outside the server, and held against what the database has afterwards.

Each line is on the disk before the client goes on: what was sent, and then what came back. ``Ledger.held_against`` is
the one place where the invariants I1-I7 of threats.md are checked; it reads the tables itself instead of asking the
code that is on trial.
"""

import json
import os
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from faults.waiting import RECOVERS_WITHIN, here
from tracker.store.engine import reading
from tracker.store.tables import AliasRow, EventRow, ProfileRow, QuarantineRow, SessionRow

Body = dict[str, Any]
SHOP, BLOG = "shop", "blog"
HONEST_REFUSALS = (503, 429, None)
"""What may be said when nothing was stored; None is a connection that ended without an answer."""


@dataclass(slots=True)
class Line:
    """One body and what came of sending it, once or several times."""

    body: Body
    replies: list[tuple[int | None, Body | None, dict[str, str]]] = field(default_factory=list)

    @property
    def event_ids(self) -> list[str]:
        return [event["id"] for event in self.body["events"]]

    @property
    def acknowledged(self) -> bool:
        return any(status == 200 for status, _, _ in self.replies)

    @property
    def statuses(self) -> list[int | None]:
        return [status for status, _, _ in self.replies]

    def answer(self) -> Body:
        """Return the first success that came back."""
        return next(body for status, body, _ in self.replies if status == 200 and body is not None)


class Ledger:
    """The client's side of the story: sends bodies to one collector and never forgets an answer."""

    def __init__(self, file: Path, port: int, witness: Engine) -> None:
        self._file = file.open("ab", buffering=0)
        self._lock = threading.Lock()
        self._witness = reading(witness)
        self._numbers = count(1)
        self._prefix = uuid4().hex[:8]
        self.port = port
        self.honest: tuple[int | None, ...] = HONEST_REFUSALS
        self.lines: dict[str, Line] = {}
        self.unseen: list[str] = []
        """Events that a 200 spoke of and that were not in the database at that moment."""

    # Sending -------------------------------------------------------------------------------------------------------

    def body(self, events: int = 3, *, visitor: str | None = None, profile: str | None = None, **fields: Any) -> Body:
        """Write a payload of fresh events; a ``visitor`` is a session of the client's own."""
        number = next(self._numbers)
        body: Body = {
            "source": {"id": SHOP},
            "session": {"id": visitor or f"session-{self._prefix}-{number}"},
            "events": [
                {"type": "page-view", "id": str(uuid4()), "properties": {"number": number, "n": n}}
                for n in range(events)
            ],
        }
        if profile is not None:
            body["profile"] = {"id": profile}
        return body | fields

    def send(self, body: Body, *, timeout: float = 30, port: int | None = None) -> int | None:
        """Send a body once; returns the status, or None where no answer came. Both go into the ledger."""
        self.is_sending(body)
        return self.was_told(body, *post(port or self.port, body, timeout=timeout))

    def is_sending(self, body: Body) -> Line:
        """Note a body before it is sent."""
        with self._lock:
            line = self.lines.setdefault(key_of(body), Line(body))
        self._write({"sent": key_of(body), "events": line.event_ids, "session": body["session"]["id"]})
        return line

    def was_told(self, body: Body, status: int | None, answer: Body | None, headers: dict[str, str]) -> int | None:
        """Note what came back for a body; returns the status."""
        line = self.lines[key_of(body)]
        if status == 200:
            self._look_for(line)
        with self._lock:
            line.replies.append((status, answer, headers))
        told = answer if status == 200 and answer is not None else {}
        entry = {"status": status, "profile": told.get("profile"), "session": told.get("session")}
        self._write({"told": key_of(body)} | entry)
        return status

    def of(self, body: Body) -> Line:
        """Return what is noted of a body."""
        return self.lines[key_of(body)]

    def send_all(self, bodies: list[Body], *, timeout: float = 30) -> list[int | None]:
        """Send bodies at the same moment."""
        start = threading.Barrier(len(bodies))

        def go(body: Body) -> int | None:
            start.wait()
            return self.send(body, timeout=timeout)

        with ThreadPoolExecutor(len(bodies)) as pool:
            return list(pool.map(go, bodies))

    def settle(self, *, within: float = RECOVERS_WITHIN) -> float:
        """Repeat every body that was never acknowledged until it is; returns the seconds that it took (I9)."""
        started, within = time.monotonic(), here(within)

        def repeat(line: Line) -> None:
            while not line.acknowledged:
                left = started + within - time.monotonic()
                assert left > 0, f"not acknowledged within {within:.0f} s after the fault: {line.statuses[-5:]}"
                self.send(line.body, timeout=max(left, 0.1))
                if not line.acknowledged:
                    threading.Event().wait(0.05)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(repeat, [line for line in self.lines.values() if not line.acknowledged]))
        return time.monotonic() - started

    @contextmanager
    def visitors(self, number: int = 6) -> Iterator[None]:
        """Keep visitors clicking while the block runs; each repeats a body until it is taken, as the script does.

        Now and then one comes to the blog as a stranger and then again by a link from the shop, which merges the two.
        """
        gone = threading.Event()

        def taken(body: Body) -> str | None:
            while self.send(body) != 200:
                if gone.wait(0.05):
                    return None
            return str(self.of(body).answer()["profile"]["id"])

        def visit(visitor: str) -> None:
            profile: str | None = None
            while not gone.is_set():
                profile = taken(self.body(random.randint(1, 4), visitor=visitor, profile=profile))
                if profile is None or random.random() < 0.7:
                    continue
                stranger = self.body(1, source={"id": BLOG})
                if known := taken(stranger):
                    session = stranger["session"]["id"]
                    taken(self.body(2, visitor=session, profile=known, source={"id": BLOG}, context=arriving(profile)))

        with ThreadPoolExecutor(number) as pool:
            visits = [pool.submit(visit, f"visitor-{self._prefix}-{n}") for n in range(number)]
            try:
                yield
            finally:
                gone.set()
        for done in visits:
            done.result()

    def acknowledged(self) -> int:
        """Return how many bodies were acknowledged so far."""
        with self._lock:
            return sum(line.acknowledged for line in self.lines.values())

    def close(self) -> None:
        self._file.close()

    def _write(self, entry: Body) -> None:
        with self._lock:
            self._file.write(json.dumps(entry).encode() + b"\n")
            os.fsync(self._file.fileno())

    def _look_for(self, line: Line) -> None:
        # Another connection sees what is committed and nothing else.
        try:
            missing = set(line.event_ids) - self.stored(line.event_ids)
        except SQLAlchemyError:
            return  # The database went away right after; what it has is checked once it is back.
        self.unseen.extend(missing)

    # Checking ------------------------------------------------------------------------------------------------------

    def stored(self, event_ids: list[str]) -> set[str]:
        """Return which of these events the database has, quarantined ones included."""
        with self._witness.connect() as conn:
            return {
                found
                for row in (EventRow, QuarantineRow)
                for found in conn.scalars(select(row.id).where(row.id.in_(event_ids)))
            }

    def held_against(self) -> list[str]:
        """Return every invariant of I1-I7 that the database breaks, as a sentence; none is what must come."""
        found = _Stored(self._witness)
        return [*self._what_was_said(), *self._batches(found), *self._sessions(found), *found.profiles()]

    def _what_was_said(self) -> Iterator[str]:
        for event_id in self.unseen:
            yield f"I6: {event_id} was acknowledged before it was committed"
        for key, line in self.lines.items():
            for status, _, headers in line.replies:
                if status != 200 and status not in self.honest:
                    yield f"I6: {key} was answered {status}"
                if status == 503 and not headers.get("retry-after", "").isdigit():
                    yield f"I6: {key} was answered 503 without Retry-After"

    def _batches(self, found: "_Stored") -> Iterator[str]:
        for key, line in self.lines.items():
            times = [found.events[event_id] for event_id in line.event_ids]
            if line.acknowledged and not all(times):
                yield f"I1: {key} was acknowledged, and {times.count(0)} of its events are lost"
            if max(times) > 1:
                yield f"I2: {key} is stored {max(times)} times"
            if any(times) and not all(times):
                yield f"I5: of the batch of {key} {times.count(0)} of {len(times)} events are missing"
            if line.acknowledged:
                told = found.live(line.answer()["profile"]["id"])
                if {found.live(found.owner[event_id]) for event_id in line.event_ids if event_id in found.owner} - {
                    told
                }:
                    yield f"I3: the events of {key} are not the profile's that the client was told"

    def _sessions(self, found: "_Stored") -> Iterator[str]:
        told: dict[str, set[str | None]] = defaultdict(set)
        for line in self.lines.values():
            if line.acknowledged:
                told[line.body["session"]["id"]].add(found.live(line.answer()["profile"]["id"]))
        for session, profiles in told.items():
            if len(profiles) != 1 or None in profiles:
                yield f"I7: the session {session} was told of {len(profiles)} profiles"
            if len(found.of_client_session[session]) != 1:
                yield f"I7: the session {session} has {len(found.of_client_session[session])} profiles"


class _Stored:
    """All that the database has, read in one transaction."""

    def __init__(self, engine: Engine) -> None:
        with engine.connect() as conn:
            rows = conn.execute(select(EventRow.id, EventRow.profile_id)).all()
            self.owner = {row.id: row.profile_id for row in rows}
            # The ids of a ledger's events are its own, so that an event under two sources is one stored twice.
            self.events = Counter(row.id for row in rows)
            self.events.update(conn.scalars(select(QuarantineRow.id)))
            self.alias = dict(conn.execute(select(AliasRow.id, AliasRow.profile_id)).all())
            self.merged_into = dict(conn.execute(select(ProfileRow.id, ProfileRow.merged_into)).all())
            self.of_client_session: dict[str, set[str | None]] = defaultdict(set)
            for client_id, profile_id in conn.execute(select(SessionRow.client_id, SessionRow.profile_id)):
                self.of_client_session[client_id].add(self.live(profile_id))

    def profiles(self) -> Iterator[str]:
        for event_id, owner in self.owner.items():
            if self.live(owner) is None:
                yield f"I3: {event_id} resolves to no live profile"
        for profile in self.merged_into:
            if self.root(profile) is None:
                yield f"I4: merges lead from {profile} to no live profile"
            elif self.root(profile) != self.alias.get(profile):
                yield f"I4: {profile} went into {self.root(profile)} and answers as {self.alias.get(profile)}"

    def live(self, name: str | None) -> str | None:
        """Return the live profile that an id names."""
        profile = self.alias.get(name or "")
        return profile if profile in self.merged_into and self.merged_into[profile] is None else None

    def root(self, profile: str) -> str | None:
        """Return where the merges of a profile end, or None where they lead in a circle or nowhere."""
        seen = {profile}
        while (above := self.merged_into.get(profile)) is not None:
            if above in seen:
                return None
            seen.add(above)
            profile = above
        return profile if profile in self.merged_into else None


def arriving(profile: str) -> Body:
    """Return the context of a page of the blog that was reached by a link from the shop."""
    handed = {"profile": profile, "source": SHOP, "referrer": f"{SHOP}.example"}
    return {"page": {"url": f"https://{BLOG}.example/article"}, "tracardi": {"pass": handed}}


def key_of(body: Body) -> str:
    """Return what a body is known by: the id of its first event."""
    return str(body["events"][0]["id"])


def post(port: int, body: Body, *, timeout: float = 30) -> tuple[int | None, Body | None, dict[str, str]]:
    """Post a body to ``/track``; returns (status, JSON, headers), all empty where no answer came."""
    conn = HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        conn.request("POST", "/track", json.dumps(body), {"Content-Type": "application/json"})
        answer = conn.getresponse()
        raw = answer.read()
    except (OSError, HTTPException):
        return None, None, {}
    finally:
        conn.close()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    # Who stands before the collector has pages of its own.
    ours = headers.get("content-type", "").startswith("application/json")
    return answer.status, json.loads(raw) if ours else None, headers
