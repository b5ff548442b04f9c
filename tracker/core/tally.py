"""Counting visitors, visits and events: from the facts of a journal to what the console's numbers grow by.

A visitor is a profile as it was when the event came, and a visit is a session; each counts once an hour and once a day,
in UTC, for its source and for all sources together. What a robot does is counted apart and makes no visitor.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from tracker.core.model import Json, Micros
from tracker.core.page_names import page_name
from tracker.core.times import SECOND

HOUR: Micros = 3600 * SECOND
EVERYWHERE = ""
NEVER = -1
LONGEST_NAME = 200
# A letter takes up to twelve in a URL, and two spellings of one page must not be cut at two places of its name.
_LONGEST_URL = 16 + 12 * LONGEST_NAME
NAMES = ("page", "event", "referrer", "campaign", "device", "browser", "system", "country")
"""What is counted by name; pages and events by how often, the others by visits."""

EVENTS, VISITS, VISITORS, BOTS = range(4)


class Fact(NamedTuple):
    """What one request brought: the type of each event, and the page of those that are page views."""

    at: Micros
    source: str
    profile: str | None
    session: str
    events: list[tuple[str, str | None]]


class HandOver(NamedTuple):
    """A visitor who came by a link from one source to another."""

    at: Micros
    origin: str
    landing: str
    outcome: str


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a visit: where it began, whether a robot makes it, and its names (``device``: ``mobile`` …)."""

    source: str = ""
    bot: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    arrival: Mapping[str, str] = field(default_factory=dict)
    """How the visit came to the source where it began, and to none of the others it went on to."""


NOTHING_KNOWN = About(names={"device": "unknown", "browser": "unknown", "system": "unknown"})


class Visit(NamedTuple):
    """The hour in which a visit was counted the last time."""

    hour: int
    bot: bool


class Seen(NamedTuple):
    """The hour in which a visitor was counted the last time, and the day before that one's."""

    hour: int
    before: int


@dataclass(slots=True)
class Tally:
    """What there is to add, and what to remember of visits and visitors so that each is counted once."""

    visits: dict[tuple[str, str], Visit] = field(default_factory=dict)
    """(session, scope), those that were known before included."""
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    """(profile, scope), those that were known before included."""
    moved_visits: set[tuple[str, str]] = field(default_factory=set)
    moved_visitors: set[tuple[str, str]] = field(default_factory=set)
    totals: dict[tuple[str, int, int], list[int]] = field(default_factory=dict)
    """(scope, hours, hour or day) → events, visits, visitors, events of robots."""
    returns: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    """(scope, day, day of the time before) → visitors."""
    names: Counter[tuple[str, str, int, str]] = field(default_factory=Counter)
    """(scope, what, day, name) → how often."""
    flow: Counter[tuple[int, str, str, str]] = field(default_factory=Counter)
    """(day, origin, landing, outcome) → how often."""

    def total(self, scope: str, hours: int, at: int) -> list[int]:
        """Return the counts of an hour or a day, to be added to."""
        return self.totals.setdefault((scope, hours, at), [0, 0, 0, 0])


