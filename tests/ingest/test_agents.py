"""Who a User-Agent header says it is."""

import pytest

from tracker.core.visit_names import Agent
from tracker.ingest.agents import describe

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    ("header", "who"),
    [
        (CHROME, (False, "Chrome", "Linux")),
        (PHONE, (False, "Mobile Safari", "iOS")),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", (False, "Firefox", "Linux")),
        ("", (False, "unknown", "unknown")),
        ("\x00 ü 東京", (False, "unknown", "unknown")),
    ],
)
def test_a_visitor_s_browser_and_system_are_named(header: str, who: tuple[bool, str, str]) -> None:
    assert describe(header) == Agent(*who)


@pytest.mark.parametrize(
    "header",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        f"{CHROME} (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        "curl/8.5.0",
    ],
)
def test_what_crawls_is_told_from_visitors(header: str) -> None:
    assert describe(header).bot
