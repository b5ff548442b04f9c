"""What a reader copies out of the pages is run, in their order, against a real collector."""

import functools
import http.server
import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docs.conftest import ROOT, Collector, blocks

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def matches(written: Any, given: Any) -> bool:
    """Return True where an answer is as a page shows it; "…" stands for any text."""
    if written == "…":
        return isinstance(given, str) and bool(given)
    if isinstance(written, dict):
        same = isinstance(given, dict) and list(written) == list(given)
        return same and all(matches(value, given[name]) for name, value in written.items())
    if isinstance(written, list):
        return isinstance(given, list) and len(written) == len(given) and all(map(matches, written, given))
    return bool(written == given)


@pytest.fixture
def page_of_the_reader(collector: Collector) -> Iterator[str]:
    """The folder that the README has the reader serve."""
    folder = collector.folder / "var" / "page"
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def first_event(collector: Collector) -> tuple[str, str]:
    """What the README's first two blocks print: the new source; the answer and the list of events."""
    source, event, _ = (text for _, text in blocks(ROOT / "README.md", "sh"))
    return collector.shell(source), collector.shell(event)


def stored(collector: Collector) -> list[dict[str, Any]]:
    lines = collector.tracker("event", "list", "--source", "my-shop", "--json").splitlines()
    return [json.loads(line) for line in lines]


def test_the_readme_leads_from_nothing_to_the_first_event(collector: Collector, first_event: tuple[str, str]) -> None:
    source, event = first_event
    assert "my-shop" in source
    assert event.startswith('{"task":')
    assert "purchase-order  order-1001" in event
    assert stored(collector)[0]["properties"] == {"product": "Sun glasses", "price": 13.45}


@pytest.mark.usefixtures("first_event")
def test_the_page_that_the_readme_makes_sends_its_event(collector: Collector, page_of_the_reader: str) -> None:
    collector.shell(blocks(ROOT / "README.md", "sh")[2][1])
    if CHROMIUM is None:
        pytest.skip("there is no Chromium to open the page with")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-blink-features=AutomationControlled"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        tab = browser.new_page()
        with tab.expect_response(lambda answer: answer.request.method == "POST") as answered:
            tab.goto(page_of_the_reader)
        assert answered.value.status == 200
        exchange = (answered.value.request.post_data, answered.value.text())
        browser.close()
    events = stored(collector)
    assert len(events) == 2, (exchange, events, collector.tracker("quarantine", "list"))
    order, view = events
    assert (view["type"], view["properties"]) == ("page-view", {"category": "glasses"})
    assert view["profile"] != order["profile"]


def test_the_examples_of_the_api_answer_as_they_are_shown(collector: Collector) -> None:
    printed = "{}"
    shown = 0
    for language, text in blocks(ROOT / "docs" / "api.md", "sh", "json"):
        if language == "sh":
            printed = collector.shell(text)
        else:
            shown += 1
            assert matches(json.loads(text), json.loads(printed)), f"{text}\nis shown, the answer is\n{printed}"
    assert shown >= 5


@pytest.mark.parametrize("page", ["snippet.md", "cross-domain.md"])
def test_the_commands_for_owners_of_pages_run(collector: Collector, page: str) -> None:
    for _, text in blocks(ROOT / "docs" / page, "sh"):
        assert collector.shell(text)


@pytest.mark.usefixtures("first_event")
def test_the_commands_for_operators_run_and_the_person_is_forgotten(collector: Collector) -> None:
    event = stored(collector)[0]
    person = collector.env | {"PROFILE": event["profile"], "SESSION": event["session"]}
    for _, text in blocks(ROOT / "docs" / "operating.md", "sh"):
        replace(collector, env=person).shell(text)
    assert event["id"] in (collector.folder / "visitor.jsonl").read_text()
    assert event["id"] not in {entry["id"] for entry in stored(collector)}
    assert "BROKEN" not in collector.tracker("db", "check")


def test_the_pages_on_copies_and_moving_lead_where_they_say(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    new = {"NEW_DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}", "DATA_DIR": str(tmp_path / "var")}
    reader = Collector("", env | new, tmp_path)
    reader.shell(".venv/bin/tracker db upgrade; .venv/bin/tracker source create --id my-shop --name 'My shop'")
    said = [reader.shell(text) for page in ("moving.md", "backup.md") for _, text in blocks(ROOT / "docs" / page, "sh")]
    assert "2 lines: 2 stored" in said[1]
    assert "2015-03-01T12:00:00.000Z" in said[1]
    assert "the copy was read and is whole" in said[2]
    assert "BROKEN" not in said[3]
    assert "nothing was written" in said[4]
    assert re.search(r"^ +2 event$", said[5], re.MULTILINE)
    moved = replace(reader, env=reader.env | {"DATABASE_URL": new["NEW_DATABASE_URL"]})
    assert [event["properties"] for event in stored(moved)] == [
        {"price": 13.45, "product": "Sun glasses"},
        {"price": 7.5, "product": "Lenses"},
    ]


def test_the_source_file_of_the_snippet_page_is_taken(collector: Collector) -> None:
    ((_, config),) = blocks(ROOT / "docs" / "snippet.md", "json")
    file = collector.folder / "my-site.json"
    file.write_text(config)
    collector.tracker("source", "create", "--id", "configured", "--name", "My site", "--config", str(file))
    made = [json.loads(line) for line in collector.tracker("source", "list", "--json").splitlines()]
    assert next(source["settings"] for source in made if source["id"] == "configured") == {"spa": True}
