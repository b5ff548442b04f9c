"""How gunicorn serves the collector; the settings come from the same environment as everything else."""

import fcntl
import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from tracker.settings import BadSettings, Settings
from tracker.store import presence
from tracker.web import metrics_folder
from tracker.web.request_heads import LARGEST_LINE, bound_heads
from tracker.web.server_log import ServerLog

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

try:
    _settings = Settings.from_env()
except BadSettings as error:
    # A reload reads the files of secrets anew; gunicorn would print a trace of anything but an exit.
    sys.exit(str(error))
# One byte that the master and all its workers share: 1 as soon as any worker has found the schema in order.
_schema_was_seen = mmap.mmap(-1, 1)
_is_ending = mmap.mmap(-1, 1)

bind = _settings.listens_on
# A half-sent request holds a thread for good, and four of them freeze a threaded worker; a greenlet costs nothing.
worker_class = "tracker.web.server_worker.Worker"
# SQLite has one writer: a second process only waits for its lock. PostgreSQL takes one worker a core.
workers = _settings.workers or (1 if _settings.on_sqlite else os.cpu_count() or 1)
worker_connections = 1000
timeout = 60
graceful_timeout = 20
keepalive = 5
# No header sets the path, the scheme or the user of a request, from whatever address it comes: the path below which
# all is served is that of PUBLIC_URL, and X-Forwarded-For is read by the application, from TRUSTED_PROXIES alone. The
# variable of the same name counts for the same, so it is not read either.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
header_map = "drop"
proxy_protocol = "off"
os.environ.pop("SCRIPT_NAME", None)
limit_request_line = 8190
limit_request_field_size = LARGEST_LINE
# A worker is replaced after a while, so that whatever a library may leak is bounded; not all at the same moment.
max_requests = 1_000_000
max_requests_jitter = 250_000
# The access line is written by the application, as JSON, with the request's id (tracker/web/log.py).
accesslog = None
errorlog = "-"
logger_class = ServerLog
loglevel = "warning"
control_socket_disable = True

if workers > 1:
    # Each worker counts for itself; files that all of them can read let any one answer /metrics for the whole.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics_folder.of(_settings.data_dir))


def on_starting(server: "Arbiter") -> None:
    """Say beside an SQLite file that it is served from; let the figures begin at nought: they are those of this run."""
    server.handle_hup = partial(_reload, server, server.handle_hup)
    if _settings.sqlite_file is not None:
        with suppress(OSError):
            presence.hold(_settings.sqlite_file)
    if workers > 1:
        metrics_folder.empty(_settings.data_dir)


def _reload(server: "Arbiter", reload: Callable[[], None]) -> None:
    """Reload where the settings are good; otherwise say what is wrong with them and serve on with those of before.

    By the time that gunicorn reads this file anew it has no way back: a bad setting would end the server.
    """
    try:
        Settings.from_env()
    except BadSettings as error:
        server.log.error("Not reloaded; the server goes on with the settings of before: %s", error)
        return
    reload()


def on_exit(_server: object) -> None:
    """Leave no temporary folder behind."""
    if workers > 1:
        metrics_folder.forget()


def post_worker_init(worker: "Worker") -> None:
    """Bring the database to the schema of this version before this worker takes its first request."""
    from tracker.ingest.counting import keep_counting
    from tracker.ingest.fresh import system_clock
    from tracker.store import migrations, months
    from tracker.store.engine import connect
    from tracker.web import memory
    from tracker.web.server_worker import Bounds
    from tracker.web.services import services_of

    engine = connect(_settings.database_url, pooler=_settings.database_pooler)
    try:
        current = migrations.is_current(engine)
        if current:
            # Workers are replaced now and then, so a server that nobody maintains finds its months made all the same.
            with suppress(Exception):
                months.make_ahead(engine, system_clock())
    except Exception:
        # The database is away. A server that starts says so and ends; a worker of a server that has run, or whose
        # neighbour runs, serves 503 until it is back, because ending would take the whole server down. A reload
        # reads this file anew, byte and all, but goes on counting its workers.
        current = _schema_was_seen[0] or worker.age > worker.cfg.workers
    finally:
        engine.dispose()
    if not current:
        _migrate(worker)
    _settle_key(worker)
    # Whoever watches events come in would keep a worker from ending for as long as it is allowed to take.
    worker.bounds = Bounds(_settings.body_seconds, _settings.network_connections, _settings.trusted_proxies)  # type: ignore[attr-defined]
    services_of(worker.wsgi).feed.ends_unless(lambda: worker.alive)
    _schema_was_seen[0] = True
    keep_counting(_settings.database_url, _settings.database_pooler)
    services_of(worker.wsgi).usage.keep_reading()
    memory.settle()
    bound_heads()
    # Ctrl-C reaches the whole process group, and the master tells its workers to stop; hearing it twice ends in a
    # trace.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # One of them says it; the master goes on counting its workers, also when it reads this file anew.
    if worker.age == 1:
        _say_where()


