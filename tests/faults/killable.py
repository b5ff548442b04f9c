"""The collector with a bomb in it: the real application, with hooks on its engine that obey a file of orders.

gunicorn loads ``faults.killable:create_app()`` in place of ``app:create_app()``; nothing of this is in ``tracker``. The
orders (a JSON object in the file that ``HANDOFF_ORDERS`` names) are read anew whenever a transaction begins:

- ``{"kill": "before-insert" | "between-tables" | "before-commit" | "after-commit"}``: this worker dies there, kill -9;
- ``{"kill": "counting"}``: it dies with the counts written, before what was counted is out of the journal;
- ``{"most_pages": 40}``: SQLite's file may not grow beyond that, as on a full disk;
- ``{"clock": 3600}``: the server's clock is wrong by as many seconds.
"""

import json
import os
import signal
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event

import app as handoff
from tracker.ingest.fresh import system_clock
from tracker.web.services import services

ORDERS = Path(os.environ["HANDOFF_ORDERS"])
NO_LIMIT = 4_294_967_294


def orders() -> dict[str, Any]:
    """Return the orders in force."""
    try:
        found: dict[str, Any] = json.loads(ORDERS.read_bytes())
    except FileNotFoundError:
        return {}
    return found


def die_at(point: str) -> None:
    """Kill this worker if that is ordered for this point; of several workers the order kills one."""
    if orders().get("kill") != point:
        return
    carried_out = ORDERS.with_suffix(".done")
    try:
        ORDERS.rename(carried_out)
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def clock() -> int:
    """Return the time as this server believes it is."""
    return system_clock() + int(orders().get("clock", 0)) * 1_000_000


def create_app() -> Flask:
    """Return the real application, with the hooks on its engine."""
    made = handoff.create_app(clock=clock)
    with made.app_context():
        engine = services().engine
    if engine.dialect.name == "sqlite":
        event.listen(engine, "begin", limit_pages)
    event.listen(engine, "before_cursor_execute", before_statement)
    event.listen(engine, "commit", before_commit)
    event.listen(engine, "rollback", rolled_back)
    event.listen(engine, "checkin", after_commit)
    # Who counts has an engine of its own, made later.
    event.listen(Engine, "before_cursor_execute", before_any_statement)
    made.before_request(note_that_this_worker_serves)
    return made


def note_that_this_worker_serves() -> None:
    ORDERS.with_name(f"serving.{os.getpid()}").touch()


def limit_pages(conn: Any) -> None:
    conn.connection.cursor().execute(f"PRAGMA max_page_count={orders().get('most_pages', NO_LIMIT)}")


def before_statement(conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    # What /readyz writes, to see whether it could, is no event.
    if "INSERT INTO" in statement and not statement.startswith("INSERT INTO quarantine"):
        # On PostgreSQL one statement fills all tables: who wants to die between them stops it in the database.
        die_at("between-tables" if conn.info.get("inserted") else "before-insert")
        conn.info["inserted"] = True


def before_any_statement(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    if statement.startswith("DELETE FROM journal"):
        die_at("counting")


def before_commit(conn: Any) -> None:
    if conn.info.get("inserted"):
        die_at("before-commit")


def rolled_back(conn: Any) -> None:
    if not conn.invalidated:
        conn.info["inserted"] = False


def after_commit(_raw: Any, record: Any) -> None:
    # The connection goes back to the pool after COMMIT and before anybody is answered.
    if record.info.pop("inserted", False):
        die_at("after-commit")
