"""Nothing lost and nothing twice: a collector that is away or slow, tabs that close, crash and come in twos."""

from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Error, Page

from browser.visiting import KEPT, SHOP, bought, known, settled, visit
from browser.web import Web, until

OUTBOXES = "Object.keys(localStorage).filter((name) => name.startsWith('tracardi-outbox')).length"


def started(page: Page) -> Page:
    """Wait until the tracker runs, whether the collector answers or not."""
    page.wait_for_function("window.tracker && tracker.version")
    return page


def track(page: Page, *names: str) -> None:
    """Track events without waiting for the answers, and wait until they are written down."""
    for name in names:
        page.evaluate(f"void tracker.track('bought', {{ name: {name!r} }})")
        page.wait_for_function(f"JSON.stringify(localStorage).includes({name!r})")


@pytest.mark.case("server down, then up")
@pytest.mark.parametrize("fault", ["down", "busy"])
def test_events_of_an_outage_arrive_once_when_the_collector_is_back(web: Web, page: Page, fault: str) -> None:
    shop = web.site("shop.test")
    web.collector_is(fault)  # type: ignore[arg-type]
    page.goto(SHOP)
    track(started(page), "teapot", "mug")
    until(lambda: web.asked("collect.test", "/track"), "an attempt")
    assert web.stored(shop) == []
    web.collector_is("none")
    profile = known(settled(page))
    assert bought(web, shop) == {"teapot": 1, "mug": 1}
    assert len(web.stored(shop, "page-view")) == 1
    assert web.profiles(shop) == {profile}


@pytest.mark.case("server down, then up")
def test_a_page_works_as_before_while_everything_of_the_collector_is_away(web: Web, page: Page) -> None:
    web.site("shop.test", "early-calls.html")
    web.site("blog.test")
    page.route("http://collect.test/**", lambda route: route.abort())
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.goto(SHOP)
    assert page.inner_text("h1") == "Calls before the tracker is there"
    assert page.evaluate("tracker.decorate('http://blog.test/')") == "http://blog.test/"
    assert page.evaluate("tracker.profileId()") is None
    assert problems == []


@pytest.mark.case("tab closed with events queued, visitor back later")
def test_what_a_closed_tab_could_not_send_is_sent_by_the_next_visit(web: Web, context: BrowserContext) -> None:
    shop = web.site("shop.test")
    profile = known(visit(context, SHOP))
    web.collector_is("down")
    tab = context.new_page()
    tab.goto(SHOP)
    track(started(tab), "teapot", "mug", "bowl")
    tab.close()
    for other in context.pages:
        other.close()
    assert bought(web, shop) == {}
    web.collector_is("none")
    back = settled(visit(context, SHOP))
    until(lambda: len(bought(web, shop)) == 3)
    settled(back)
    assert bought(web, shop) == {"teapot": 1, "mug": 1, "bowl": 1}
    assert known(back) == profile
    assert web.profiles(shop) == {profile}
    assert back.evaluate(OUTBOXES) == 0


@pytest.mark.case("tab closed with events queued, visitor back later")
def test_a_site_without_https_and_so_without_web_locks_loses_nothing_either(web: Web, context: BrowserContext) -> None:
    site = web.site("plain.test")
    web.collector_is("down")
    tab = context.new_page()
    tab.goto("http://plain.test/")
    track(started(tab), "teapot", "mug")
    assert tab.evaluate("navigator.locks === undefined")
    tab.close()
    web.collector_is("none")
    back = settled(visit(context, "http://plain.test/"))
    assert bought(web, site) == {"teapot": 1, "mug": 1}
    assert web.profiles(site) == {known(back)}


@pytest.mark.case("two tabs in an outage, one killed, both reopened")
def test_two_tabs_of_an_outage_of_which_one_is_killed_lose_nothing_and_send_nothing_twice(
    web: Web, context: BrowserContext
) -> None:
    shop = web.site("shop.test")
    first, second = visit(context, SHOP), visit(context, SHOP)
    web.collector_is("down")
    track(first, "one", "two", "three")
    track(second, "four", "five", "six")
    with pytest.raises(Error):
        first.goto("chrome://crash")
    first.close()
    second.close()
    web.collector_is("none")
    tabs = [visit(context, SHOP), visit(context, SHOP)]
    until(lambda: len(bought(web, shop)) == 6)
    for tab in tabs:
        settled(tab)
    assert bought(web, shop) == dict.fromkeys(("one", "two", "three", "four", "five", "six"), 1)
    assert len(web.profiles(shop)) == 1


