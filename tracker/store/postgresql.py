"""Connections to PostgreSQL: what they are told, directly or through a pooler, and which database they refuse."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

from tracker.core.server_settings import Pooler, read_options, written_options
from tracker.store.faults import CannotServe
from tracker.store.patience import PatientConnection
from tracker.store.wording import leave_values_out

# What requests write they look up by a few keys. PostgreSQL knows too little of a table that is new or not analysed
# yet, and keeps the plans that it made then: it read all people and visits for each batch, and that took as long as all
# the rest. So it is told to go by the keys (docs/decisions/0025-plans-by-key.md).
_BY_KEY = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
_BY_KEY |= {"plan_cache_mode": "force_generic_plan"}
_IN_TIME = {"statement_timeout": "7000", "lock_timeout": "5000", "idle_in_transaction_session_timeout": "30000"}
FOR_REQUESTS = _IN_TIME | _BY_KEY | {"random_page_cost": "1.1", "jit": "off"}
# What only reads may be after a year of numbers, of which PostgreSQL is the better judge.
_AS_IT_SEES_FIT = "; ".join(
    f"SET LOCAL {name} = {'on' if value == 'off' else 'auto'}" for name, value in _BY_KEY.items()
)
_MARK = "handoff.direct"
"""A setting of our own: where the server does not know it, something between has dropped what it was told."""
_REFUSED = "unsupported startup parameter"
"""What pgbouncer says to ``options``."""
_ENCODING = "UTF8"


@dataclass(slots=True)
class Way:
    """How an engine reaches its server, and what the server is to be told."""

    settings: Mapping[str, str]
    patient: bool
    """Requests give up on a network that swallows what is sent."""
    pooled: bool | None = None
    """Whether each transaction may have another server connection; None until the first connection tells."""
    statement: str = field(init=False)

    def __post_init__(self) -> None:
        # Only a function takes a value as text, be it a list of schemas.
        told = (f"set_config('{name}', '{_quoted(value)}', true)" for name, value in self.settings.items())
        self.statement = f"SELECT {', '.join(told)}" if self.settings else ""

    def connect(self, _dialect: Any, _record: Any, args: list[Any], options: dict[str, Any]) -> Any:
        """Return a new connection (the ``do_connect`` event); CannotServe for a database that will never do."""
        made = self._found_out(args, options) if self.pooled is None else self._made(args, options, pooled=self.pooled)
        encoding = made.info.parameter_status("server_encoding")
        if encoding not in (None, _ENCODING):
            made.close()
            raise CannotServe(
                f"its encoding is {encoding}, and Handoff keeps text of all languages, which takes {_ENCODING}. "
                f"Make another one: createdb --encoding={_ENCODING} --template=template0 NAME"
            )
        return made

    def begin(self, conn: Connection) -> None:
        """Tell the server at the beginning of a transaction what it could not be told before (the ``begin`` event)."""
        if self.pooled and self.statement:
            conn.exec_driver_sql(self.statement)
        if conn.get_execution_options().get("read_only", False) and self.patient:
            conn.exec_driver_sql(_AS_IT_SEES_FIT)

    def _found_out(self, args: list[Any], options: dict[str, Any]) -> psycopg.Connection[Any]:
        """Connect as if directly, and see whether what was said has arrived."""
        if not self.settings:
            # Nothing depends on it: statements are not prepared where requests are not served.
            return self._made(args, options, pooled=False)
        try:
            made = self._made(args, options, pooled=False)
        except psycopg.OperationalError as error:
            if _REFUSED not in str(error):
                raise
            self.pooled = True
            return self._made(args, options, pooled=True)
        mark = made.execute("SELECT current_setting(%s, true)", [_MARK]).fetchone()
        made.rollback()
        self.pooled = mark is None or mark[0] != "on"
        if not self.pooled:
            return made
        made.close()
        return self._made(args, options, pooled=True)

    def _made(self, args: list[Any], options: dict[str, Any], *, pooled: bool) -> psycopg.Connection[Any]:
        given = {name: value for name, value in options.items() if name != "options"}
        if not pooled and self.settings:
            given["options"] = written_options({**self.settings, _MARK: "on"})
        if pooled or not self.patient:
            # What one server connection has prepared, the next one does not know.
            given["prepare_threshold"] = None
        make: Callable[..., psycopg.Connection[Any]] = PatientConnection.connect if self.patient else psycopg.connect
        return make(*args, **given)


def listen(engine: Engine, url: URL, pooler: Pooler, *, for_requests: bool) -> None:
    """Tell an engine's connections what they have to know; settings of the URL's ``options`` are joined with ours."""
    given = url.query.get("options", "")
    theirs = read_options(given if isinstance(given, str) else " ".join(given))
    way = Way(
        theirs | (FOR_REQUESTS if for_requests else {}), for_requests, {"auto": None}.get(pooler, pooler != "none")
    )
    event.listen(engine, "do_connect", way.connect)
    event.listen(engine, "begin", way.begin)
    event.listen(engine, "handle_error", leave_values_out)


def _quoted(value: str) -> str:
    return value.replace("'", "''")
