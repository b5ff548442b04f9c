"""From one domain to the other: nobody known there, somebody known there, and links that carry nothing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from browser.visiting import BLOG, BOTH_MODES, KEPT, SHOP, arrived, known, settled, two_sites, visit
from browser.web import Web


@pytest.mark.case("two domains, no profile there yet")
@BOTH_MODES
def test_a_visitor_who_is_new_on_the_other_domain_keeps_the_profile(web: Web, page: Page) -> None:
    shop, blog = two_sites(web)
    page.goto(SHOP)
    profile = known(page)
    page.click("#go")
    assert known(arrived(page, BLOG)) == profile
    assert page.url == BLOG
    assert page.evaluate(KEPT) == profile
    assert [event["profile"] for event in web.events(blog)] == [profile]
    assert web.profiles(shop, blog) == {profile}
    assert web.profile(profile)["ids"] == [profile]


@pytest.mark.case("two domains, both have one")
@BOTH_MODES
def test_a_visitor_known_on_both_domains_becomes_one_who_answers_to_both_ids(
    web: Web, context: BrowserContext, page: Page
) -> None:
    shop, blog = two_sites(web)
    on_blog = known(visit(context, BLOG))
    page.goto(SHOP)
    on_shop = known(page)
    assert on_shop != on_blog
    page.click("#go")
    settled(arrived(page, BLOG))
    web.events(blog, at_least=2)
    assert web.profile(on_blog)["id"] == web.profile(on_shop)["id"] == on_shop
    assert set(web.profile(on_shop)["ids"]) == {on_shop, on_blog}
    assert web.profiles(shop, blog) == {on_shop}
    assert len(web.merges(on_shop)) == 1
    page.wait_for_function(f"{KEPT} == {on_shop!r}")
    # The blog's visit went on under the profile that stays.
    page.goto(f"{BLOG}again")
    assert known(page) == on_shop


@pytest.mark.case("two domains, both have one")
def test_people_who_share_a_link_but_not_a_browser_stay_two(web: Web, visitor: Callable[[], BrowserContext]) -> None:
    shop, blog = two_sites(web)
    first, second = visit(visitor(), SHOP), visit(visitor(), SHOP)
    for tab in (first, second):
        tab.click("#go")
        settled(arrived(tab, BLOG))
    assert known(first) != known(second)
    assert web.profiles(shop, blog) == {known(first), known(second)}


@pytest.mark.case("look-alike host")
@pytest.mark.parametrize(
    ("link", "url"), [("#alike", "http://notblog.test/"), ("#alike-too", "http://blog.test.evil.test/")]
)
def test_a_host_that_only_looks_like_an_owned_one_gets_nothing(web: Web, page: Page, link: str, url: str) -> None:
    two_sites(web)
    other = web.site(url.split("/")[2])
    page.goto(SHOP)
    profile = known(page)
    page.click(link)
    assert known(arrived(page, url)) != profile
    assert [asked.target for asked in web.asked(url.split("/")[2]) if asked.path == "/"] == ["/"]
    assert profile not in web.profiles(other)


@pytest.mark.case("look-alike host")
def test_a_link_within_the_own_host_gets_nothing_and_a_host_below_an_owned_one_gets_the_profile(
    web: Web, page: Page
) -> None:
    two_sites(web)
    web.site("news.blog.test")
    page.goto(SHOP)
    profile = known(page)
    page.click("#own")
    settled(arrived(page, f"{SHOP}other"))
    assert [asked.target for asked in web.asked("shop.test", "/other")] == ["/other"]
    page.click("#below")
    assert known(arrived(page, "http://news.blog.test/")) == profile


@pytest.mark.case("fragment and existing query")
@BOTH_MODES
def test_fragment_and_query_of_a_link_survive_the_way(web: Web, page: Page) -> None:
    _, blog = two_sites(web)
    page.goto(SHOP)
    profile = known(page)
    page.click("#exact")
    assert known(arrived(page, f"{BLOG}article")) == profile
    assert page.url == f"{BLOG}article?colour=red&size=10%25#part-2"
    (asked,) = web.asked("blog.test", "/article")
    assert asked.target.startswith("/article?colour=red&size=10%25&__tr_pid=")
    (event,) = web.events(blog)
    assert event["context"]["page"]["url"] == page.url


@pytest.mark.case("fragment and existing query")
def test_a_link_can_carry_the_profile_in_its_fragment(web: Web, page: Page) -> None:
    two_sites(web, linkPosition="hash")
    page.goto(SHOP)
    profile = known(page)
    page.click("#exact")
    assert known(arrived(page, f"{BLOG}article")) == profile
    assert page.url == f"{BLOG}article?colour=red&size=10%25#part-2"
    assert [asked.target for asked in web.asked("blog.test", "/article")] == ["/article?colour=red&size=10%25"]
