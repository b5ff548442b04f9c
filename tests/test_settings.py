"""What the operator sets: read once, checked whole, and every mistake named at once."""

import ipaddress
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tracker.core.quota import Quota
from tracker.core.rate import Rate
from tracker.settings import BadSettings, Settings, with_absolute_paths

KEY = "sixteen characters or more"


def read(tmp_path: Path, **env: str) -> Settings:
    return Settings.from_env({"DATA_DIR": str(tmp_path / "var")} | env)


def problems(tmp_path: Path, **env: str) -> list[str]:
    with pytest.raises(BadSettings) as told:
        read(tmp_path, **env)
    assert str(told.value).splitlines() == told.value.problems
    return told.value.problems


def test_with_nothing_set_it_serves_on_8686_from_a_file_under_the_data_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = Settings.from_env({})
    assert (found.host, found.port, found.workers) == ("127.0.0.1", 8686, None)
    assert found.data_dir == tmp_path / "var"
    assert found.database_url == f"sqlite:///{tmp_path}/var/handoff.db"
    assert found.public_url == "http://localhost:8686"
    assert found.trusted_proxies == ()
    assert found.on_sqlite


def test_the_environment_of_the_process_is_the_default(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PORT", "9000")
    assert Settings.from_env().port == 9000


def test_every_variable_is_read(tmp_path) -> None:
    found = read(
        tmp_path,
        PORT=" 9000 ",
        HOST="0.0.0.0",  # noqa: S104 - an operator's choice
        DATABASE_URL="postgresql://handoff:secret@db.example:5433/handoff",
        PUBLIC_URL="https://collect.example/",
        SECRET_KEY=KEY,
        SECRET_KEY_FALLBACKS="the-key-of-last-year, the-key-before-that-one",
        WORKERS="4",
        TRUSTED_PROXIES="10.0.0.0/8, 192.0.2.7 2001:db8::/32",
    )
    assert (found.host, found.port, found.workers) == ("0.0.0.0", 9000, 4)  # noqa: S104
    assert found.database_url == "postgresql://handoff:secret@db.example:5433/handoff"
    assert found.public_url == "https://collect.example"
    assert found.secret_keys == (KEY, "the-key-of-last-year", "the-key-before-that-one")
    assert found.trusted_proxies == tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32")))
    assert not found.on_sqlite


def test_the_public_url_follows_the_port_unless_it_is_set(tmp_path) -> None:
    assert read(tmp_path, PORT="9000").public_url == "http://localhost:9000"


def test_every_mistake_is_named_at_once_with_what_to_write_instead(tmp_path) -> None:
    found = problems(
        tmp_path,
        PORT="eighty",
        WORKERS="-1",
        DATABASE_URL="mysql://handoff:hunter2@db/handoff",
        PUBLIC_URL="collect.example",
        TRUSTED_PROXIES="10.0.0.0/8 somewhere",
        SECRET_KEY="short",
        SECRET_KEY_FALLBACKS_FILE="/nowhere/at/all",
    )
    for name in ("PORT", "WORKERS", "DATABASE_URL", "PUBLIC_URL", "TRUSTED_PROXIES", "SECRET_KEY ", "SECRET_KEY_FALLB"):
        assert len([problem for problem in found if problem.startswith(name)]) == 1, name
    assert len(found) == 7
    assert "hunter2" not in str(found), "a password is not shown"
    assert not (tmp_path / "var").exists(), "nothing is made before all is right"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "8686.0"),
        ("PORT", "٨٦٨٦"),
        ("WORKERS", "many"),
        ("WORKERS", "257"),
        ("PUBLIC_URL", "http://["),
        ("PUBLIC_URL", "http://host:port"),
        ("PUBLIC_URL", "ftp://host"),
        ("PUBLIC_URL", "http://"),
        ("PUBLIC_URL", "https://host/?a=1"),
        ("PUBLIC_URL", "https://host/#a"),
        ("PUBLIC_URL", "https://user:password@host"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "postgresql://host:port/name"),
        ("DATABASE_URL", "postgresql://[host/name"),
        ("DATABASE_URL", "oracle://host/name"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("RATE_LIMIT", "none"),
        ("RATE_LIMIT", "50"),
        ("REDIS_URL", "http://cache"),
        ("REDIS_URL", "redis://[cache"),
        ("TRUSTED_PROXIES", "*"),
        ("SECRET_KEY", "fifteen letters"),
        ("SECRET_KEY", "a key of\ntwo long lines"),
        ("SECRET_KEY", "bytes that are no text \udcff"),
        ("SECRET_KEY_FALLBACKS", "short"),
        ("SECRET_KEY_FALLBACKS", "one key with spaces and one line"),
        ("SECRET_KEY_FALLBACKS", "the-key-of-last-year\nshort"),
        ("SECRET_KEY_FALLBACKS", "bytes-that-are-no-text-\udcff"),
        ("METRICS_TOKEN", "two\nlines"),
        ("DATABASE_URL", "postgresql://host/na\x00me"),
        ("PUBLIC_URL", "https://@host"),
        ("PUBLIC_URL", "https://host?"),
        ("PUBLIC_URL", "https://ho\nst"),
        ("PUBLIC_URL", "https://example.com/live"),
        ("HOST", "127.0.0.1:8686"),
        ("HOST", "http://127.0.0.1"),
        ("HOST", "*"),
        ("DATA_DIR", "~nobody-of-that-name/var"),
        ("DATA_DIR", "/" + "long/" * 2000),
        ("DISK_FOLDERS", "/nowhere/at/all"),
        ("GEOIP_DB", "/"),
        ("GEOIP_DB", "/nowhere/at/all.mmdb"),
    ],
)
def test_a_value_that_could_not_work_is_named(name: str, value: str, tmp_path) -> None:
    [problem] = problems(tmp_path, **{name: value})
    assert problem.startswith(name)


