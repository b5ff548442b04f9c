"""Who a User-Agent header says it is."""

import re
import time
from pathlib import Path

import pytest

from tracker.core.visit_names import Agent
from tracker.ingest.agents import describe
from tracker.ingest.bot_names import ANYWHERE, AT_THE_START

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


CASES = Path(__file__).parents[1] / "cases"
BROWSERS = (CASES / "browsers.txt").read_text().splitlines()
PROGRAMS = (CASES / "bots.txt").read_text().splitlines()
ONE_AT_A_TIME = [*((pattern, True) for pattern in AT_THE_START), *((re.escape(text), False) for text in ANYWHERE)]


@pytest.mark.parametrize("header", PROGRAMS)
def test_a_program_is_told_from_visitors(header: str) -> None:
    assert describe(header).bot


@pytest.mark.parametrize("header", BROWSERS)
def test_a_browser_or_an_app_that_people_use_is_no_bot(header: str) -> None:
    assert not describe(header).bot


@pytest.mark.parametrize(("pattern", "at_the_start"), ONE_AT_A_TIME)
def test_every_name_of_the_list_finds_a_program(pattern: str, at_the_start: bool) -> None:
    look = re.compile(pattern, re.IGNORECASE)
    assert any((look.match if at_the_start else look.search)(header) for header in PROGRAMS)


def test_no_header_takes_long_to_read() -> None:
    slow = ("a" * 1024, "link-" * 200, "Mozilla/5.0 (" * 78, "bot" * 341, " mobile whatsapp" * 64)
    started = time.process_time()
    for number in range(20):
        for header in slow:
            describe(f"{number}{header}")
    assert time.process_time() - started < 100 * 0.02
