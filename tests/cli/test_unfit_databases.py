"""A database that cannot work is told in one sentence that says what to do, and never in a trace."""

from collections.abc import Iterator
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import text

from tracker.store.engine import connect, transaction
from tracker.store.postgresql import FOR_REQUESTS

pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


@pytest.fixture
def as_role(postgres, database_url, environment) -> Iterator[dict[str, str]]:
    """The environment of an operator whose role owns nothing yet, on an empty database."""
    name = postgres.fresh()
    postgres.run("DROP ROLE IF EXISTS collector")
    postgres.run("CREATE ROLE collector LOGIN")
    yield {
        "DATABASE_URL": postgres.url_of(name)
        .replace("postgres:", "collector:", 1)
        .replace("//postgres@", "//collector@")
    }
    postgres.run(f"DROP DATABASE {name} WITH (FORCE)")
    postgres.run("DROP ROLE collector")


def sql(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(statement.encode())


def one_sentence(said) -> str:
    assert said.code == 1, said
    assert "Traceback" not in said.err
    # Which database is meant is said by itself.
    [sentence] = [line for line in said.err.splitlines() if not line.startswith("Database: ")]
    return sentence


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
@pytest.mark.parametrize("command", [("db", "upgrade"), ("source", "list")])
def test_a_database_that_does_not_keep_all_text_is_refused(encoding, command, postgres, shell) -> None:
    name = f"handoff_{encoding.lower()}"
    postgres.run(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    try:
        said = one_sentence(shell(*command, DATABASE_URL=postgres.url_of(name)))
        assert f"its encoding is {encoding}" in said
        assert "createdb --encoding=UTF8" in said
    finally:
        postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_role_that_may_not_make_tables_is_told_which_right_it_needs(as_role, shell, postgres) -> None:
    said = one_sentence(shell("db", "upgrade", **as_role))
    assert "permission denied for schema public" in said
    assert "GRANT USAGE, CREATE ON SCHEMA public TO collector" in said
    # And that is what it takes.
    database = as_role["DATABASE_URL"].split("/")[3].split("?")[0]
    sql(postgres.url_of(database), "GRANT USAGE, CREATE ON SCHEMA public TO collector")
    assert shell("db", "upgrade", **as_role).code == 0


def test_a_schema_that_is_not_there_is_told(as_role, shell) -> None:
    url = as_role["DATABASE_URL"] + "&options=" + quote("-c search_path=nowhere")
    said = one_sentence(shell("db", "upgrade", DATABASE_URL=url))
    assert "CREATE SCHEMA" in said


def test_tables_that_the_role_may_not_write_are_refused_at_the_start(database_url, shell, postgres, as_role) -> None:
    url = database_url.replace("//postgres:", "//collector:")
    database = database_url.split("/")[3].split("?")[0]
    sql(postgres.url_of(database), "GRANT SELECT ON ALL TABLES IN SCHEMA public TO collector")
    try:
        for command in (("source", "list"), ("db", "upgrade")):
            said = one_sentence(shell(*command, DATABASE_URL=url))
            assert "the role collector may not read and write its table alias" in said
            assert "ALTER TABLE alias OWNER TO collector" in said
    finally:
        sql(postgres.url_of(database), "DROP OWNED BY collector")


def test_a_month_of_another_role_is_a_sentence_of_maintenance(as_role, shell, postgres) -> None:
    database = as_role["DATABASE_URL"].split("/")[3].split("?")[0]
    admin = postgres.url_of(database)
    sql(admin, "GRANT USAGE, CREATE ON SCHEMA public TO collector")
    assert shell("db", "upgrade", **as_role).code == 0
    assert shell("db", "maintain", **as_role).code == 0
    sql(admin, "CREATE TABLE event_2001_01 (LIKE event)")
    sql(
        admin, "ALTER TABLE event ATTACH PARTITION event_2001_01 FOR VALUES FROM (978307200000000) TO (980985600000000)"
    )
    said = one_sentence(shell("db", "maintain", "--keep-days", "30", **as_role))
    assert "event_2001_01" in said
    assert "ALTER TABLE event_2001_01 OWNER TO collector" in said
    # Everything else goes on meanwhile.
    assert shell("source", "create", "--id", "shop", "--name", "Shop", **as_role).code == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("schema=shop", "DATABASE_URL: ?schema= is none of PostgreSQL's parameters"),
        ("pool_size=5", "DATABASE_URL: 'pool_size' is none of PostgreSQL's parameters"),
        ("options=-B5", "DATABASE_URL: options may hold settings"),
    ],
)
def test_a_parameter_that_nobody_knows_is_a_sentence(more: str, said: str, database_url, shell) -> None:
    assert said in one_sentence(shell("source", "list", DATABASE_URL=f"{database_url}&{more}"))


def test_a_pooler_of_another_name_is_a_sentence(shell) -> None:
    said = one_sentence(shell("source", "list", DATABASE_POOLER="pgbouncer"))
    assert "DATABASE_POOLER must be auto, transaction or none, not 'pgbouncer'." in said


@pytest.mark.parametrize("pooler", ["auto", "none", "transaction"])
def test_tables_and_requests_are_in_the_schema_that_options_name(pooler, empty_database_url, shell) -> None:
    sql(empty_database_url, "CREATE SCHEMA handoff")
    url = f"{empty_database_url}&options={quote('-c search_path=handoff -c work_mem=17MB')}"
    env = {"DATABASE_URL": url, "DATABASE_POOLER": pooler}
    assert shell("db", "upgrade", **env).code == 0
    assert shell("source", "create", "--id", "shop", "--name", "Shop", **env).code == 0
    engine = connect(url, pooler=pooler)
    told = {"search_path": "handoff", "work_mem": "17MB", "statement_timeout": "7s", "jit": "off"}

    def work(conn):
        shown = {name: conn.scalar(text(f"SHOW {name}")) for name in told}
        return shown, conn.scalar(text("SELECT count(*) FROM source"))

    assert transaction(engine, work) == (told, 1)
    assert len(FOR_REQUESTS) > 6
    engine.dispose()
    plain = connect(empty_database_url)
    tables = text("SELECT DISTINCT schemaname FROM pg_tables WHERE schemaname IN ('public', 'handoff')")
    assert transaction(plain, lambda conn: list(conn.scalars(tables))) == ["handoff"]
    plain.dispose()


@pytest.mark.parametrize("command", [("db", "upgrade"), ("db", "check"), ("source", "list")], ids=" ".join)
@pytest.mark.parametrize(("name", "quoted"), [("handoff_missing", "handoff_missing"), ("no such", "'no such'")])
def test_a_database_that_is_not_there_is_named_with_how_to_make_it(command, name, quoted, tracker, postgres) -> None:
    said = one_sentence(tracker(*command, DATABASE_URL=postgres.url_of(quote(name))))
    assert said.endswith(f"There is no database {name} on that server. To make it: createdb --encoding=UTF8 {quoted}")
