"""The schema, as Alembic makes it on both databases."""

import subprocess
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from tracker.core.refusal import Unavailable
from tracker.store import migrations
from tracker.store.engine import connect, reading
from tracker.store.tables import Base, ProfileRow, SessionRow
from tracker.store.traits import holders

UPGRADE = """
import sys
from tracker.core.refusal import Unavailable
from tracker.store import migrations
from tracker.store.engine import connect
print("ready", flush=True)
sys.stdin.readline()
print(migrations.upgrade(connect(sys.argv[1]))[0])
"""


@pytest.fixture
def empty(empty_database_url: str):
    """An empty database."""
    engine = connect(empty_database_url)
    yield engine
    engine.dispose()


def tables(engine: Engine) -> set[str]:
    with reading(engine).connect() as conn:
        return {name for name in inspect(conn).get_table_names() if migrations.is_described(name, "table", {})}


def test_an_upgrade_makes_every_table_and_says_what_it_did(empty: Engine) -> None:
    assert migrations.revision(empty) is None
    assert not migrations.is_current(empty)
    assert migrations.upgrade(empty) == (None, migrations.head())
    assert tables(empty) == set(Base.metadata.tables) | {"alembic_version"}
    assert migrations.is_current(empty)


def test_the_names_of_the_files_say_what_alembic_says(empty: Engine) -> None:
    scripts = ScriptDirectory.from_config(migrations.config(empty))
    assert migrations.head() == scripts.get_current_head()
    assert list(migrations.revisions()) == [script.revision for script in scripts.walk_revisions()][::-1]
    migrations.upgrade(empty)
    with reading(empty).connect() as conn:
        assert migrations.revision(empty) == MigrationContext.configure(conn).get_current_revision()


def test_upgrading_twice_changes_nothing(empty: Engine) -> None:
    migrations.upgrade(empty)
    assert migrations.upgrade(empty) == (migrations.head(), migrations.head())
    command.upgrade(migrations.config(empty), "head")
    assert migrations.is_current(empty)


def test_the_migrations_lead_to_the_schema_that_the_code_describes(engine: Engine) -> None:
    options = {"compare_type": True, "compare_server_default": True, "include_name": migrations.is_described}
    with reading(engine).connect() as conn:
        context = MigrationContext.configure(conn, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_a_schema_that_differs_from_the_code_is_noticed(engine: Engine) -> None:
    with engine.begin() as conn:
        conn.exec_driver_sql("DROP TABLE tombstone")
        context = MigrationContext.configure(conn, opts={"include_name": migrations.is_described})
        assert [change[0] for change in compare_metadata(context, Base.metadata)] == ["add_table"]


def test_the_way_down_ends_at_an_empty_database_and_the_way_up_can_be_gone_again(empty: Engine) -> None:
    migrations.upgrade(empty)
    command.downgrade(migrations.config(empty), "base")
    assert tables(empty) <= {"alembic_version"}
    migrations.upgrade(empty)
    assert tables(empty) == set(Base.metadata.tables) | {"alembic_version"}


def test_a_migration_that_fails_half_way_leaves_nothing_behind(empty: Engine) -> None:
    # The last table of the first migration is in the way, so that all the others have been made by then.
    with empty.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE alias (id INTEGER)")
    with pytest.raises(DBAPIError):
        migrations.upgrade(empty)
    assert tables(empty) == {"alias"}


def test_processes_that_upgrade_at_once_all_succeed_and_migrate_once(empty: Engine, empty_database_url: str) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, empty_database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    # Only now that all of them are up are they let go, together.
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    assert sorted(before.strip() for before, _ in said) == [migrations.head(), "None"], "one of them migrates"
    assert migrations.is_current(empty)
    assert tables(empty) == set(Base.metadata.tables) | {"alembic_version"}


@pytest.mark.parametrize(
    "url",
    ["sqlite:////nowhere/at/all/handoff.db", "postgresql://handoff@127.0.0.1:1/handoff"],
    ids=["sqlite", "postgresql"],
)
def test_a_database_that_cannot_be_reached_is_unavailable_and_not_a_foreign_error(url: str) -> None:
    for question in (migrations.revision, migrations.is_current, migrations.upgrade):
        with pytest.raises(Unavailable):
            question(connect(url))


def test_people_who_were_known_before_are_found_by_their_traits_after_the_upgrade(empty: Engine) -> None:
    before = "0005"
    command.upgrade(migrations.config(empty), before)
    rows = [
        {"id": "ada", "traits": {"name": ["Ada", 1], "tags": [["x"], 1]}, "merged_into": None},
        {"id": "nobody", "traits": {}, "merged_into": None},
    ]
    with empty.begin() as conn:
        same = {"created": 1, "updated": 1, "consents": {}, "identified": False}
        conn.execute(insert(ProfileRow), [row | same for row in rows])
    migrations.upgrade(empty)
    with reading(empty).connect() as conn:
        assert [list(holders(conn, value, 9)) for value in ("ada", "x", "y")] == [["ada"], ["ada"], []]


def test_of_a_crowd_behind_one_session_id_twenty_stay_and_every_visit_is_kept(empty: Engine) -> None:
    command.upgrade(migrations.config(empty), "0015")
    same = {"source_id": "shop", "updated": 1, "context": {}, "properties": {}, "touchpoint": {}, "device": {}}
    crowd = [{"id": f"s{n:03}", "client_id": "s", "profile_id": f"p{n}", "created": n} for n in range(1, 60)]
    rows = [
        {"id": "s", "client_id": "s", "profile_id": "p", "created": 99},
        *crowd,
        *({"id": f"t{n}", "client_id": "t", "profile_id": f"p{n}", "created": n} for n in range(20)),
    ]
    with empty.begin() as conn:
        conn.execute(insert(SessionRow), [row | same for row in rows])
    migrations.upgrade(empty)
    with reading(empty).connect() as conn:
        client_of = dict(tuple(row) for row in conn.execute(select(SessionRow.id, SessionRow.client_id)))
    assert client_of.keys() == {row["id"] for row in rows}
    assert {name for name, client in client_of.items() if client == "s"} == {"s", *(f"s{n:03}" for n in range(1, 20))}
    assert all(client_of[f"s{n:03}"] == f"s{n:03}" for n in range(20, 60))
    assert [client for client in client_of.values() if client == "t"] == ["t"] * 20
