"""Arriving with a profile in the link: what nobody else sees, and which links hand over nothing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from browser.visiting import BLOG, BOTH_MODES, SHOP, arrived, known, settled, two_sites, visit
from browser.web import SECRET_KEY, Web
from tracker.ingest.fresh import system_clock
from tracker.ingest.passes import PassOffice

MINUTE = 60_000_000


def followed(web: Web) -> str:
    """Return the decorated address with which a visitor came to the blog."""
    return "http://blog.test" + next(one.target for one in web.asked("blog.test") if "__tr_pid" in one.target)


@pytest.mark.case("copied link in a second browser context")
@BOTH_MODES
@pytest.mark.parametrize("newcomer", [True, False], ids=["a newcomer", "somebody known there"])
def test_a_copied_link_links_nobody_and_disturbs_nobody(
    web: Web, visitor: Callable[[], BrowserContext], newcomer: bool
) -> None:
    shop, blog = two_sites(web)
    first, second = visitor(), visitor()
    own = None if newcomer else known(visit(second, BLOG))
    tab = visit(first, SHOP)
    profile = known(tab)
    tab.click("#go")
    settled(arrived(tab, BLOG))
    other = settled(visit(second, followed(web)))
    assert other.url == BLOG
    assert known(other) != profile
    assert own in (None, known(other))
    assert web.answers("blog.test")[-1]["warnings"]
    tab.reload()
    assert known(settled(arrived(tab, BLOG))) == profile
    assert web.profiles(shop) == {profile}
    assert web.profiles(blog) == {profile, known(other)}
    assert web.profile(profile)["ids"] == [profile]
    assert web.profile(known(other))["ids"] == [known(other)]


@pytest.mark.case("copied link in a second browser context")
def test_a_copied_link_that_nobody_followed_yet_merges_nobody_who_is_known(
    web: Web, visitor: Callable[[], BrowserContext]
) -> None:
    two_sites(web)
    tab, other = visit(visitor(), SHOP), visit(visitor(), BLOG)
    link = tab.evaluate("tracker.decorate('http://blog.test/')")
    assert "__tr_pass=" in link
    own = known(other)
    other.goto(link)
    assert known(settled(arrived(other, BLOG))) == own != known(tab)
    assert web.profile(own)["ids"] == [own]


@pytest.mark.case("expired pass")
def test_an_expired_pass_hands_over_nothing(web: Web, page: Page) -> None:
    shop, blog = two_sites(web)
    page.goto(SHOP)
    profile = known(page)
    token = PassOffice([SECRET_KEY], lambda: system_clock() - 11 * MINUTE).issue(profile, shop)
    page.evaluate(f"location.href = {f'{BLOG}?__tr_pid={profile}&__tr_src={shop}&__tr_pass={token}'!r}")
    here = known(settled(arrived(page, BLOG)))
    assert here != profile
    assert page.url == BLOG
    assert web.answers("blog.test")[-1]["warnings"] == ["The link pass has expired."]
    assert web.profiles(blog) == {here}
    assert web.spent_passes(blog) == 0


@pytest.mark.case("expired pass")
def test_a_pass_of_nine_minutes_still_hands_over(web: Web, page: Page) -> None:
    shop, blog = two_sites(web)
    page.goto(SHOP)
    profile = known(page)
    token = PassOffice([SECRET_KEY], lambda: system_clock() - 9 * MINUTE).issue(profile, shop)
    page.evaluate(f"location.href = {f'{BLOG}?__tr_pid={profile}&__tr_src={shop}&__tr_pass={token}'!r}")
    assert known(settled(arrived(page, BLOG))) == profile
    assert web.spent_passes(blog) == 1


@pytest.mark.case("link parameters are gone before other scripts run")
@BOTH_MODES
def test_the_parameters_are_gone_before_another_script_reads_the_address(web: Web, page: Page) -> None:
    web.site("shop.test", "leaving.html", links=["blog.test"])
    web.site("blog.test", "landing.html")
    page.goto(SHOP)
    profile = known(page)
    length = page.evaluate("history.length")
    page.click("#exact")
    url = f"{BLOG}article?colour=red&size=10%25#part-2"
    assert known(settled(arrived(page, f"{BLOG}article"))) == profile
    assert page.evaluate("seen") == {"href": url, "address": url, "length": length + 1, "state": None}
    assert page.evaluate("late") == url
    assert page.evaluate("history.length") == length + 1


@pytest.mark.case("link parameters are gone before other scripts run")
def test_the_page_s_own_history_state_is_kept(web: Web, page: Page) -> None:
    web.show("blog.test")
    page.goto(BLOG)
    page.evaluate("history.replaceState({ scroll: 7 }, '', '/?a=1&__tr_pid=p&__tr_src=s&b=2#c')")
    web.site("blog.test", "landing.html")
    page.reload()
    known(page)
    assert page.evaluate("seen") == {
        "href": f"{BLOG}?a=1&b=2#c",
        "address": f"{BLOG}?a=1&b=2#c",
        "length": page.evaluate("history.length"),
        "state": {"scroll": 7},
    }


@pytest.mark.case("no link parameter in what is stored or asked for")
@BOTH_MODES
def test_neither_the_database_nor_a_log_holds_a_link_parameter(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "leaving.html", links=["blog.test"])
    blog = web.site("blog.test", "landing.html")
    web.show("wiki.test")
    page.goto(SHOP)
    known(page)
    page.click("#exact")
    known(settled(arrived(page, f"{BLOG}article")))
    page.evaluate("done")
    page.goto(f"{BLOG}next")
    known(settled(page))
    stored = web.rows(shop, blog)
    assert len(stored) == 5
    assert "__tr_" not in repr(stored)
    # The blog's own server is told in the address of the landing page itself. Its browser starts to fetch what the
    # page names before any script runs, so those requests say where they come from; whatever else is asked for, by
    # the page or of anybody else, knows nothing.
    early = {"/landing.css", "/landing.js"}
    landing, *others = [one for one in web.asked("blog.test") if one.path not in early]
    assert "__tr_pid" in landing.target
    assert {"/icon.svg", "/next"} <= {one.path for one in others}
    others += web.asked("wiki.test") + web.asked("collect.test")
    assert {"http://blog.test/", "http://shop.test/"} <= {one.referer for one in others}
    assert [one for one in others if "__tr_" in one.target + one.referer] == []
    assert "__tr_" not in web.collector_log.read_text()


@pytest.mark.case("passSession keeps one visit")
@BOTH_MODES
@pytest.mark.parametrize(("passed", "visits"), [(True, 1), (False, 2)])
def test_a_visit_that_crosses_domains_is_one_visit_where_the_session_is_passed(
    web: Web, page: Page, passed: bool, visits: int
) -> None:
    shop, blog = two_sites(web, passSession=passed)
    page.goto(SHOP)
    profile = known(page)
    page.click("#go")
    assert known(settled(arrived(page, BLOG))) == profile
    page.goto(f"{BLOG}next")
    known(settled(page))
    web.events(blog, at_least=2)
    assert web.profile(profile)["visits"] == visits
    assert len({event["session"] for event in web.stored(shop) + web.stored(blog)}) == visits


@pytest.mark.case("data-tracardi-no-link")
@pytest.mark.parametrize("link", ["#one", "#around", "#search"])
def test_a_link_that_wants_to_be_left_alone_is(web: Web, page: Page, link: str) -> None:
    two_sites(web, "no-link.html")
    page.goto(SHOP)
    profile = known(page)
    page.click(link)
    page.wait_for_url("http://blog.test/**")
    assert known(page) != profile
    assert [one.target for one in web.asked("blog.test") if "__tr_" in one.target] == []


@pytest.mark.case("debug reasons")
def test_debug_says_why_a_link_was_decorated_or_not(web: Web, page: Page) -> None:
    two_sites(web)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{SHOP}?__tr_debug=1")
    known(page)
    assert page.url == SHOP
    for url in (BLOG, "http://notblog.test/", f"{SHOP}other", "mailto:somebody@blog.test"):
        page.evaluate(f"tracker.decorate({url!r})")
    page.evaluate("tracker.debug(false)")
    page.evaluate("tracker.decorate('http://quiet.test/')")
    links = [line.removeprefix("[tracker] link ").strip() for line in said if line.startswith("[tracker] link ")]
    assert links == [
        BLOG,
        "http://notblog.test/ not owned",
        f"{SHOP}other own host",
        "mailto:somebody@blog.test no web link",
    ]
    assert any(line.startswith("[tracker] answer") for line in said)


@pytest.mark.case("debug reasons")
def test_debug_says_why_a_landing_was_refused(web: Web, page: Page) -> None:
    shop, _ = two_sites(web)
    page.goto(SHOP)
    profile = known(page)
    page.add_init_script("window.said = []; console.log = (...words) => { window.said.push(JSON.stringify(words)); };")
    page.evaluate(f"location.href = {f'{BLOG}?__tr_pid={profile}&__tr_src={shop}&__tr_pass=x&__tr_debug=1'!r}")
    page.wait_for_function("window.said && said.join().includes('The link pass is not valid.')")
    assert page.url == BLOG
