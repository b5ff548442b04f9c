"""What a browser test works with: sites on domains of its own, the faults on the way, and what was really stored."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any, TypeVar
from urllib.request import urlopen

from sqlalchemy import Connection, Engine, select

from browser.pageserver import COLLECTOR, Fault, PageServer, Request, Site
from tracker.core.model import Source
from tracker.ingest.fresh import system_clock
from tracker.script.render import snippet
from tracker.store import check, reports, sources
from tracker.store.engine import reading, transaction
from tracker.store.tables import EventRow, PassUseRow, QuarantineRow, SessionRow

ROOT = Path(__file__).resolve().parents[2]
PUBLIC_URL = f"http://{COLLECTOR}"
SECRET_KEY = "a key that only the browser tests sign with"
PATIENCE = 20.0
LEFT_BEHIND = (EventRow, SessionRow, QuarantineRow)
PAGE_VIEW = {"events": [["page-view", {}]]}

T = TypeVar("T")


def until(look: Callable[[], T], what: str = "") -> T:
    """Return what ``look`` returns as soon as that is true; fails when it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, f"It took too long: {what or look}"
        Event().wait(0.02)
    return found


@contextmanager
def collector(port: int, folder: Path, database_url: str) -> Iterator[Path]:
    """Run the real collector while the block runs; yields the file with what it logs."""
    own = {"HOST": "127.0.0.1", "PORT": str(port), "PUBLIC_URL": PUBLIC_URL, "SECRET_KEY": SECRET_KEY}
    own |= {"DATA_DIR": str(folder), "DATABASE_URL": database_url}
    inherited = {name: value for name, value in os.environ.items() if name not in ("WORKERS", "DATABASE_URL_FILE")}
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "app:create_app()"]
    log = folder / "collector.log"
    with log.open("wb") as out:
        running = subprocess.Popen(command, cwd=ROOT, env=inherited | own, stdout=out, stderr=subprocess.STDOUT)
    try:
        until(lambda: running.poll() is not None or answers(f"http://127.0.0.1:{port}/readyz"), "the collector's start")
        assert running.poll() is None, log.read_text()
        yield log
    finally:
        running.terminate()
        running.wait(timeout=30)


def answers(url: str) -> bool:
    """True where a URL answers 200."""
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@dataclass
class Web:
    """The domains of one test and what became of its events."""

    pages: PageServer
    engine: Engine
    collector_log: Path
    referrals: str = "signed"
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def site(
        self,
        host: str,
        page: str = "page.html",
        *,
        links: Sequence[str] = (),
        auto: Any = None,
        snippet_of: Callable[[Source, str], str] = snippet,
        headers: dict[str, str] | None = None,
        values: dict[str, str] | None = None,
        origins: Sequence[str] | None = None,
        awaited: bool = True,
        **settings: Any,
    ) -> str:
        """Open a site with a source of its own and a page; returns the source's id once the collector knows it."""
        source_id = f"{host.partition('.')[0]}-{os.getpid()}-{next(self.numbers)}"
        given = Source(
            id=source_id,
            name=host,
            origins=(f"http://{host}",) if origins is None else tuple(origins),
            domains=(host,),
            links=tuple(links),
            referrals=self.referrals,  # type: ignore[arg-type]
            auto=PAGE_VIEW if auto is None else auto,
            settings=settings,
        )
        source, _ = sources.create(self.engine, given, system_clock())
        # The collector asks for sources it does not know ten times a second at most.
        at = f"http://127.0.0.1:{self.pages.collector_port}/tracker?source_id={source_id}"
        if awaited:
            until(lambda: answers(at), f"the collector to know {source_id}")
        self.show(host, page, snippet_of(source, PUBLIC_URL), headers, {"source": source_id, **(values or {})})
        return source_id

    def show(
        self,
        host: str,
        page: str = "page.html",
        snippet: str = "",
        headers: dict[str, str] | None = None,
        values: dict[str, str] | None = None,
    ) -> None:
        """Put a page on a host, with no source and no snippet unless one is given."""
        self.pages.sites[host] = Site(page, snippet, headers or {}, values or {})

    def collector_is(self, fault: Fault) -> None:
        """Make the way to the collector slow, busy (503) or down for events, or right again ("none")."""
        self.pages.fault = fault

    def asked(self, host: str, path: str | None = None) -> list[Request]:
        """Return what a host was asked for so far."""
        return self.pages.asked(host, path)

    def story(self) -> Iterator[str]:
        """Yield what was asked for and what the collector answered, to be read by a person."""
        for asked in tuple(self.pages.log):
            yield f"{asked.method} {asked.host}{asked.target} {asked.body[:2000].decode(errors='replace')}"
        for asked, status, body in tuple(self.pages.answers):
            if asked.method == "POST" or status != 200:
                yield f"{status} to {asked.origin} for {asked.target}: {body[:1000].decode(errors='replace')}"

    def answers(self, host: str, status: int = 200) -> list[dict[str, Any]]:
        """Return what the collector answered to the events of a host's pages so far."""
        return [
            json.loads(body)
            for asked, given, body in tuple(self.pages.answers)
            if (asked.path, asked.origin, given) == ("/track", f"http://{host}", status)
        ]

    def ask(self, question: Callable[..., T], *args: Any, **options: Any) -> T:
        """Ask one of the store's questions; what would be an iterator comes as a list."""

        def work(conn: Connection) -> Any:
            found = question(conn, *args, **options)
            return list(found) if isinstance(found, Iterator) else found

        return transaction(reading(self.engine), work)

    def stored(self, source_id: str, event_type: str | None = None) -> list[dict[str, Any]]:
        """Return the events that are stored for a source now."""
        found: Any = self.ask(reports.events, source_id=source_id, event_type=event_type)
        return list(found)

    def events(self, source_id: str, event_type: str | None = None, at_least: int = 1) -> list[dict[str, Any]]:
        """Return the stored events of a source once there are that many; more than that is for the test to see."""

        def look() -> list[dict[str, Any]]:
            found = self.stored(source_id, event_type)
            return found if len(found) >= at_least else []

        return until(look, f"{at_least} events {event_type or ''} of {source_id}; {len(self.stored(source_id))} stored")

    def profile(self, profile_id: str) -> dict[str, Any]:
        """Return the person whom an id names."""
        found = self.ask(reports.profile, profile_id)
        assert found is not None, f"{profile_id} names nobody"
        return found

    def profiles(self, *source_ids: str) -> set[str]:
        """Return the live profiles that the events of sources belong to."""
        return {event["profile"] for source_id in source_ids for event in self.stored(source_id)}

    def merges(self, profile_id: str) -> list[dict[str, Any]]:
        """Return the merges that a person is made of."""
        return self.ask(reports.merges, profile_id)

    def spent_passes(self, source_id: str) -> int:
        """Return how many link passes were spent on a source."""
        query = select(PassUseRow.nonce).where(PassUseRow.source_id == source_id)
        return len(self.ask(lambda conn: conn.execute(query).all()))

    def rows(self, *source_ids: str) -> list[tuple[Any, ...]]:
        """Return every row that the events of sources left: the events, their sessions and what was kept out."""
        queries = [select(table.__table__).where(table.source_id.in_(source_ids)) for table in LEFT_BEHIND]
        return [tuple(row) for query in queries for row in self.ask(lambda conn, q=query: conn.execute(q).all())]

    def broken(self) -> dict[str, int]:
        """Return the invariants of the store that do not hold."""
        found: Iterable[Any] = self.ask(check.check)
        return {finding.invariant: finding.broken for finding in found if finding.broken}
