"""Who a User-Agent header says it is: browser and system by ua-parser, bots by crawler-user-agents and bot_names.py."""

import re
from collections.abc import Callable
from functools import cache, lru_cache

from tracker.core.tally import LONGEST_NAME
from tracker.core.visit_names import Agent, Describe
from tracker.ingest.bot_names import ANYWHERE, APPS, AT_THE_START, CALLS_ITSELF_ONE

_REMEMBERED = 10_000
_SAYS_NOTHING = "unknown"


@cache
def agent_reader() -> Describe:
    """Return the function that reads a header; what it needs is loaded once, which takes a few tenths of a second."""
    from crawleruseragents import is_crawler  # type: ignore[import-untyped]
    from ua_parser import Parser
    from ua_parser.loaders import load_lazy_builtins
    from ua_parser.regex import Resolver

    browsers, systems, _ = load_lazy_builtins()
    # Which phone it is nobody asks, and compiling the patterns for that takes four times as long as all others.
    parser = Parser(Resolver((browsers, systems, [])))
    is_bot = _bot_reader(is_crawler)

    @lru_cache(maxsize=_REMEMBERED)
    def read(header: str) -> Agent:
        if not header:
            return Agent(False, _SAYS_NOTHING, _SAYS_NOTHING)
        browser, system = parser.parse_user_agent(header), parser.parse_os(header)
        return Agent(
            is_bot(header),
            browser.family[:LONGEST_NAME] if browser else _SAYS_NOTHING,
            system.family[:LONGEST_NAME] if system else _SAYS_NOTHING,
        )

    is_bot("")
    return read


def _bot_reader(is_crawler: Callable[[str], bool]) -> Callable[[str], bool]:
    """Return the function that tells whether a header is a bot's."""
    start, named, apps = (
        re.compile(pattern, re.IGNORECASE) for pattern in ("|".join(AT_THE_START), CALLS_ITSELF_ONE, APPS)
    )

    def is_bot(header: str) -> bool:
        small = header.lower()
        if start.match(header) or named.search(header) or any(text in small for text in ANYWHERE):
            return True
        # A browser inside an app is a browser: what fetches previews for the app does not say Mobile/ or wv.
        inside = header.startswith("Mozilla/5.0 (") and ("Mobile/" in header or " Mobile " in header)
        return is_crawler(apps.sub("", header) if inside else header)

    return is_bot


def describe(header: str) -> Agent:
    """Return who a User-Agent header says it is."""
    return agent_reader()(header)