@pytest.mark.case("two tabs opened at once on a first visit")
def test_two_tabs_opened_at_once_on_a_first_visit_are_one_visitor(web: Web, context: BrowserContext) -> None:
    shop = web.site("shop.test")
    web.show("wiki.test")
    opener = context.new_page()
    opener.goto("http://wiki.test/")
    web.collector_is("slow")
    with context.expect_page() as first:
        opener.evaluate(f"[1, 2].forEach((n) => window.open({SHOP!r} + n, '_blank', 'noopener'))")
    until(lambda: len(context.pages) == 3 or opener.evaluate("0"), "both tabs")
    tabs = [tab for tab in context.pages if tab is not opener]
    assert first.value in tabs
    assert len({known(tab) for tab in tabs}) == 1
    assert len(web.events(shop, at_least=2)) == 2
    assert len(web.profiles(shop)) == 1
    assert len({event["session"] for event in web.stored(shop)}) == 1


@pytest.mark.case("track, then navigate / close / reload")
@pytest.mark.parametrize("way", ["navigate", "close", "reload"])
def test_what_is_tracked_just_before_leaving_arrives_five_times_out_of_five(
    web: Web, visitor: Callable[[], BrowserContext], way: str
) -> None:
    shop = web.site("shop.test", "tracking.html")
    web.show("wiki.test")
    web.collector_is("slow")
    for trial in "12345":
        # Each time somebody else, so that no later visit brings what an earlier one has lost.
        tab = visitor().new_page()
        tab.goto(f"{SHOP}#{trial}", wait_until="commit")
        started(tab).click(f"#{way}", no_wait_after=True)
        if way == "close":
            tab.close()
    found = web.events(shop, "bought", at_least=5)
    assert Counter(event["properties"]["n"] for event in found) == Counter(f"#{trial}" for trial in "12345")
    assert len(web.profiles(shop)) == 5


@pytest.mark.case("storage forbidden")
def test_a_page_without_storage_still_tells_what_happens(web: Web, page: Page) -> None:
    # A sandboxed document has an origin of its own, with neither cookies nor storage.
    shop = web.site(
        "shop.test", "early-calls.html", headers={"Content-Security-Policy": "sandbox allow-scripts"}, origins=[]
    )
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.goto(SHOP)
    profile = known(page)
    with pytest.raises(Error, match="sandboxed"):
        page.evaluate(KEPT)
    page.evaluate("tracker.track('bought', { n: 2 })")
    events = web.events(shop, at_least=4)
    assert {event["type"] for event in events} == {"page-view", "early", "purchase-order", "bought"}
    assert {event["profile"] for event in events} == {profile}
    assert len({event["session"] for event in events}) == 1
    assert problems == []


@pytest.mark.case("storage forbidden")
def test_a_page_whose_storage_is_full_still_tells_what_happens(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "early-calls.html")
    web.show("shop.test")
    page.goto(SHOP)
    page.evaluate(
        "for (let size = 2 ** 22; size >= 1; size /= 2) try { for (let n = 0; ; n++) "
        "localStorage['full' + size + n] = 'x'.repeat(size); } catch (full) {}"
    )
    web.site("shop.test", "early-calls.html")
    shop = web.site("shop.test", "early-calls.html")
    page.reload()
    profile = known(page)
    assert {event["profile"] for event in web.events(shop, at_least=3)} == {profile}


@pytest.mark.case("cookies forbidden")
def test_a_page_without_cookies_keeps_its_visitor_and_one_session_a_page(
    web: Web, context: BrowserContext, page: Page
) -> None:
    shop = web.site("shop.test")
    context.new_cdp_session(page).send("Emulation.setDocumentCookieDisabled", {"disabled": True})
    page.goto(SHOP)
    profile = known(page)
    assert page.evaluate("document.cookie") == ""
    page.evaluate("tracker.track('bought', { n: 2 })")
    events = web.events(shop, at_least=2)
    assert {event["profile"] for event in events} == {profile}
    assert len({event["session"] for event in events}) == 1
    page.reload()
    assert known(page) == profile
    web.events(shop, at_least=3)
    assert web.profiles(shop) == {profile}


@pytest.mark.case("server down, then up")
def test_an_event_that_the_collector_refuses_is_reported_and_costs_its_neighbours_nothing(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "refused.html")
    page.goto(SHOP)
    page.wait_for_function("troubles.length")
    profile = known(settled(page))
    assert page.evaluate("troubles") == [[422, 1]]
    assert {event["type"] for event in web.events(shop, at_least=3)} == {"page-view", "before", "after"}
    assert web.profiles(shop) == {profile}
