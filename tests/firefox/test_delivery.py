"""Delivery in Firefox: nothing lost and nothing twice, also in an outage, and nothing broken without storage."""

from collections.abc import Callable
from typing import Any

import pytest
from browser.visiting import KEPT, bought
from browser.web import Web, until

from firefox.bidi import Tab, Visitor
from firefox.visiting import SHOP, arrived, at_shop, known, settled


def shop_page(web: Web) -> str:
    return web.site("shop.test", trackBots=True)


def track(tab: Tab, *names: str) -> None:
    """Track events without waiting for the answers, and wait until they are written down."""
    for name in names:
        tab.evaluate(f"void tracker.track('bought', {{ name: '{name}' }})")
        tab.wait_for(f"JSON.stringify(localStorage).includes('{name}')")


def test_a_page_view_is_one_request_and_the_answer_is_kept(web: Web, visitor: Visitor) -> None:
    shop = shop_page(web)
    tab, profile = at_shop(visitor)
    (event,) = web.events(shop)
    assert (event["type"], event["profile"]) == ("page-view", profile)
    assert event["context"]["page"]["url"] == SHOP
    assert tab.evaluate(KEPT) == profile
    assert tab.evaluate("document.cookie") == f"tracardi-session-id={event['session']}"
    assert len(web.asked("collect.test", "/track")) == 1


@pytest.mark.parametrize("fault", ["down", "busy"])
def test_events_of_an_outage_arrive_once_when_the_collector_is_back(web: Web, visitor: Visitor, fault: str) -> None:
    shop = shop_page(web)
    web.collector_is(fault)  # type: ignore[arg-type]
    tab = arrived(visitor.open(SHOP), SHOP)
    track(tab, "teapot", "mug")
    until(lambda: web.asked("collect.test", "/track"), "an attempt")
    assert web.stored(shop) == []
    web.collector_is("none")
    profile = known(settled(tab))
    assert bought(web, shop) == {"teapot": 1, "mug": 1}
    assert len(web.stored(shop, "page-view")) == 1
    assert web.profiles(shop) == {profile}


def test_what_a_closed_tab_could_not_send_is_sent_by_the_next_visit(web: Web, visitor: Visitor) -> None:
    shop = shop_page(web)
    first, profile = at_shop(visitor)
    web.collector_is("down")
    tab = arrived(visitor.open(SHOP), SHOP)
    track(tab, "teapot", "mug", "bowl")
    tab.close()
    first.close()
    assert bought(web, shop) == {}
    web.collector_is("none")
    back = settled(visitor.open(SHOP))
    assert bought(web, shop) == {"teapot": 1, "mug": 1, "bowl": 1}
    assert known(back) == profile
    assert web.profiles(shop) == {profile}


def test_a_site_without_https_and_so_without_web_locks_loses_nothing_either(web: Web, visitor: Visitor) -> None:
    site = web.site("plain.test", trackBots=True)
    web.collector_is("down")
    tab = arrived(visitor.open("http://plain.test/"), "http://plain.test/")
    assert tab.evaluate("navigator.locks === undefined")
    track(tab, "teapot", "mug")
    tab.close()
    web.collector_is("none")
    # What a dying tab could not let go of, and no lock keeps, is taken over after half a minute.
    back = settled(visitor.open("http://plain.test/", seconds_later=31))
    assert bought(web, site) == {"teapot": 1, "mug": 1}
    assert web.profiles(site) == {known(back)}


@pytest.mark.parametrize("way", ["navigate", "close", "reload"])
def test_what_is_tracked_just_before_leaving_is_stored_once_by_the_next_page_at_the_latest(
    web: Web, visitor: Visitor, way: str
) -> None:
    shop = shop_page(web)
    web.show("wiki.test")
    profile = known(visitor.open(SHOP))
    web.collector_is("slow")
    for trial in "12345":
        tab = arrived(visitor.open(SHOP), SHOP)
        tab.evaluate(f"void tracker.track('bought', {{ name: '{trial}' }})")
        match way:
            case "navigate":
                tab.goto("http://wiki.test/")
            case "close":
                tab.close()
            case _:
                tab.evaluate("void location.reload()")
    web.collector_is("none")
    settled(visitor.open(SHOP))
    assert bought(web, shop) == dict.fromkeys("12345", 1)
    assert web.profiles(shop) == {profile}


@pytest.mark.parametrize(
    "preferences",
    [{"dom.storage.enabled": False}, {"network.cookie.cookieBehavior": 2}],
    ids=["storage", "storage and cookies"],
)
def test_where_storage_is_forbidden_events_arrive_and_the_page_works(
    web: Web, start_firefox: Callable[..., Any], preferences: dict[str, Any]
) -> None:
    shop = shop_page(web)
    with start_firefox(preferences) as strict:
        tab = arrived(Visitor(strict).open(SHOP), SHOP)
        assert tab.evaluate("(() => { try { return !window.localStorage } catch (refused) { return true } })()")
        profile = known(tab)
        tab.evaluate("tracker.track('bought', { name: 'teapot' })")
        assert bought(web, shop) == {"teapot": 1}
        assert web.profiles(shop) == {profile}
        assert tab.evaluate("document.querySelector('h1').textContent") == "A page"
