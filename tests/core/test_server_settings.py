"""What a database's URL may say beside the address."""

import psycopg
import pytest

from tracker.core.server_settings import PARAMETERS, read_options, url_problem, written_options


def test_the_parameters_are_those_that_the_driver_knows() -> None:
    known = {found.keyword.decode() for found in psycopg.pq.Conninfo.get_defaults()}
    # "replication" asks for another protocol, and libpq of before 18 knows fewer.
    assert known - {"replication"} <= PARAMETERS
    assert not PARAMETERS - known or psycopg.pq.version() < 180000


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ("", {}),
        ("-c search_path=handoff", {"search_path": "handoff"}),
        ("-csearch_path=a,b  -c work_mem=64MB", {"search_path": "a,b", "work_mem": "64MB"}),
        ("--search-path=handoff", {"search_path": "handoff"}),
        (r"-c application_name=two\ words\\", {"application_name": "two words\\"}),
        ("-c a.b=c=d", {"a.b": "c=d"}),
        ("-c empty=", {"empty": ""}),
    ],
)
def test_options_are_read_as_the_server_reads_them(options: str, settings: dict[str, str]) -> None:
    assert read_options(options) == settings
    assert read_options(written_options(settings)) == settings


@pytest.mark.parametrize("options", ["-c", "search_path=x", "-B 5", "-c work_mem", "-d 3", "-c 1=2", "--"])
def test_options_that_are_no_settings_are_refused(options: str) -> None:
    with pytest.raises(ValueError, match="options may hold settings such as -c search_path=handoff"):
        read_options(options)
    assert url_problem(f"postgresql://h/d?options={options.replace('=', '%3D')}")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://u:p@h/d?schema=shop", "?options=-csearch_path%3DNAME"),
        ("postgresql://u:p@h/d?sslmode=require&pool=5", "'pool' is none of PostgreSQL's parameters"),
        ("postgres://u:p@h/d?Options=-cx%3D1", "'Options' is none of PostgreSQL's parameters"),
        ("postgresql+psycopg://h/d?prepare_threshold=0", "'prepare_threshold'"),
        ("postgresql://h/d?" + "x" * 900 + "=1", "x'"),
        ("sqlite:///f.db?schema=x", "'schema' is none of SQLite's parameters"),
        ("sqlite:///f.db?mode=ro", "'mode' is none of SQLite's parameters"),
    ],
)
def test_a_parameter_that_nobody_knows_is_named(url: str, said: str) -> None:
    found = url_problem(url)
    assert found is not None
    assert said in found
    assert len(found) < 160


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@h/d",
        "postgresql://u@/d?host=/run&sslmode=verify-full&options=-csearch_path%3Dhandoff",
        "postgresql://u@/d?host=db1:5432&host=db2:5432&target_session_attrs=read-write",
        "sqlite:////var/handoff.db",
        "sqlite:///file:/var/handoff.db?mode=ro&uri=true",
        "sqlite:///handoff.db?timeout=5",
    ],
)
def test_what_is_known_is_taken(url: str) -> None:
    assert url_problem(url) is None
