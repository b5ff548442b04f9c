"""The whole way of a new owner in a browser: from the printed link to one person who crosses two of their domains."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from ports import free_port

from browser.entering import HOME, PASSWORD
from browser.visiting import BLOG, SHOP, arrived, known, settled
from browser.web import Web, collector, until
from tracker.store.engine import connect


@pytest.fixture
def fresh(web: Web, migrated_sqlite: Path, tmp_path: Path) -> Iterator[Web]:
    """A collector that nobody has been to yet, behind the same page server; its invariants hold at the end."""
    database_url = f"sqlite:///{shutil.copyfile(migrated_sqlite, tmp_path / 'handoff.db')}"
    port, usual, engine = free_port(), web.pages.collector_port, connect(database_url)
    with collector(port, tmp_path, database_url) as log:
        web.pages.collector_port = port
        yield (fresh := Web(web.pages, engine, log))
        assert fresh.broken() == {}
    web.pages.collector_port = usual
    engine.dispose()


def printed_link(log: Path) -> str:
    """Return the link that the collector printed when it started."""
    found = until(lambda: re.search(r"^ +(http\S+/setup\?token=\S+)$", log.read_text(), re.MULTILINE), "the link")
    return found[1]


def built(owner: Page, name: str, origin: str, links: str) -> tuple[str, str]:
    """Make a source in the builder; returns its id and the snippet that its page offers."""
    owner.get_by_label("Name", exact=True).fill(name)
    owner.get_by_label("Origins that may send").fill(origin)
    owner.get_by_label("Domains that links carry the profile to").fill(links)
    owner.get_by_role("button", name="Make the source").first.click()
    owner.get_by_role("heading", name="Waiting for your first event").wait_for()
    owner.get_by_text("listening", exact=True).wait_for()
    return owner.url.partition("id=")[2], owner.locator("#snippet-stub").inner_text()


def test_a_new_owner_sees_one_visitor_cross_from_one_domain_to_the_other(
    fresh: Web, context: BrowserContext, visitor: Callable[[], BrowserContext]
) -> None:
    owner, visit = context.new_page(), visitor().new_page()
    menu = owner.get_by_role("navigation", name="Console")
    owner.goto(printed_link(fresh.collector_log))
    owner.get_by_label("Name").fill("Anna")
    owner.get_by_label("Password").fill(PASSWORD)
    owner.get_by_role("button", name="Begin").click()
    owner.get_by_role("link", name="Make the first source").click()
    shop, snippet = built(owner, "My shop", "http://shop.test", "blog.test")
    fresh.show("shop.test", "leaving.html", snippet)
    visit.goto(SHOP)
    owner.get_by_role("heading", name="The first event has arrived").wait_for()
    # Watched live: what is there, and what comes while one looks.
    menu.get_by_role("link", name="Live").click()
    owner.get_by_text("listening", exact=True).wait_for()
    happenings = owner.locator("#stream > li")
    expect(happenings).to_have_count(1)
    visit.reload()
    happenings.nth(1).wait_for()
    happenings.first.get_by_role("link", name="page-view").click()
    owner.locator("main").get_by_role("link", name=known(visit)).click()
    owner.get_by_role("heading", name=f"Visitor {known(visit)[:8]}").wait_for()
    expect(owner.locator(".handoff")).to_have_count(0)
    # The second domain, to which the visitor goes by a link of the first.
    menu.get_by_role("link", name="Sources").click()
    owner.get_by_role("link", name="New source").click()
    blog, snippet = built(owner, "My blog", "http://blog.test", "")
    fresh.show("blog.test", snippet=snippet)
    profile = known(settled(visit))
    visit.click("#go")
    assert known(settled(arrived(visit, BLOG))) == profile
    assert visit.url == BLOG
    owner.get_by_role("heading", name="The first event has arrived").wait_for()
    assert fresh.profiles(shop, blog) == {profile}
    # One person, whose journey says so.
    menu.get_by_role("link", name="People").click()
    owner.get_by_role("link", name=f"Visitor {profile[:8]}").click()
    expect(owner.locator(".journey > li").first).to_contain_text("came from shop.test")
    expect(owner.locator(".leg")).to_contain_text(["My blog", "My shop"])
    # The numbers follow within a few seconds, and the page shows those of the moment when it was asked for.
    until(lambda: owner.goto(HOME) and owner.locator("#flow-table tbody tr").count(), "the flow to be counted")
    expect(owner.locator("#flow-table tbody tr > *")).to_have_text(["My shop", "My blog", "1", "0"])
    expect(owner.locator("[data-chart=sankey] canvas")).to_be_visible()
