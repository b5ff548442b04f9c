"""What a server prints once it takes requests; that its commands work is tried in tests/cli/test_house.py."""

from dataclasses import replace

import pytest

from tracker.web.welcome import welcome

CREATE = ".venv/bin/tracker source create --name 'My site'"
SNIPPET = ".venv/bin/tracker snippet SOURCE_ID"
ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@ONE_DATABASE
@pytest.mark.parametrize(
    ("env", "of_both", "of_snippet"),
    [
        ({}, "", ""),
        ({"DATABASE_URL": " ", "DATA_DIR": "", "HOME": "/root"}, "", ""),
        (
            {"DATABASE_URL": "sqlite:////srv/it's.db?timeout=5"},
            """DATABASE_URL='sqlite:////srv/it'"'"'s.db?timeout=5' """,
            "",
        ),
        ({"DATABASE_URL": "postgresql://anna@db/x"}, "DATABASE_URL=postgresql://anna@db/x ", ""),
        ({"DATABASE_URL_FILE": "/run/secrets/url"}, "DATABASE_URL_FILE=/run/secrets/url ", ""),
        ({"PORT": "9000", "PUBLIC_URL": "https://c.example"}, "", "PORT=9000 PUBLIC_URL=https://c.example "),
    ],
)
def test_commands_are_printed_with_the_variables_that_the_server_was_given(env, of_both, of_snippet, settings) -> None:
    *_, how, create, snippet = welcome(settings, env)
    assert how == "Or from here: make a source, then paste its snippet into your page:"
    assert (create, snippet) == (f"  {of_both}{CREATE}", f"  {of_both}{of_snippet}{SNIPPET}")


@ONE_DATABASE
def test_a_folder_is_printed_as_the_server_has_found_it(settings, tmp_path) -> None:
    lines = welcome(replace(settings, data_dir=tmp_path / "my data"), {"DATA_DIR": "./my data"})
    assert lines[-2] == f"  DATA_DIR='{tmp_path / 'my data'}' {CREATE}"


@ONE_DATABASE
def test_a_database_with_a_password_is_to_be_set_and_is_not_printed(settings) -> None:
    env = {"DATABASE_URL": "postgresql://anna:hunter2@db/x", "DATA_DIR": "var"}
    *_, how, create, snippet = lines = welcome(settings, env)
    assert how.startswith("Or from here, once DATABASE_URL is set as it is for this server: make a source")
    assert [create, snippet] == [f"  DATA_DIR={settings.data_dir} {command}" for command in (CREATE, SNIPPET)]
    assert "hunter" not in "".join(lines)
