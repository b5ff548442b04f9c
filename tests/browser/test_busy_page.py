"""5 000 links and 2 000 changes a second. The exact figures are the bench's; these are wide bounds."""

import statistics

import pytest
from playwright.sync_api import BrowserContext, Page

from browser.visiting import SHOP, known
from browser.web import Web

TRIGGERS = [
    {"tag": "added", "trigger": name, "data": {"event": "added-seen"}} for name in ("onVisible", "onAppear", "onClick")
]


def busy(web: Web, page: Page) -> float:
    """Open the busy page and start the tracker there; returns the milliseconds that the start took."""
    web.site(
        "shop.test",
        "busy.html",
        links=["blog.test"],
        auto={"events": [["page-view", {}]], "triggers": [{**one, "once": True} for one in TRIGGERS]},
        spa=True,
        trackOutboundLinks=False,
    )
    page.goto(SHOP)
    took = float(page.evaluate("start()"))
    known(page)
    return took


@pytest.mark.case("5 000 links")
def test_the_start_on_a_busy_page_takes_little_of_the_main_thread(web: Web, context: BrowserContext) -> None:
    # Others use this machine too; the quickest of a few starts is the one that they disturbed least.
    assert min(busy(web, context.new_page()) for _ in range(3)) <= 50


@pytest.mark.case("5 000 links")
def test_a_click_on_a_busy_page_is_not_held_up(web: Web, page: Page) -> None:
    busy(web, page)
    page.evaluate("clicks(50)")
    assert statistics.median(page.evaluate("clicks(200)")) <= 2


@pytest.mark.case("5 000 links")
def test_a_busy_page_has_no_long_task(web: Web, page: Page) -> None:
    busy(web, page)
    for _ in range(5):
        began = page.evaluate("[performance.now(), changes]")
        page.wait_for_function(f"changes > {began[1]} + 1500")
        long = [took for at, took in page.evaluate("long") if at >= began[0]]
        if not long:
            break
    assert long == []
