"""What a visitor does in these tests, and what a page says of itself."""

import re
from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from browser.web import Web

BOTH_MODES = pytest.mark.parametrize("referrals", ["signed", "plain"], indirect=True)
SHOP, BLOG = "http://shop.test/", "http://blog.test/"
KEPT = "localStorage.getItem('tracardi-profile-id')"
KNOWN = "window.tracker && tracker.version && tracker.profileId()"
EMPTY = "!Object.keys(localStorage).some((name) => name.startsWith('tracardi-outbox'))"
STORED = "Object.keys(localStorage).filter((name) => name.startsWith('tracardi')).concat(document.cookie || [])"


def two_sites(web: Web, page: str = "leaving.html", **options: Any) -> tuple[str, str]:
    """Open a shop that links to a blog, and that blog; returns the ids of their sources."""
    # The collector reads its sources all at once: when it knows the blog, it knows the shop.
    shop = web.site("shop.test", page, links=["blog.test"], awaited=False, **options)
    return shop, web.site("blog.test", **options)


def bought(web: Web, source_id: str) -> Counter[str]:
    """Return how often each bought thing is stored."""
    return Counter(event["properties"]["name"] for event in web.stored(source_id, "bought"))


def known(page: Page) -> str:
    """Return the id that the visitor has on this page, once the collector has given one."""
    return str(page.wait_for_function(KNOWN).json_value())


def arrived(page: Page, url: str) -> Page:
    """Wait until a tab shows a page, whatever its query and fragment, and the tracker runs there."""
    # A page that comes from the back/forward cache is not loaded again, so there is no load to wait for.
    page.wait_for_url(lambda at: re.split("[?#]", at)[0] == url, wait_until="commit")
    page.wait_for_function("window.tracker && tracker.version")
    return page


def settled(page: Page) -> Page:
    """Wait until nothing is left in the outbox of any tab of this site."""
    page.wait_for_function(EMPTY)
    return page


def visit(context: BrowserContext, url: str) -> Page:
    """Open a URL in a new tab as by hand, and wait until the visitor is known there."""
    tab = context.new_page()
    tab.goto(url)
    known(tab)
    return tab