def _settle_key(worker: "Worker") -> None:
    """End this server where its secret key is not the one that the database was used with."""
    from tracker.ingest import secret_keys
    from tracker.ingest.fresh import system_clock

    if told := secret_keys.at_start(_settings, system_clock()):
        _end_server(worker, told)


def _end_server(worker: "Worker", told: str = "") -> NoReturn:
    """Say why once, and end the server by one worker that cannot start: two of them leave a trace of gunicorn's."""
    folder = os.open(Path(__file__).parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    is_first, _is_ending[0] = not _is_ending[0], True
    os.close(folder)
    if not is_first:
        _wait(worker, lambda: not worker.alive)
        sys.exit(0)
    os.write(2, f"{told}\n".encode() if told else b"")
    sys.exit(3)  # gunicorn's own code for a worker that cannot start: it ends the server.


def _say_where() -> None:
    """Print where the collector is and how to begin, now that it takes requests and commands find a whole database."""
    from tracker.web.welcome import welcome

    # One write, so that it does not mix with the log lines of the workers; nobody has to read it.
    with suppress(OSError):
        os.write(1, "".join(f"{line}\n" for line in welcome(_settings, os.environ)).encode())


def _migrate(worker: "Worker") -> None:
    """Migrate in a process of its own, so that it does not look like a worker that hangs, unless a neighbour has."""
    upgrades: list[subprocess.Popen[bytes]] = []

    def stop(*_: object) -> None:
        # Gunicorn's own handlers end a worker that serves; this one has to take its migration along.
        for upgrade in upgrades:
            upgrade.kill()
        os._exit(0)

    usual = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)}
    with Path(__file__).open("rb") as turn:
        _wait(worker, partial(_has_its_turn, turn))
        if _is_ending[0]:
            # A neighbour could not migrate: this one has no database to serve either, and says nothing of serving.
            _end_server(worker)
        if _still_to_do():
            _upgrade(worker, upgrades)
    for number, handler in usual.items():
        signal.signal(number, handler)


def _upgrade(worker: "Worker", running: list[subprocess.Popen[bytes]]) -> None:
    with subprocess.Popen([Path(sys.executable).with_name("tracker"), "db", "upgrade"]) as upgrade:  # noqa: S603
        running.append(upgrade)
        _wait(worker, lambda: upgrade.poll() is not None)
    if upgrade.returncode:
        _end_server(worker)


def _wait(worker: "Worker", over: Callable[[], bool]) -> None:
    """Return once that is so; the master is told meanwhile that the worker lives."""
    while not over():
        worker.notify()
        time.sleep(0.05)


def _has_its_turn(turn: BinaryIO) -> bool:
    """Return True where no other worker migrates, and from now on none does until this file is closed."""
    with suppress(BlockingIOError):
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _still_to_do() -> bool:
    """Return False where a neighbour has migrated before this worker had its turn."""
    from tracker.store import migrations
    from tracker.store.engine import connect

    engine = connect(_settings.database_url, pooler=_settings.database_pooler)
    try:
        return not migrations.is_current(engine)
    except Exception:
        # Whoever migrates says what is wrong.
        return True
    finally:
        engine.dispose()
