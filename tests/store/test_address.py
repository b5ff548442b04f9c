"""A database is named where people read, and nothing that opens it."""

from pathlib import Path

import pytest

from tracker.store.address import hides, shown


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////srv/handoff/handoff.db", "/srv/handoff/handoff.db"),
        ("sqlite:////srv/handoff.db?timeout=5", "/srv/handoff.db"),
        ("postgresql://db.example/handoff", "postgresql://db.example/handoff"),
        ("postgresql://anna@db.example:5433/handoff", "postgresql://anna@db.example:5433/handoff"),
        ("postgresql://anna:hunter2@db.example/handoff", "postgresql://anna:***@db.example/handoff"),
        ("postgresql+psycopg://anna:hunter2@db/x", "postgresql://anna:***@db/x"),
        ("postgresql://anna:hun/ter?2#@db.example/handoff", "postgresql://anna:***@db.example/handoff"),
        ("postgresql://anna:hunter@2@db.example/handoff", "postgresql://anna:***@db.example/handoff"),
        ("postgresql://anna@corp:hunter2@db.example/x", "postgresql://anna@corp:***@db.example/x"),
        ("postgresql://:hunter2@db.example/handoff", "postgresql://:***@db.example/handoff"),
        ("postgresql://db/x?user=anna&password=hunter2&sslpassword=hunter2", "postgresql://db/x"),
        (
            "postgresql://anna:hunter2@/x?host=db1:5432&host=db2:5432&target_session_attrs=read-write",
            "postgresql://anna:***@/x?host=db1:5432&host=db2:5432",
        ),
        ("postgresql://postgres@/x?host=/run/postgresql", "postgresql://postgres@/x?host=/run/postgresql"),
    ],
)
def test_the_place_is_said_and_the_password_is_not(url: str, said: str) -> None:
    assert shown(url) == said
    assert "hunter" not in shown(url)


def test_a_file_is_said_with_its_whole_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown("sqlite:///var/handoff.db") == str(tmp_path / "var" / "handoff.db")


@pytest.mark.parametrize(
    "url", ["sqlite:////srv/x.db?timeout=5", "postgresql+psycopg://anna@db/x?host=/run/postgresql"]
)
def test_a_url_that_is_told_as_it_is_hides_nothing(url: str) -> None:
    assert not hides(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anna:hunter2@db/x",
        "postgresql://anna@corp:hunter2@db/x",
        "postgresql://db/x?password=hunter2",
        "postgresql://db/x?sslmode=require",
    ],
)
def test_a_url_that_may_hold_a_password_is_known(url: str) -> None:
    assert hides(url)
