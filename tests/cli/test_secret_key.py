"""A secret key that is lost or changed is noticed, and never replaced in silence."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ports import free_port
from serving import TRACKER, serving

from tracker.ingest import secret_keys
from tracker.ingest.secret_keys import AnotherKey
from tracker.store import key_marks
from tracker.store.engine import reading, transaction

OLD, NEW, THIRD = "the key of last year, long enough", "the key of this year, long enough", "a third key, long enough"
ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
EXPLAINED = "holds another secret key than"


@pytest.fixture
def settle(engine) -> Callable[..., None]:
    """Start with these keys, as a worker does."""

    def start(*keys: str, now: int = 1) -> None:
        transaction(engine, lambda conn: secret_keys.settle(conn, keys, now))

    return start


def marks(engine) -> set[str]:
    return transaction(reading(engine), key_marks.known)


# The rule ----------------------------------------------------------------------------------------------------------


def test_a_database_that_knows_no_key_takes_any(settle, engine, make_source) -> None:
    make_source()
    settle(OLD)
    assert marks(engine) == {secret_keys.mark_of(OLD)}
    settle(OLD, now=2)
    assert marks(engine) == {secret_keys.mark_of(OLD)}


def test_another_key_is_refused_where_something_depends_on_the_first(settle, engine, make_source) -> None:
    make_source()
    settle(OLD)
    with pytest.raises(AnotherKey) as refused:
        settle(NEW)
    assert (refused.value.depends.identities, refused.value.depends.tombstones, refused.value.depends.sources) == (
        0,
        0,
        1,
    )
    assert marks(engine) == {secret_keys.mark_of(OLD)}


def test_another_key_is_taken_where_nothing_depends_on_the_first(settle, engine) -> None:
    settle(OLD)
    settle(NEW)
    assert secret_keys.mark_of(NEW) in marks(engine)


def test_hosts_change_over_to_a_new_key_one_after_the_other(settle, make_source) -> None:
    make_source()
    settle(OLD)
    settle(NEW, OLD)
    # A host that has not changed over yet, and the day on which the old key goes.
    settle(OLD)
    settle(NEW)
    with pytest.raises(AnotherKey):
        settle(THIRD)


def test_people_and_erased_ids_depend_on_the_key(settle, record, tracker, make_source, engine) -> None:
    make_source(identify="open")
    person = record("e1", session="s1").profile_id
    assert tracker("profile", "erase", person, "--yes").code == 0
    settle(OLD)
    with pytest.raises(AnotherKey) as refused:
        settle(NEW)
    assert refused.value.depends.tombstones > 0
    lost = transaction(engine, lambda conn: secret_keys.accept(conn, (NEW,), 2))
    assert lost == refused.value.depends
    assert "erased id" in " ".join(secret_keys.lost(lost))
    assert marks(engine) == {secret_keys.mark_of(NEW)}
    assert transaction(engine, lambda conn: secret_keys.accept(conn, (NEW,), 3)) is None


def test_a_mark_tells_keys_apart_and_is_none_of_the_hashes_in_use() -> None:
    assert secret_keys.mark_of(OLD) == secret_keys.mark_of(OLD)
    assert len({secret_keys.mark_of(key) for key in (OLD, NEW, f"{OLD} ")}) == 3
    assert len(secret_keys.mark_of(OLD)) == 64


# Commands ----------------------------------------------------------------------------------------------------------


def test_a_command_that_hides_or_signs_ends_with_a_sentence_under_another_key(
    tracker, settle, make_source, record, tmp_path
) -> None:
    make_source(identify="verified")
    person = record("e1", session="s1").profile_id
    settle(OLD)
    (tmp_path / "events.jsonl").write_text(json.dumps({"source": "shop", "type": "a", "id": "e9"}))
    for words in (
        ("profile", "erase", person, "--yes"),
        ("source", "identify-secret", "shop"),
        ("event", "import", str(tmp_path / "events.jsonl")),
        ("quarantine", "replay", "--all"),
    ):
        said = tracker(*words, SECRET_KEY=NEW)
        assert (said.code, said.out) == (1, ""), words
        assert said.err.startswith(f"SECRET_KEY {EXPLAINED} "), said.err
        assert "SECRET_KEY_FALLBACKS" in said.err
        assert said.err.count("\n") == 1
    assert tracker("profile", "show", person, "--json", SECRET_KEY=NEW).code == 0, "what only reads needs no key"
    assert tracker("source", "identify-secret", "shop", SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=f"{OLD}\n").code == 0
    assert tracker("source", "identify-secret", "shop", SECRET_KEY=OLD).code == 0


# Starts ------------------------------------------------------------------------------------------------------------


def refused(env: dict[str, str], *words: str) -> str:
    """Return what a server says that does not start."""
    given = {"PORT": str(free_port())} | env
    done = subprocess.run(
        [TRACKER, "serve", *words], env=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert "Handoff listens on" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    [line] = [line for line in done.stderr.splitlines() if EXPLAINED in line]
    return line


@ONE_DATABASE
def test_a_start_without_the_kept_key_names_the_file_and_makes_no_new_beginning(shell, tmp_path: Path) -> None:
    env = {"DATA_DIR": str(tmp_path / "var"), "DATABASE_URL": "", "SECRET_KEY": ""}
    kept = tmp_path / "var" / "secret_key"
    with serving(tmp_path, env):
        assert shell("source", "create", "--name", "Shop", "--id", "shop", **env).code == 0
        secret = shell("source", "identify-secret", "shop", **env).out
    key = kept.read_text()
    kept.unlink()
    assert refused(env).startswith(f"{kept} {EXPLAINED} {tmp_path / 'var' / 'handoff.db'} was used with; ")
    assert "1 source." in refused(env)
    kept.write_text(key)
    with serving(tmp_path, env):
        assert shell("source", "identify-secret", "shop", **env).out == secret


def test_a_changed_key_of_the_environment_is_refused_until_it_is_said_to_be_meant(
    environment, make_source, shell, tmp_path: Path
) -> None:
    make_source(identify="verified")
    env = environment | {"WORKERS": "1" if "sqlite" in environment["DATABASE_URL"] else "2"}
    with serving(tmp_path, env | {"SECRET_KEY": OLD}):
        pass
    assert refused(env | {"SECRET_KEY": NEW}).startswith(f"SECRET_KEY {EXPLAINED} ")
    with serving(tmp_path, env | {"SECRET_KEY": NEW}, words=("--new-secret-key",)) as served:
        assert served.ask("/readyz").status == 200
        told = served.told()
        assert "From now on the secret key is that of SECRET_KEY. Lost with the one of before:" in told
        assert "The identify secrets of 1 source: " in told
    with serving(tmp_path, env | {"SECRET_KEY": THIRD, "SECRET_KEY_FALLBACKS": f"{NEW}\n"}) as served:
        assert served.ask("/readyz").status == 200
