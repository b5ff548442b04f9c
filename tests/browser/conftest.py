"""One browser, one collector and one page server for the whole package; sites and a browser profile for each test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from ports import free_port

from browser.entering import without_users
from browser.pageserver import PageServer
from browser.web import Web, collector
from tracker.store.engine import connect, transaction

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
# Sites that matter here are served by https in real life, and Chromium gives Web Locks to those only.
SECURE = ("shop", "blog", "news.blog", "notblog", "blog.test.evil", "wiki")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A browser that is driven says so, and the tracker leaves those alone; this one is here in a person's place.
    "--disable-blink-features=AutomationControlled",
    f"--unsafely-treat-insecure-origin-as-secure={','.join(f'http://{name}.test' for name in SECURE)}",
)
PATIENCE_MS = 20_000


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "case(name): the case of tests/browser/test_case_list.py that a test proves")


@pytest.fixture(scope="package")
def running(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The collector on a migrated database of its own, and the pages in front of it."""
    folder = tmp_path_factory.mktemp("collector")
    database_url = f"sqlite:///{shutil.copyfile(migrated_sqlite, folder / 'handoff.db')}"
    port = free_port()
    engine = connect(database_url)
    pages = PageServer(port)
    try:
        with collector(port, folder, database_url) as log:
            yield Web(pages, engine, log)
    finally:
        pages.stop()
        engine.dispose()


@pytest.fixture(params=["signed"])
def referrals(request: pytest.FixtureRequest) -> str:
    """How the test's sources pass profiles on: ``signed``, unless the test parametrises this (indirectly) itself."""
    return str(request.param)


@pytest.fixture
def web(running: Web, referrals: str) -> Iterator[Web]:
    """The web of one test: no sites yet, nothing wrong on the way; at its end every invariant of the store holds."""
    running.pages.sites.clear()
    running.pages.log.clear()
    running.pages.answers.clear()
    running.referrals = referrals
    running.collector_is("none")
    yield running
    running.collector_is("none")
    # pytest shows this where the test has failed.
    for line in running.story():
        print(line)  # noqa: T201
    assert running.broken() == {}


@pytest.fixture
def console(web: Web) -> Iterator[Web]:
    """The collector without the users of other tests."""
    transaction(web.engine, without_users)
    yield web
    transaction(web.engine, without_users)


@pytest.fixture(scope="package")
def browser(running: Web) -> Iterator[Browser]:
    """Chromium, which finds every ``.test`` domain at the page server."""
    arguments = [*ARGUMENTS, f"--host-resolver-rules=MAP *.test 127.0.0.1:{running.pages.port}"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=arguments, ignore_default_args=["--disable-back-forward-cache"]
        )
        yield started
        started.close()


@pytest.fixture
def visitor(browser: Browser, web: Web) -> Iterator[Callable[[], BrowserContext]]:
    """Make a visitor: a browser profile with nothing in it. Each call is another person."""
    contexts: list[BrowserContext] = []

    def make() -> BrowserContext:
        context = browser.new_context(viewport={"width": 800, "height": 600})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def context(visitor: Callable[[], BrowserContext]) -> BrowserContext:
    """The browser profile of the test's one visitor."""
    return visitor()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """The one tab of that visitor."""
    return context.new_page()
