"""Who a User-Agent header says it is: browser and system by ua-parser, robots by the list of crawler-user-agents."""

from functools import cache, lru_cache

from tracker.core.tally import LONGEST_NAME
from tracker.core.visit_names import Agent, Describe

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

    @lru_cache(maxsize=_REMEMBERED)
    def read(header: str) -> Agent:
        if not header:
            return Agent(False, _SAYS_NOTHING, _SAYS_NOTHING)
        browser, system = parser.parse_user_agent(header), parser.parse_os(header)
        return Agent(
            is_crawler(header),
            browser.family[:LONGEST_NAME] if browser else _SAYS_NOTHING,
            system.family[:LONGEST_NAME] if system else _SAYS_NOTHING,
        )

    is_crawler("")
    return read


def describe(header: str) -> Agent:
    """Return who a User-Agent header says it is."""
    return agent_reader()(header)
