"""``make demo`` as a person uses it: two domains, one visitor, in a real browser."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
# A browser that is driven says so, and the tracker leaves those alone; this one is here in a person's place.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-blink-features=AutomationControlled"]


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """The address of the running demo's shop; stopped as a person stops it."""
    command = [sys.executable, ROOT / "demo" / "serve.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            found = re.search(r"http://shop\S+", running.stdout.readline())
            assert found
            folder = re.search(r"DATA_DIR=(\S+)", running.stdout.readline())
            yield found[0]
        finally:
            running.send_signal(signal.SIGINT)
            try:
                running.wait(timeout=30)
            except subprocess.TimeoutExpired:
                # Its pipe would be waited for without an end.
                running.terminate()
                raise
    assert running.returncode == 0
    assert folder
    assert not Path(folder[1]).exists()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    made = context.new_page()
    made.set_default_timeout(30_000)
    yield made
    context.close()


def known(page: Page) -> str:
    """The profile id that the page shows, once the collector has answered."""
    page.wait_for_selector("#journey:not([aria-busy])")
    return page.inner_text("#profile")


def test_a_click_to_the_other_domain_keeps_the_profile_and_shows_its_journey(demo: str, page: Page) -> None:
    page.goto(demo)
    there = known(page)
    page.click("nav a:has-text('Journal')")
    page.wait_for_url("http://blog.localhost:*/")
    assert known(page) == there
    assert "over to blog.localhost, same profile" in page.inner_text("#steps")
    assert "__tr_" not in page.url
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_a_visitor_known_on_both_domains_becomes_one_with_two_ids(demo: str, page: Page) -> None:
    page.goto(demo.replace("shop.", "blog."))
    on_blog = known(page)
    page.goto(demo)
    on_shop = known(page)
    assert on_blog != on_shop
    page.click("nav a:has-text('Journal')")
    page.wait_for_url("http://blog.localhost:*/")
    page.wait_for_function("document.getElementById('aliases').textContent.length > 9")
    assert {known(page), page.inner_text("#aliases")} == {on_blog, on_shop}
