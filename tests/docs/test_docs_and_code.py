"""The pages and the code say the same: settings, commands, routes, warnings, links."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
from docs.conftest import PAGES, ROOT, blocks
from flask import Flask

from app import API, CONSOLE
from tracker.cli import main
from tracker.core import linking
from tracker.settings import Settings

DOCS = ROOT / "docs"
PROMISE = (
    "A 2xx means the batch is committed. A retry with the same event ids is stored once. A batch is stored whole or "
    "not at all. After a PostgreSQL failover this holds with synchronous replication; without it the lag can be lost."
)


class Asked(Mapping[str, str]):
    """An environment that writes down what it is asked for."""

    def __init__(self, given: dict[str, str]) -> None:
        self.given = given
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self.given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)


def rows(page: Path, heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its first two lines."""
    section = page.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def commands(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command that does something, with the words that lead to it."""
    if not isinstance(group, click.Group):
        yield path, group
        return
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield from commands(command, (*path, name))


def test_the_settings_table_has_every_variable_and_its_default(tmp_path: Path) -> None:
    asked = Asked({"DATA_DIR": str(tmp_path)})
    settings = Settings.from_env(asked)
    table = {name.strip("`"): default.strip("`") for name, default, *_ in rows(DOCS / "install.md", "Settings")}
    assert set(table) == asked.names
    assert table["PORT"] == str(settings.port)
    assert table["HOST"] == settings.host
    assert table["PUBLIC_URL"].replace("$PORT", str(settings.port)) == settings.public_url
    assert table["DATABASE_URL"].replace("$DATA_DIR", str(tmp_path)) == settings.database_url
    assert (tmp_path / "secret_key").exists()


def test_the_operators_page_has_every_command_and_option() -> None:
    text = (DOCS / "operating.md").read_text()
    for path, command in commands(main):
        assert re.search(rf"`tracker {' '.join(path)}\b", text), f"tracker {' '.join(path)} is missing"
        for option in (param for param in command.params if isinstance(param, click.Option)):
            assert f"`{option.opts[0]}" in text or f" {option.opts[0]}" in text, f"{path} {option.opts[0]} is missing"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_command_or_option_that_is_not_there(page: Path) -> None:
    real = dict(commands(main))
    for line in re.findall(r"(?:`|\.venv/bin/)tracker ((?:[a-z]+ ?)+[^`\n]*)", page.read_text()):
        words = line.split()
        path = next((path for path in real if tuple(words[: len(path)]) == path), None)
        assert path, f"tracker {line}"
        known = {opt for param in real[path].params for opt in param.opts}
        assert set(re.findall(r"(?<=\s)--[a-z-]+", line)) <= known, f"tracker {line}"


def test_the_examples_set_what_there_is_to_set_and_call_what_there_is_to_call() -> None:
    settings = {name.strip("`") for name, *_ in rows(DOCS / "install.md", "Settings")}
    words = {" ".join(path) for path, _ in commands(main)}
    for example in (ROOT / "examples").iterdir():
        text = example.read_text()
        assert f"examples/{example.name}" in "".join(page.read_text() for page in PAGES), example.name
        own = {"PATH", "PYTHONUNBUFFERED"}
        assert set(re.findall(r"^(?:ENV|#  )? +([A-Z_]+)=", text, re.MULTILINE)) <= settings | own, example.name
        for line in re.findall(r"bin/tracker ((?:[a-z]+ ?)+)", text):
            assert any(f"{line} ".startswith(f"{known} ") for known in words), line


def test_the_nginx_of_the_example_needs_no_word_that_one_version_lacks_and_another_warns_of() -> None:
    lines = (ROOT / "examples/nginx.conf").read_text().splitlines()
    said = [line.partition("#")[0].strip() for line in lines]
    # "http2 on" is unknown before 1.25.1, and "http2" behind listen is deprecated since.
    assert [line for line in said if "http2" in line] == []
    assert "listen 443 ssl;" in said


def test_the_container_has_everything_that_the_collector_reads() -> None:
    copied = set(
        re.findall(r"^COPY (?:--from=\S+ )?(.*) \S+$", (ROOT / "examples/Containerfile").read_text(), re.MULTILINE)
    )
    names = {name for line in copied for name in line.split()}
    assert {
        "app.py",
        "gunicorn.conf.py",
        "migrations",
        "pyproject.toml",
        "snippet_templates",
        "static",
        "tracker",
    } <= names
    assert all((ROOT / name).exists() for name in names if not name.startswith("/"))


def served(app: Flask) -> set[tuple[str, str]]:
    """Return (blueprint, route) of everything that is served."""
    return {
        (rule.endpoint.partition(".")[0], f"{method} {rule.rule}")
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
    }


def test_the_api_page_has_exactly_the_routes_that_are_served(app: Flask) -> None:
    elsewhere = {blueprint.name for blueprint in (*CONSOLE, *API)} | {"assets"}
    routes = {route for name, route in served(app) if name not in elsewhere}
    written = {route.strip("`") for route, *_ in rows(DOCS / "api.md", "Routes")}
    implied = {f"OPTIONS {route.split()[1]}" for route in written if route.startswith("GET ")}
    assert routes - implied == written


def test_the_admin_apis_page_has_exactly_the_routes_that_are_served(app: Flask) -> None:
    names = {blueprint.name for blueprint in API}
    routes = {route for name, route in served(app) if name in names and not route.startswith("OPTIONS ")}
    tables = (rows(DOCS / "admin-api.md", heading) for heading in ("Addresses", "Tools made for Tracardi"))
    assert routes == {route.strip("`") for table in tables for route, *_ in table}


def test_every_reason_to_refuse_a_hand_over_is_explained() -> None:
    tree = ast.parse(Path(linking.__file__).read_text())
    docstrings = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
    }
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    reasons = {text for text in texts - docstrings if re.match(r"[A-Z][a-z ].*\.$", text)}
    assert {row[0] for row in rows(DOCS / "cross-domain.md", "What a refused hand-over says")} == reasons


def test_the_readme_prints_the_promise_word_for_word() -> None:
    assert PROMISE in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_every_link_within_the_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, target


def test_make_help_names_every_target_that_the_pages_name() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        assert set(re.findall(r"(?:`|^)make ([a-z]+)", page.read_text(), re.MULTILINE)) <= targets, page.name


@pytest.mark.parametrize(
    ("args", "kept"),
    [
        ("", ""),
        ("a=1&b=2", "a=1&b=2"),
        ("__tr_pid=p&__tr_src=s&__tr_pass=x.y-z", ""),
        ("a=1&__tr_pid=p&__tr_src=s", "a=1"),
        ("a=1&b=2&__tr_pid=p", "a=1&b=2"),
        ("not__tr_pid=1", "not__tr_pid=1"),
    ],
)
def test_the_cache_recipe_for_nginx_leaves_out_our_parameters_alone(args: str, kept: str) -> None:
    ((_, recipe),) = blocks(DOCS / "cross-domain.md", "nginx")
    rules = re.findall(r'^\s+"~(.*?)"\s+(\S+);$', recipe, re.MULTILINE)
    assert [value for _, value in rules] == ['""', "$before"]
    # nginx takes the first rule that matches; a named group is written with a P in Python.
    found = [re.search(rule.replace("(?<", "(?P<"), args) for rule, _ in rules]
    assert ("" if found[0] else found[1]["before"] if found[1] else args) == kept
