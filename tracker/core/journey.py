"""The way a person took: what happened, put together by visit and site, and where they were handed over from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from tracker.core.identity_keys import IDENTIFYING
from tracker.core.linking import domains_of, host_of, owned
from tracker.core.model import Json, Micros, Source
from tracker.core.page_names import page_name


@dataclass(frozen=True, slots=True)
class Happening:
    """A stored event, as a journey needs it."""

    id: str
    type: str
    source_id: str
    session_id: str
    at: Micros
    properties: Json
    context: Json

    @property
    def url(self) -> str:
        page = self.context.get("page")
        found = page.get("url") if isinstance(page, Mapping) else page
        return found if isinstance(found, str) else ""

    @property
    def page(self) -> str:
        """The page as lists name it, the same for every spelling; empty where the event has none."""
        return page_name(self.url)


@dataclass(frozen=True, slots=True)
class Joining:
    """A merge that is in force: two profiles were found to be one person, by a link or by signing in."""

    at: Micros
    reason: str
    referral: Json


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of one visit on one site, the oldest event first; ``came_from`` names the site that handed over."""

    session_id: str
    source_id: str
    events: tuple[Happening, ...]
    came_from: str | None = None
    joins: tuple[Joining, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around the events: sources, the referring host of each session, when each site was first seen."""

    sources: Mapping[str, Source]
    referrers: Mapping[str, str]
    first_seen: Mapping[str, Micros]
    joins: Sequence[Joining] = ()


def visits(events: Iterable[Happening], around: Surroundings) -> list[list[Leg]]:
    """Return visits, the oldest first, each as its legs; ``events`` come the oldest first.

    Two tabs take turns, so a visit's events are gathered before they are split where the site changes.
    """
    by_session: dict[str, list[Happening]] = {}
    for event in events:
        by_session.setdefault(event.session_id, []).append(event)
    return [_legs(session_id, found, around) for session_id, found in by_session.items()]


def _legs(session_id: str, events: Sequence[Happening], around: Surroundings) -> list[Leg]:
    legs: list[Leg] = []
    for source_id, group in groupby(events, key=lambda event: event.source_id):
        leg = Leg(session_id, source_id, tuple(group))
        leg = replace(leg, joins=tuple(join for join in around.joins if _within(join, leg)))
        legs.append(replace(leg, came_from=_came_from(leg, legs, around)))
    return legs


def _within(join: Joining, leg: Leg) -> bool:
    landed = join.referral.get("landing_source", leg.source_id) == leg.source_id
    return landed and leg.events[0].at <= join.at <= leg.events[-1].at


def _came_from(leg: Leg, before: Sequence[Leg], around: Surroundings) -> str | None:
    """Return the host or name of the site that this person was handed over from, or None where nobody was."""
    for join in leg.joins:
        if join.reason == "referral":
            return _text(join.referral.get("referrer")) or _name(join.referral.get("source"), around)
    if _is_backend(leg.source_id, around):
        return None
    walked = [earlier for earlier in before if not _is_backend(earlier.source_id, around)]
    if walked:
        last = walked[-1]
        gone_on = last.source_id != leg.source_id
        return host_of(last.events[-1].url) or _name(last.source_id, around) if gone_on else None
    referrer = around.referrers.get(leg.session_id)
    if referrer:
        return referrer if _been_on_site_of(referrer, leg, around) else None
    return _latest_other(leg, around)


def _is_backend(source_id: str, around: Surroundings) -> bool:
    source = around.sources.get(source_id)
    return source is not None and source.kind == "server"


def _been_on_site_of(referrer: str, leg: Leg, around: Surroundings) -> bool:
    """Return True where the referring host is another site of the owner's, and this person had been there."""
    own = around.sources.get(leg.source_id)
    if own is not None and owned(referrer, domains_of(own)):
        return False
    return any(
        owned(referrer, domains_of(source)) and around.first_seen.get(source.id, leg.events[0].at) < leg.events[0].at
        for source in around.sources.values()
        if source.id != leg.source_id
    )


def _latest_other(leg: Leg, around: Surroundings) -> str | None:
    """Return the site this person came to know last before this one, where this is its first visit here.

    A profile gets to another site by a hand-over or by signing in; a browser that hides where it came from changes
    nothing about that.
    """
    begun = leg.events[0].at
    signed_in = leg.joins or any(event.type in IDENTIFYING for event in leg.events)
    if signed_in or around.first_seen.get(leg.source_id, begun) < begun:
        return None
    sites = ((at, site) for site, at in around.first_seen.items() if at < begun and not _is_backend(site, around))
    earlier = max(sites, default=None)
    return _name(earlier[1], around) if earlier else None


def _name(source_id: Any, around: Surroundings) -> str | None:
    source = around.sources.get(source_id)
    return source.name if source else _text(source_id)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