def test_an_empty_variable_counts_as_not_set(tmp_path) -> None:
    empty = dict.fromkeys(("PORT", "HOST", "DATABASE_URL", "PUBLIC_URL", "WORKERS", "SECRET_KEY"), "  ")
    assert read(tmp_path, **empty) == read(tmp_path)


def test_the_rate_limit_is_on_unless_it_is_switched_off(tmp_path) -> None:
    assert read(tmp_path).rate_limit == Rate(20_000, 200)
    assert read(tmp_path, RATE_LIMIT="600/m burst 20").rate_limit == Rate(100_000, 20)
    assert read(tmp_path, RATE_LIMIT="off").rate_limit is None


def test_a_redis_is_named_by_its_url_and_its_password_is_not_shown(tmp_path) -> None:
    assert read(tmp_path).redis_url is None
    found = read(tmp_path, REDIS_URL="redis://:hunter2@cache:6379/0")
    assert found.redis_url == "redis://:hunter2@cache:6379/0"
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("host", ["::1", "[::1]", " [::1] ", "0:0:0:0:0:0:0:1"])
def test_a_host_of_ipv6_is_written_with_and_without_brackets(host: str, tmp_path) -> None:
    found = read(tmp_path, HOST=host)
    assert (found.host, found.listens_on) == ("::1", "[::1]:8686")


def test_a_public_url_may_have_a_path(tmp_path) -> None:
    found = read(tmp_path, PUBLIC_URL="https://Example.COM:443/handoff/")
    assert (found.public_url, found.path) == ("https://example.com/handoff", "/handoff")
    assert read(tmp_path).path == ""


