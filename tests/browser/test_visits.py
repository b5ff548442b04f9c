"""A visitor on one domain: the first visit, the second one, and what is kept in between."""

import pytest
from playwright.sync_api import BrowserContext, Page

from browser.visiting import KEPT, SHOP, known, settled, visit
from browser.web import Web


@pytest.mark.case("first visit and second visit")
def test_a_first_visit_makes_a_profile_and_one_request(web: Web, page: Page) -> None:
    shop = web.site("shop.test")
    page.goto(SHOP)
    profile = known(page)
    (event,) = web.events(shop)
    assert (event["type"], event["profile"]) == ("page-view", profile)
    assert event["context"]["page"]["url"] == SHOP
    assert page.evaluate(KEPT) == profile
    assert page.evaluate("document.cookie") == f"tracardi-session-id={event['session']}"
    assert len(web.asked("collect.test", "/track")) == 1


@pytest.mark.case("first visit and second visit")
def test_a_second_page_continues_the_visit_and_a_later_visit_the_profile(web: Web, context: BrowserContext) -> None:
    shop = web.site("shop.test")
    first = visit(context, SHOP)
    profile = known(first)
    first.close()
    assert known(visit(context, SHOP)) == profile
    assert len({event["session"] for event in web.events(shop, at_least=2)}) == 1
    # Half an hour later the cookie is gone.
    context.clear_cookies()
    settled(visit(context, SHOP))
    events = web.events(shop, at_least=3)
    assert {event["profile"] for event in events} == {profile}
    assert web.profile(profile)["visits"] == len({event["session"] for event in events}) == 2


@pytest.mark.case("first visit and second visit")
def test_calls_made_before_the_tracker_is_there_leave_with_the_page_view(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "early-calls.html")
    page.goto(SHOP)
    known(page)
    events = web.events(shop, at_least=3)
    assert {event["type"] for event in events} == {"page-view", "early", "purchase-order"}
    assert [event["properties"] for event in events if event["type"] == "purchase-order"] == [{"price": 13.45}]
    assert page.wait_for_function("window.answered").json_value() == known(page)
    assert len(web.asked("collect.test", "/track")) == 1
