"""Visitors of three sites, an operator and a database that fails, in any order; after each step every promise is asked.

Hypothesis chooses what happens and shrinks what breaks a promise to the shortest story that does. Two applications
share the database, as two workers do: each has its own connections and its own memory of what it has seen.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, Engine, Select, event, func, literal_column, select
from sqlalchemy.exc import OperationalError

from tracker.core.manual_merge import CannotMerge
from tracker.core.refusal import Unavailable
from tracker.store import check, manual_merge, people, reports
from tracker.store.engine import reading, transaction
from tracker.store.repository import Digest
from tracker.store.tables import AliasRow, Base, EventRow, IdentityRow, ProfileRow, SessionRow, SourceRow
from tracker.web.services import services

MINUTE = 60_000_000
SITES = ("shop", "blog", "plain")
VISITORS = st.integers(0, 3)
SITE = st.sampled_from(SITES)
Key = tuple[str, str]


@dataclass(slots=True)
class Bomb:
    """Makes the statement of that number fail, counted from when it is armed, COMMIT included; 0 is never."""

    left: int = 0

    def tick(self, *_: object, **__: object) -> None:
        self.left -= 1
        if self.left == 0:
            raise OperationalError("cut off", None, ConnectionError())

    @contextmanager
    def armed(self, at: int) -> Iterator[None]:
        self.left = at
        try:
            yield
        finally:
            self.left = 0


@dataclass(frozen=True, slots=True)
class Ground:
    """What the stories of one run take place on: two applications, the operator's connection, the clock."""

    apps: tuple[Flask, Flask]
    engine: Engine
    clock: Any
    digest: Digest
    bomb: Bomb = field(default_factory=Bomb)
    questions: list[str] = field(default_factory=list)

    def laid(self) -> "Ground":
        """Return the same ground, the bomb laid in all its connections."""
        for engine in (self.engine, *map(engine_of, self.apps)):
            event.listen(engine, "before_cursor_execute", self.bomb.tick)
            event.listen(engine, "commit", self.bomb.tick)
            if engine.dialect.name == "sqlite":
                event.listen(engine, "connect", _without_fsync)
                engine.dispose()
        self.questions.extend(
            str(question.compile(dialect=self.engine.dialect, compile_kwargs={"literal_binds": True}))
            for question in _questions()
        )
        return self

    def read(self, question: Callable[[Connection], Any]) -> Any:
        return transaction(reading(self.engine), question)

    def look(self, conn: Connection) -> list[Any]:
        """Return what all the questions find."""
        return [conn.exec_driver_sql(text).all() for text in self.questions]

    def clear(self) -> None:
        """Leave the sources and nothing else."""

        def work(conn: Connection) -> None:
            for table in reversed(Base.metadata.sorted_tables):
                if table.name != SourceRow.__tablename__:
                    conn.execute(table.delete())

        transaction(self.engine, work)


def _questions() -> list[Select[Any]]:
    """Return what is asked after every step: what is broken, the events, visits, names, and who is two people."""
    broken = (
        select(func.count()).select_from(offenders.subquery()).scalar_subquery()
        for offenders in check.questions().values()
    )
    crowds = (
        select(AliasRow.profile_id)
        .join(IdentityRow, IdentityRow.profile_id == AliasRow.id)
        .where(IdentityRow.kind == literal_column("'user_id'"))
        .group_by(AliasRow.profile_id)
        .having(func.count() > literal_column("1"))
    )
    return [
        select(*broken),
        select(EventRow.source_id, EventRow.id, EventRow.profile_id),
        select(SessionRow.id, SessionRow.profile_id),
        select(AliasRow.id, AliasRow.profile_id),
        crowds,
    ]


def _without_fsync(connection: Any, _: object) -> None:
    """Spare SQLite the wait for the disk, which only a power cut would notice."""
    connection.execute("PRAGMA synchronous=OFF").close()


def engine_of(app: Flask) -> Engine:
    """Return the engine that an application works with."""
    with app.app_context():
        return services().engine


