"""Pages that are shown without being loaded: single-page sites and the back/forward cache."""

import pytest
from playwright.sync_api import Page

from browser.visiting import BLOG, SHOP, arrived, known, settled, two_sites
from browser.web import Web


def viewed(web: Web, source_id: str, at_least: int = 1) -> list[tuple[str, str]]:
    """Return path and title of each page view."""
    events = web.events(source_id, "page-view", at_least)
    return [(event["context"]["page"]["path"], event["context"]["page"]["title"]) for event in events]


@pytest.mark.case("SPA navigation")
def test_each_page_of_a_single_page_site_is_a_page_view(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "spa.html", spa=True)
    page.goto(SHOP)
    known(settled(page))
    page.click("#teapot")
    assert viewed(web, shop, 2) == [("/", "Shelf"), ("/teapot", "Teapot")]
    page.click("#same")
    page.click("#part")
    settled(page)
    page.evaluate("history.go(-3)")
    page.wait_for_url(SHOP)
    assert viewed(web, shop, 3) == [("/", "Shelf"), ("/teapot", "Teapot"), ("/", "Teapot")]
    assert len({event["session"] for event in web.stored(shop)}) == 1


@pytest.mark.case("SPA navigation")
def test_a_site_that_does_not_ask_for_it_gets_one_page_view(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "spa.html")
    page.goto(SHOP)
    known(settled(page))
    page.click("#teapot")
    page.evaluate("tracker.track('last')")
    web.events(shop, "last")
    assert viewed(web, shop) == [("/", "Shelf")]


@pytest.mark.case("SPA navigation")
def test_the_fragment_is_a_page_where_the_site_says_so(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "spa.html", spa="hash")
    page.goto(SHOP)
    known(settled(page))
    page.click("#part")
    hashes = [event["context"]["page"]["hash"] for event in web.events(shop, "page-view", at_least=2)]
    assert hashes == ["", "#part"]


@pytest.mark.case("back/forward cache")
def test_a_page_that_comes_back_from_the_cache_is_viewed_again_by_the_same_visitor(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "spa.html")
    page.goto(SHOP)
    profile = known(settled(page))
    page.click("#away")
    known(settled(arrived(page, f"{SHOP}page")))
    page.go_back(wait_until="commit")
    arrived(page, SHOP)
    page.wait_for_function("window.restored")
    assert [path for path, _ in viewed(web, shop, 3)] == ["/", "/page", "/"]
    page.evaluate("tracker.track('last')")
    web.events(shop, "last")
    assert web.profiles(shop) == {profile}
    settled(page)


@pytest.mark.case("back/forward cache")
def test_what_waits_while_a_page_is_in_the_cache_is_stored_once(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "spa.html")
    page.goto(SHOP)
    known(settled(page))
    web.collector_is("down")
    page.evaluate("void tracker.track('waits')")
    page.click("#away")
    arrived(page, f"{SHOP}page")
    web.collector_is("none")
    page.go_back(wait_until="commit")
    arrived(page, SHOP)
    page.wait_for_function("window.restored")
    settled(page)
    assert len(web.events(shop, "waits")) == 1


@pytest.mark.case("back/forward cache")
def test_a_restored_page_passes_the_profile_on(web: Web, page: Page) -> None:
    two_sites(web)
    page.goto(SHOP)
    profile = known(page)
    page.click("#go")
    known(settled(arrived(page, BLOG)))
    page.go_back(wait_until="commit")
    arrived(page, SHOP)
    page.click("#go")
    assert known(settled(arrived(page, BLOG))) == profile
    assert [one.target[:12] for one in web.asked("blog.test", "/")] == ["/?__tr_pid=" + profile[0]] * 2
