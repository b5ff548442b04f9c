"""What a visit is called in the console's lists."""

import pytest

from tracker.core.visit_names import Agent, about, device_of, is_driven

PAGE = {"page": {"url": "https://shop.example/a"}}
DEVICES = [
    ("", "unknown"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Mobile/15E148 Safari/604.1", "mobile"),
    ("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/129.0.0.0 Mobile Safari/537.36", "mobile"),
    ("Mozilla/5.0 (Linux; Android 13; SM-X710) AppleWebKit/537.36 Chrome/129.0.0.0 Safari/537.36", "tablet"),
    ("Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) AppleWebKit/605 Mobile/15E148 Safari/604.1", "tablet"),
    ("Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/538.1 Safari/538.1", "tv"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/129.0.0.0 Safari/537.36", "desktop"),
]


@pytest.mark.parametrize(("header", "device"), DEVICES)
def test_a_device_is_told_by_its_header(header, device) -> None:
    assert device_of(header) == device


def visit(context=PAGE, touchpoint=None, device=None, *, bot=False):
    return about("shop", context, touchpoint or {}, device or {}, lambda header: Agent(bot, "Firefox", "Linux"))


def test_a_visit_is_named_by_device_browser_system_and_country() -> None:
    told = visit(device={"user_agent": DEVICES[1][0], "country": "DE"})
    assert told.names == {"device": "mobile", "browser": "Firefox", "system": "Linux", "country": "DE"}
    assert visit(device={"user_agent": 7, "country": ["DE"]}).names["device"] == "unknown"


ARRIVALS = [
    ({}, {}),
    ({"referrer": "search.example"}, {"referrer": "search.example"}),
    ({"referrer": "shop.example"}, {}),
    ({"origin": "news", "medium": "mail", "campaign": "spring"}, {"campaign": "news / mail / spring"}),
    ({"campaign": "spring", "gclid": "abc"}, {"campaign": "spring"}),
    ({"gclid": "abc"}, {"campaign": "gclid"}),
]


@pytest.mark.parametrize(("touchpoint", "arrival"), ARRIVALS)
def test_an_arrival_is_named_by_referrer_and_campaign(touchpoint, arrival) -> None:
    assert visit(touchpoint=touchpoint).arrival == arrival


def test_without_a_page_any_referrer_is_one() -> None:
    assert visit({}, {"referrer": "shop.example"}).arrival == {"referrer": "shop.example"}


DRIVEN = [
    ({}, False),
    ({"browser": "Firefox"}, False),
    ({"browser": {"webdriver": True}}, True),
    ({"browser": {"webdriver": "yes"}}, False),
    ({"browser": {"local": {"webdriver": True}}}, True),
    ({"browser": {"local": {"browser": {"webdriver": True}}}}, True),
    ({"browser": {"local": {"browser": {"userAgent": "x"}}}}, False),
    ({"browser": {"local": {"browser": "x"}}}, False),
]


@pytest.mark.parametrize(("context", "driven"), DRIVEN)
def test_a_browser_that_says_it_is_driven_is_a_robot(context, driven) -> None:
    assert is_driven(context) is driven
    assert visit(context).bot is driven


def test_a_header_of_a_robot_makes_a_robot() -> None:
    assert visit(bot=True).bot is True