def count(
    facts: Iterable[Fact],
    flow: Iterable[HandOver],
    visits: dict[tuple[str, str], Visit],
    seen: dict[tuple[str, str], Seen],
    about: Mapping[str, About],
    since: Mapping[str, int] = MappingProxyType({}),
) -> Tally:
    """Return what these facts add up to, on top of the visits and visitors that were counted before.

    ``about`` holds the sessions that are not known to have been counted on the day of a fact. Who was here before the
    day that ``since`` has for a scope is known, though not all of it is among the facts.
    """
    tally = Tally(visits, seen)
    # Most events differ in their page alone, so they are added up before they are given names and scopes.
    events: Counter[tuple[str, int, bool]] = Counter()
    kinds: Counter[tuple[str, int, str]] = Counter()
    pages: Counter[tuple[str, int, str]] = Counter()
    for at, source, profile, session, brought in sorted(facts, key=itemgetter(0)):
        hour = at // HOUR
        visit = visits.get((session, source))
        if visit is None or visit.hour != hour:
            visit = _count_visit(tally, session, source, hour, about)
        events[source, hour, visit.bot] += len(brought)
        if visit.bot:
            continue
        day = hour // 24
        for kind, page in brought:
            kinds[source, day, kind] += 1
            if page:
                pages[source, day, page] += 1
        last = seen.get((profile or "", source))
        if profile is not None and (last is None or last.hour != hour):
            for scope in (source, EVERYWHERE):
                if day >= since.get(scope, 0):
                    _count_visitor(tally, profile, scope, hour)
    _spread(tally, events, kinds, pages)
    tally.flow.update((one.at // HOUR // 24, one.origin, one.landing, one.outcome) for one in flow)
    return tally


def _spread(
    tally: Tally,
    events: Mapping[tuple[str, int, bool], int],
    kinds: Mapping[tuple[str, int, str], int],
    pages: Mapping[tuple[str, int, str], int],
) -> None:
    """Add up what was counted by source, for the source and for all of them."""
    for (source, hour, bot), times in events.items():
        for scope in (source, EVERYWHERE):
            for total in (tally.total(scope, 1, hour), tally.total(scope, 24, hour // 24)):
                total[BOTS if bot else EVENTS] += times
    for (source, day, kind), times in kinds.items():
        for scope in (source, EVERYWHERE):
            tally.names[scope, "event", day, kind] += times
    for (source, day, page), times in pages.items():
        name = page_name(page)[:LONGEST_NAME]
        for scope in (source, EVERYWHERE):
            tally.names[scope, "page", day, name] += times


def _count_visit(tally: Tally, session: str, source: str, hour: int, about: Mapping[str, About]) -> Visit:
    """Count a visit for its hour, and for its day where it is new there; returns it as it was counted."""
    told = about.get(session, NOTHING_KNOWN)
    known = tally.visits.get((session, source))
    bot = known.bot if known is not None and known.hour // 24 >= hour // 24 else told.bot
    for scope in (source, EVERYWHERE):
        last = tally.visits.get((session, scope))
        if last is not None and last.hour >= hour:
            continue
        tally.visits[session, scope] = Visit(hour, bot)
        tally.moved_visits.add((session, scope))
        if bot:
            continue
        tally.total(scope, 1, hour)[VISITS] += 1
        if last is None or last.hour // 24 < hour // 24:
            tally.total(scope, 24, hour // 24)[VISITS] += 1
            arrival = told.arrival if scope in (told.source, EVERYWHERE) else {}
            for what, name in (*told.names.items(), *arrival.items()):
                tally.names[scope, what, hour // 24, name] += 1
    return Visit(hour, bot)


def _count_visitor(tally: Tally, profile: str, scope: str, hour: int) -> None:
    """Count a visitor for its hour, and for its day where it is new there."""
    day, last = hour // 24, tally.seen.get((profile, scope))
    last_day = NEVER if last is None else last.hour // 24
    if last is not None and day < last_day:
        _count_late(tally, profile, scope, day, last)
    elif last is None or hour > last.hour:
        tally.total(scope, 1, hour)[VISITORS] += 1
        before = last.before if last is not None and last_day == day else last_day
        if last_day != day:
            tally.total(scope, 24, day)[VISITORS] += 1
            tally.returns[scope, day, before] += 1
        tally.seen[profile, scope] = Seen(hour, before)
        tally.moved_visitors.add((profile, scope))


def _count_late(tally: Tally, profile: str, scope: str, day: int, last: Seen) -> None:
    """Count a visitor of the day before who is told of after midnight, when the new day was counted already."""
    if day <= last.before:
        return
    last_day = last.hour // 24
    tally.total(scope, 24, day)[VISITORS] += 1
    tally.returns[scope, last_day, last.before] -= 1
    tally.returns[scope, last_day, day] += 1
    tally.returns[scope, day, last.before] += 1
    tally.seen[profile, scope] = Seen(last.hour, day)
    tally.moved_visitors.add((profile, scope))


def page_of(context: Json) -> str | None:
    """Return the URL of the page that an event's or a payload's context names, without its query; None for none."""
    page: Any = context.get("page")
    url = page.get("url") if isinstance(page, dict) else page
    return url.partition("?")[0][:_LONGEST_URL] if isinstance(url, str) and url else None
