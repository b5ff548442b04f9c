"""What a role must be allowed to do in PostgreSQL, and what to do where it is not."""

import re
import shlex

from sqlalchemy import Connection, text

from tracker.store.engine import Engine, reading, transaction
from tracker.store.faults import CannotServe

_OWNER = "As a superuser, and so for each table that is another role's: ALTER TABLE {table} OWNER TO {role}"
_SCHEMA = "As the owner of the database: GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}"
_NO_SCHEMA = "Make the schema that search_path names: CREATE SCHEMA name AUTHORIZATION {role}"

_NO_DATABASE = "There is no database {database} on that server. To make it: createdb --encoding=UTF8 {quoted}"
# A connection that is refused has no SQLSTATE in libpq, so what the server says has to do.
_MISSING = re.compile(r'FATAL: +database "(.+?)" does not exist')

_FORBIDDEN = text(
    "SELECT current_user, c.relname FROM pg_class c"
    " WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('alembic_version'))"
    " AND c.relname <> 'alembic_version' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT ("
    " has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')"
    " AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')) ORDER BY c.relname LIMIT 1"
)


def refuse_what_may_not_be_written(engine: Engine) -> None:
    """Raise CannotServe where PostgreSQL lets the role not read and write every table."""
    if engine.dialect.name != "postgresql":
        return
    found = transaction(reading(engine), _forbidden)
    if found is not None:
        role, table = found
        raise CannotServe(
            f"the role {role} may not read and write its table {table}. {_OWNER.format(table=table, role=role)}"
        )


def remedy(error: BaseException | None, role: str | None) -> str:
    """Return what an operator does about missing rights or a missing database of PostgreSQL; empty for other errors."""
    original = getattr(error, "orig", error)
    state, said, role = getattr(original, "sqlstate", None), str(original), role or "the role of DATABASE_URL"
    if missing := _MISSING.search(said):
        return _NO_DATABASE.format(database=missing[1], quoted=shlex.quote(missing[1]))
    if state == "3F000":
        return _NO_SCHEMA.format(role=role)
    if state != "42501":
        return ""
    if schema := re.search(r"permission denied for schema (\S+)", said):
        return _SCHEMA.format(schema=schema[1], role=role)
    table = re.search(r"\b(?:table|relation) (\S+)", said)
    return _OWNER.format(table=table[1] if table else "name", role=role)


def _forbidden(conn: Connection) -> tuple[str, str] | None:
    row = conn.execute(_FORBIDDEN).first()
    return None if row is None else (row[0], row[1])