@dataclass(slots=True)
class Browser:
    """What one browser keeps for one site."""

    session: str
    profile: str | None = None
    link_pass: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a success has told of an event."""

    profile: str | None
    session: str


class Visitors(RuleBasedStateMachine):
    """Everything that can happen to visitors, and what must be true after each of it."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground = ground
        self.worker = 0
        self.numbers = count(1)
        self.browsers: dict[tuple[int, str], Browser] = {}
        self.sent: list[dict[str, Any]] = []
        self.told: dict[Key, Told] = {}
        self.before_unmerge: set[Key] = set()
        self.meant: set[str] = set()
        """Profiles that the operator merged into another one although both were identified."""
        self.refused: set[Key] = set()
        self.erased_ids: set[str] = set()
        self.erased_events: set[Key] = set()

    @initialize()
    def begin(self) -> None:
        self.ground.clear()

    # What visitors do ----------------------------------------------------------------------------------------------

    @rule(who=VISITORS, site=SITE, events=st.integers(1, 3), without=st.sampled_from(["", "", "session", "profile"]))
    def track(self, who: int, site: str, events: int, without: str) -> None:
        body = self.body(who, site, [{"type": "page-view"} for _ in range(events)])
        if without:
            body.pop(without, None)
        self.post(body, who, site)

    @rule(who=VISITORS, site=SITE, whose=VISITORS)
    def claim_the_id_of_somebody(self, who: int, site: str, whose: int) -> None:
        body = self.body(who, site, [{"type": "page-view"}])
        if stolen := self.browser(whose, site).profile:
            body["profile"] = {"id": stolen}
        self.post(body, who, site)

    @rule(who=VISITORS, site=SITE, user=st.sampled_from(["anna", "ben", "cleo"]))
    def identify(self, who: int, site: str, user: str) -> None:
        said = {"user_id": user, "email": f"{user}@mail.test", "traits": {"on": site}}
        self.post(self.body(who, site, [{"type": "identify", "properties": said}]), who, site)

    @rule(who=VISITORS, whose=VISITORS, here=SITE, there=SITE, referrer=st.booleans())
    def follow_a_link(self, who: int, whose: int, here: str, there: str, referrer: bool) -> None:
        """Go from a page to another site, with the own link or with a copied one."""
        link = self.browser(whose, here)
        body = self.body(who, there, [{"type": "page-view"}])
        handed = {"profile": link.profile or "nobody", "source": here, "pass": link.link_pass}
        handed["referrer"] = f"{here}.example" if referrer else ""
        body["context"] = {"page": {"url": f"https://{there}.example/"}, "tracardi": {"pass": handed}}
        self.post(body, who, there)

    @rule(who=VISITORS, site=SITE, whose=VISITORS, there=SITE, stranger=st.booleans())
    def guess_a_session(self, who: int, site: str, whose: int, there: str, stranger: bool) -> None:
        """Send the session of a visit to another site, whose id has no UUID form; a stranger sends no profile."""
        guessed = self.browser(whose, there).session
        body = self.body(who, site, [{"type": "page-view"}]) | {"session": {"id": guessed}}
        if stranger:
            body["profile"] = None
        mine = select(SessionRow.id).where(
            (SessionRow.client_id == guessed) | (SessionRow.id == guessed), SessionRow.source_id == site
        )
        led = self.ground.read(lambda conn: list(conn.scalars(mine)))
        there_before = self.ground.read(lambda conn: set(conn.scalars(select(AliasRow.id))))
        told = self.post(body, who, site)
        if told and stranger and not led:
            assert told.profile not in there_before, "a session id that was guessed led to a stranger's profile"

    @rule(which=st.integers(0, 50), other_worker=st.booleans())
    def repeat(self, which: int, other_worker: bool) -> None:
        """Send an old body again: its answer was lost, or the browser was closed before it came."""
        if self.sent:
            self.worker ^= other_worker
            body = self.sent[-1 - which % len(self.sent)]
            self.post(body, None, body["source"]["id"])

    @rule(who=VISITORS, site=SITE, at=st.integers(1, 14))
    def track_while_the_database_fails(self, who: int, site: str, at: int) -> None:
        body = self.body(who, site, [{"type": "page-view"}, {"type": "page-view"}])
        with self.ground.bomb.armed(at):
            self.post(body, who, site)

    @rule(who=VISITORS, site=SITE)
    def give_the_computer_to_somebody_else(self, who: int, site: str) -> None:
        self.browsers.pop((who, site), None)

    # What time, the operator and the machine do --------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 11, 31]))
    def wait(self, minutes: int) -> None:
        """Let link passes (10 minutes) and visits (30 minutes) run out."""
        self.ground.clock.now += minutes * MINUTE
        if minutes > 30:
            for browser in self.browsers.values():
                browser.session = f"s-{next(self.numbers)}"

    @rule()
    def restart(self) -> None:
        """Go on with the other worker, on new connections."""
        self.worker ^= 1
        engine_of(self.ground.apps[self.worker]).dispose()

    @rule(which=st.integers(0, 9), at=st.sampled_from([0, 0, 1, 2, 3, 5, 8]))
    def unmerge(self, which: int, at: int) -> None:
        merged = select(ProfileRow.id).where(ProfileRow.merged_into.is_not(None)).order_by(ProfileRow.id)
        losers = self.ground.read(lambda conn: list(conn.scalars(merged)))
        if losers:
            loser = losers[which % len(losers)]
            if self.operate(at, lambda conn: people.unmerge(conn, loser, self.ground.clock())):
                # The visit goes back with the loser; what came in after the merge stays with the survivor.
                self.before_unmerge |= self.told.keys()
                self.meant.discard(loser)

    @rule(
        which=st.integers(0, 30), other=st.integers(0, 30), meant=st.booleans(), at=st.sampled_from([0, 0, 1, 2, 4, 6])
    )
    def merge_by_hand(self, which: int, other: int, meant: bool, at: int) -> None:
        """Merge two profiles, each named by any of its ids; ``meant`` also where both are identified."""
        names = self.ground.read(lambda conn: list(conn.scalars(select(AliasRow.id).order_by(AliasRow.id))))
        if not names:
            return
        first, second = (names[place % len(names)] for place in (which, other))
        number = f"by-hand-{next(self.numbers)}"
        found: list[manual_merge.Preview] = []

        def work(conn: Connection) -> None:
            now = self.ground.clock()
            found.append(manual_merge.merge(conn, first, second, number, now, different_people=meant))

        try:
            done = self.operate(at, work)
        except CannotMerge:
            return
        if done and found[-1].different_people:
            self.meant.add(found[-1].loser.id)

    @rule(which=st.integers(0, 9), at=st.sampled_from([0, 0, 1, 2, 3, 5, 8, 13]))
    def erase(self, which: int, at: int) -> None:
        names = self.ground.read(lambda conn: list(conn.scalars(select(AliasRow.id).order_by(AliasRow.id))))
        if not names:
            return
        name = names[which % len(names)]
        ids = self.ground.read(lambda conn: set(reports.profile(conn, name)["ids"]))
        gone = self.ground.read(
            lambda conn: {(one["source"], one["id"]) for one in reports.events(conn, profile_id=name)}
        )
        if self.operate(at, lambda conn: people.erase(conn, name, self.ground.clock(), self.ground.digest)):
            self.erased_ids |= ids
            self.erased_events |= gone

    def operate(self, at: int, work: Callable[[Connection], object]) -> bool:
        """Return whether an operator's work was done; where a statement fails, none of it is."""
        try:
            with self.ground.bomb.armed(at):
                transaction(self.ground.engine, work)
        except Unavailable:
            return False
        return True

    # What must be true ---------------------------------------------------------------------------------------------

    @invariant()
    def every_promise_holds(self) -> None:
        """Ask for all promises by what one transaction sees."""
        [broken], events, sessions, aliases, crowds = self.ground.read(self.ground.look)
        assert not sum(broken), f"broken: {dict(zip(check.questions(), broken, strict=True))}"
        names = dict(aliases)
        assert not {person for [person] in crowds} - {names.get(loser) for loser in self.meant}, "two people are one"
        assert not names.keys() & self.erased_ids, "who was erased is named by something"
        stored = {(source, one): profile for source, one, profile in events}
        assert len(stored) == len(events), "stored twice"
        assert not stored.keys() & self.erased_events, "erased, and there again"
        assert not self.refused & stored.keys() - self.told.keys(), "refused, and there all the same"
        owners = dict(sessions)
        for key, told in self.told.items():
            if key in self.erased_events:
                continue
            assert key in stored, f"{key} was acknowledged and is not there"
            assert names.get(stored[key]) == names.get(told.profile), f"{key} is somebody else's"
            if told.profile and told.session in owners and key not in self.before_unmerge:
                assert names.get(owners[told.session]) == names.get(told.profile), f"the visit of {key} is another's"

    # How it is done ------------------------------------------------------------------------------------------------

    def browser(self, who: int, site: str) -> Browser:
        return self.browsers.setdefault((who, site), Browser(f"s-{next(self.numbers)}"))

    def body(self, who: int, site: str, events: list[dict[str, Any]]) -> dict[str, Any]:
        mine = self.browser(who, site)
        return {
            "source": {"id": site},
            "session": {"id": mine.session},
            "profile": {"id": mine.profile} if mine.profile else None,
            "events": [one | {"id": f"00000000-0000-4000-8000-{next(self.numbers):012d}"} for one in events],
        }

    def post(self, body: dict[str, Any], who: int | None, site: str) -> Told | None:
        """Send a body and return what was told, None where it was refused; a browser keeps what it is told."""
        if body not in self.sent:
            self.sent.append(body)
        answer = self.ground.apps[self.worker].test_client().post("/track", json=body)
        keys = [(site, one["id"]) for one in body["events"]]
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 503:
            self.refused |= set(keys)
            return None
        said = answer.get_json()
        told = Told(said["profile"].get("id"), said["session"]["id"])
        for key in keys:
            if key not in self.erased_events:
                self.told.setdefault(key, told)
        if who is not None:
            mine = self.browser(who, site)
            mine.profile, mine.session = told.profile, told.session
            mine.link_pass = said.get("pass", mine.link_pass)
        return told