def test_paths_are_those_of_the_moment_at_which_they_were_read(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("disk", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "countries.mmdb").write_bytes((Path(__file__).parent / "cases" / "countries.mmdb").read_bytes())
    given = {
        "DATA_DIR": "var",
        "DATABASE_URL": "sqlite:///var/my.db?timeout=5",
        "SECRET_KEY_FILE": "key",
        "GEOIP_DB": "countries.mmdb",
        "DISK_FOLDERS": "disk",
    }
    found = Settings.from_env(given)
    assert found.database_url == f"sqlite:///{tmp_path}/var/my.db?timeout=5"
    assert found.disk_folders == (tmp_path / "var", tmp_path / "disk")
    absolute = with_absolute_paths(given, found)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert Settings.from_env(given | absolute) == found
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_without_a_path_but_the_data_folder_no_other_variable_is_set(tmp_path) -> None:
    given = {"DATA_DIR": str(tmp_path), "DATABASE_URL": "postgresql://db.example/handoff", "SECRET_KEY": KEY}
    assert with_absolute_paths(given, Settings.from_env(given)) == {"DATA_DIR": str(tmp_path)}
    assert with_absolute_paths({}, read(tmp_path)) == {"DATA_DIR": str(tmp_path / "var")}


# Secrets -----------------------------------------------------------------------------------------------------------


def test_a_secret_may_come_from_a_file(tmp_path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "url").write_text("postgresql://handoff@db.example/handoff\n")
    found = read(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key"), DATABASE_URL_FILE=str(tmp_path / "url"))
    assert found.secret_keys == (KEY,)
    assert found.database_url == "postgresql://handoff@db.example/handoff"


def test_a_secret_set_twice_or_from_a_file_that_says_nothing_is_a_mistake(tmp_path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "lines").write_text(f"{KEY}\n{KEY}\n")
    (tmp_path / "folder").mkdir()
    assert len(problems(tmp_path, SECRET_KEY=KEY, SECRET_KEY_FILE=str(tmp_path / "key"))) == 1
    for name in ("empty", "binary", "missing", "folder", "lines", ""):
        [problem] = problems(tmp_path, SECRET_KEY_FILE=str(tmp_path / name))
        assert problem.startswith("SECRET_KEY_FILE")


def test_a_file_may_begin_with_a_mark_and_end_with_any_line_break(tmp_path) -> None:
    for content in (f"\ufeff{KEY}", f"{KEY}\r\n", f"  {KEY}\n\n"):
        (tmp_path / "key").write_text(content, newline="")
        assert read(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key")).secret_keys == (KEY,)


def test_a_file_that_never_ends_is_not_read_to_its_end(tmp_path) -> None:
    [problem] = problems(tmp_path, SECRET_KEY_FILE="/dev/zero")
    assert problem == "SECRET_KEY_FILE must be one line of readable text."


@pytest.mark.parametrize(
    "older",
    [
        f"{KEY}\nthe-key-before-that-one",
        f"\n  {KEY}\r\n\nthe-key-before-that-one\n",
    ],
)
def test_a_key_with_spaces_becomes_a_fallback_on_a_line_of_its_own(older: str, tmp_path) -> None:
    new = "a key, with commas, of this year"
    assert read(tmp_path, SECRET_KEY=new, SECRET_KEY_FALLBACKS=older).secret_keys == (
        new,
        KEY,
        "the-key-before-that-one",
    )


def test_a_single_fallback_with_spaces_is_followed_by_a_line_break(tmp_path) -> None:
    assert read(tmp_path, SECRET_KEY=KEY, SECRET_KEY_FALLBACKS=f"{KEY} of old\n").secret_keys[1:] == (f"{KEY} of old",)
    # A file ends with one anyway, so there it is an empty line.
    (tmp_path / "older").write_text(f"{KEY} of old\n\n")
    found = read(tmp_path, SECRET_KEY=KEY, SECRET_KEY_FALLBACKS_FILE=str(tmp_path / "older"))
    assert found.secret_keys[1:] == (f"{KEY} of old",)
    (tmp_path / "older").write_text("the-key-of-last-year the-key-before-that-one\n")
    found = read(tmp_path, SECRET_KEY=KEY, SECRET_KEY_FALLBACKS_FILE=str(tmp_path / "older"))
    assert found.secret_keys[1:] == ("the-key-of-last-year", "the-key-before-that-one")


def test_without_a_key_one_is_made_for_the_owner_alone_and_kept(tmp_path) -> None:
    first, again = read(tmp_path), read(tmp_path)
    assert first.secret_keys == again.secret_keys
    assert len(first.secret_keys[0]) >= 32
    made = tmp_path / "var" / "secret_key"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert read(tmp_path / "other").secret_keys != first.secret_keys
    assert [entry.name for entry in (tmp_path / "var").iterdir()] == ["secret_key"]


def test_all_who_start_at_once_get_the_same_key(tmp_path) -> None:
    for number in range(20):
        folder = tmp_path / str(number)
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(lambda _, folder=folder: read(folder).secret_keys, range(8)))
        assert len(keys) == 1
        assert len(keys.pop()[0]) >= 32


@pytest.mark.parametrize("content", ["", "\n", "short"])
def test_a_kept_key_that_is_no_key_is_never_signed_with(content: str, tmp_path) -> None:
    """A crash or a full disk may leave the file empty; an empty key would let anybody sign."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "secret_key").write_text(content)
    [problem] = problems(tmp_path)
    assert str(tmp_path / "var" / "secret_key") in problem


def test_a_kept_key_that_cannot_be_read_is_named(tmp_path) -> None:
    kept = tmp_path / "var" / "secret_key"
    kept.mkdir(parents=True)
    assert problems(tmp_path) == [f"{kept} cannot be read (Is a directory); it holds the secret key."]
    kept.rmdir()
    kept.write_bytes(b"\xff" * 40)
    assert problems(tmp_path) == [f"{kept} cannot be read (not text); it holds the secret key."]


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    [problem] = problems(tmp_path, DATA_DIR=str(tmp_path / "file" / "var"))
    assert problem.startswith("DATA_DIR")


def test_the_folder_of_the_default_database_is_there_also_where_the_key_comes_from_elsewhere(tmp_path) -> None:
    found = read(tmp_path, SECRET_KEY=KEY)
    assert Path(found.database_url.removeprefix("sqlite:///")).parent.is_dir()


def test_with_a_key_and_a_database_elsewhere_nothing_is_written(tmp_path) -> None:
    read(tmp_path, SECRET_KEY=KEY, DATABASE_URL="postgresql://handoff@db.example/handoff")
    assert os.listdir(tmp_path) == []


def test_settings_never_show_their_keys(tmp_path) -> None:
    assert KEY not in repr(read(tmp_path, SECRET_KEY=KEY))


def test_parameters_to_take_out_are_added_and_taken_back(tmp_path) -> None:
    names = read(tmp_path, SCRUB_PARAMETERS="code, -email").limits.parameters
    assert {"code", "token"} <= names
    assert "email" not in names
    assert read(tmp_path, SCRUB_PARAMETERS="off").limits.parameters == frozenset()
    assert problems(tmp_path, SCRUB_PARAMETERS="a=b") == ["SCRUB_PARAMETERS: 'a=b' cannot be the name of a parameter."]


def test_the_quota_and_the_room_on_the_disk_are_read(tmp_path) -> None:
    found = read(tmp_path, QUOTA="7/day", DISK_LOW_WATER="2g", DISK_FOLDERS="/srv:/var/lib:")
    assert found.quota == Quota(7, "day")
    assert found.disk_low_water == 2 * 1024**3
    assert found.disk_folders == (tmp_path / "var", Path("/srv"), Path("/var/lib"))
    assert read(tmp_path).disk_low_water == 100 * 1024**2
    elsewhere = read(tmp_path, DATABASE_URL="postgresql://db.example/handoff", SECRET_KEY=KEY, DISK_LOW_WATER="off")
    assert (elsewhere.disk_folders, elsewhere.disk_low_water, elsewhere.quota) == ((), 0, None)
    assert problems(tmp_path, QUOTA="7/s", DISK_LOW_WATER="much") == [
        "QUOTA: '7/s' is not like 100000/day, 2000000/month or off.",
        "DISK_LOW_WATER must be like 500M, 2G or off, not 'much'.",
    ]


def test_gunicorn_tells_what_is_wrong_without_a_trace(tmp_path) -> None:
    root = Path(__file__).parents[1]
    command = [sys.executable, "-m", "gunicorn", "--check-config", "--config", "gunicorn.conf.py", "app:create_app()"]
    env = os.environ | {"DATA_DIR": str(tmp_path), "PORT": "none"}
    said = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert said.stderr == "PORT must be a whole number from 1 to 65535, not 'none'.\n"
