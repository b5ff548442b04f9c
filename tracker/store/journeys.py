"""One person as the console shows them: who, and the way they took, a bounded piece at a time."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from tracker.core.devices import device_name
from tracker.core.identity_keys import shown_traits
from tracker.core.journey import Happening, Joining, Leg, Surroundings, visits
from tracker.core.merging import combined
from tracker.core.model import Json, Micros, Source
from tracker.store.one_of import one_of
from tracker.store.reports import live_id, merges
from tracker.store.tables import AliasRow, EventRow, IdentityRow, MergeRow, ProfileRow, SessionRow

EVENTS_A_PAGE = 200
COUNTED = 10_000
"""Up to here things are counted; beyond it the page says that there are more."""
MOST_IDS = 200
MOST_VISITS_ASKED = 1_000

Place = tuple[Micros, str, int]
"""Where in a person's history an event is: (received at, batch, position)."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is, from all the profiles that became one."""

    id: str
    ids: tuple[tuple[str, str], ...]
    """(id, the profile that it was given to first), the profile's own first; at most ``MOST_IDS``."""
    profiles: tuple[str, ...]
    identified: bool
    kinds: tuple[str, ...]
    traits: Json
    consents: Json
    created: Micros
    updated: Micros
    visits: int
    events: int
    devices: tuple[tuple[str, int], ...]
    merges: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A page of a journey: the visits, the latest first, and where the next page begins (None at the end)."""

    visits: tuple[tuple[Leg, ...], ...]
    further: Place | None
    devices: Mapping[str, str]


def person(conn: Connection, alias: str) -> Person | None:
    """Return the person whom an id names, or None."""
    profile_id = live_id(conn, alias)
    if profile_id is None:
        return None
    rows = _rows(conn, profile_id)
    own = next(row for row in rows if row.id == profile_id)
    family = tuple(row.id for row in rows)
    names = select(AliasRow.id, AliasRow.given_to).where(AliasRow.profile_id == profile_id)
    names = names.order_by(AliasRow.id != profile_id, AliasRow.given_to, AliasRow.id).limit(MOST_IDS)
    kinds = select(IdentityRow.kind).where(one_of(IdentityRow.profile_id, family)).distinct().order_by(IdentityRow.kind)
    return Person(
        id=profile_id,
        ids=tuple((row.id, row.given_to) for row in conn.execute(names)),
        profiles=family,
        identified=own.identified,
        kinds=tuple(conn.scalars(kinds)),
        traits=shown_traits((name, value) for name, (value, _) in combined(row.traits for row in rows).items()),
        consents={name: value for name, (value, _) in combined(row.consents for row in rows).items()},
        created=min(row.created for row in rows),
        updated=own.updated,
        visits=_counted(conn, select(SessionRow.id).where(one_of(SessionRow.profile_id, family))),
        events=_counted(conn, select(EventRow.id).where(one_of(EventRow.profile_id, family))),
        devices=_devices(conn, family),
        merges=tuple(merges(conn, profile_id)),
    )


def stretch(
    conn: Connection, someone: Person, sources: Mapping[str, Source], before: Place | None, most: int = EVENTS_A_PAGE
) -> Stretch:
    """Return the piece of a person's journey that ends before a place, or at its end."""
    newest = heapq.nlargest(most + 1, _events(conn, someone.profiles, before, most + 1), key=_place)
    shown = [_happening(row) for row in reversed(newest[:most])]
    sessions = _sessions(conn, {event.session_id for event in shown})
    around = Surroundings(
        sources=sources,
        referrers={row.id: row.touchpoint["referrer"] for row in sessions if row.touchpoint.get("referrer")},
        first_seen=_first_seen(conn, someone.profiles),
        joins=_joins(conn, someone.profiles, shown),
    )
    return Stretch(
        visits=tuple(tuple(legs) for legs in reversed(visits(shown, around))),
        further=_place(newest[most - 1]) if len(newest) > most else None,
        devices={row.id: device_name(row.device["user_agent"]) for row in sessions if row.device.get("user_agent")},
    )


def _rows(conn: Connection, profile_id: str) -> Sequence[Any]:
    mine = select(ProfileRow.__table__).join(AliasRow, AliasRow.id == ProfileRow.id)
    return conn.execute(mine.where(AliasRow.profile_id == profile_id).order_by(ProfileRow.created, ProfileRow.id)).all()


def _counted(conn: Connection, rows: Select[str]) -> int:
    return conn.scalar(select(func.count()).select_from(rows.limit(COUNTED + 1).subquery())) or 0


def _devices(conn: Connection, family: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Return (device, visits made with it), the most used first, as far as a bounded number of visits tells."""
    used: dict[str, int] = {}
    of_visits = select(SessionRow.device).where(one_of(SessionRow.profile_id, family)).limit(MOST_VISITS_ASKED)
    for device in conn.scalars(of_visits):
        if agent := device.get("user_agent"):
            used[device_name(agent)] = used.get(device_name(agent), 0) + 1
    return tuple(sorted(used.items(), key=lambda item: (-item[1], item[0])))


def _events(conn: Connection, family: Sequence[str], before: Place | None, most: int) -> Iterator[Any]:
    """Yield the newest events of each profile of a person: the index serves one profile at a time, in order."""
    for profile_id in family:
        yield from conn.execute(_newest(before, most).where(EventRow.profile_id == profile_id))
    # A session may have had events before it had a profile; they are its owner's too.
    owned = select(SessionRow.id).where(one_of(SessionRow.profile_id, family))
    without = and_(EventRow.profile_id.is_(None), EventRow.session_id.in_(owned))
    yield from conn.execute(_newest(before, most).where(without))


def _newest(before: Place | None, most: int) -> Select[Any]:
    query = select(EventRow.__table__)
    order = (EventRow.received_at, EventRow.batch, EventRow.position)
    if before is not None:
        at, batch, position = before
        same = and_(EventRow.batch == batch, EventRow.position < position)
        earlier = or_(EventRow.batch < batch, same)
        query = query.where(EventRow.received_at <= at, or_(EventRow.received_at < at, earlier))
    return query.order_by(*(column.desc() for column in order)).limit(most)


def _place(row: Any) -> Place:
    return row.received_at, row.batch, row.position


def _happening(row: Any) -> Happening:
    return Happening(row.id, row.type, row.source_id, row.session_id, row.received_at, row.properties, row.context)


def _sessions(conn: Connection, ids: set[str]) -> Sequence[Any]:
    columns = (SessionRow.id, SessionRow.touchpoint, SessionRow.device)
    return conn.execute(select(*columns).where(one_of(SessionRow.id, ids))).all()


def _first_seen(conn: Connection, family: Sequence[str]) -> dict[str, Micros]:
    first = select(SessionRow.source_id, func.min(SessionRow.created).label("at"))
    mine = first.where(one_of(SessionRow.profile_id, family)).group_by(SessionRow.source_id)
    return {row.source_id: row.at for row in conn.execute(mine)}


def _joins(conn: Connection, family: Sequence[str], shown: Sequence[Happening]) -> list[Joining]:
    """Return the merges in force that happened during these events."""
    if not shown:
        return []
    log = select(MergeRow.at, MergeRow.reason, MergeRow.referral).where(
        one_of(MergeRow.loser, family), MergeRow.undone_at.is_(None), MergeRow.at.between(shown[0].at, shown[-1].at)
    )
    return [Joining(row.at, row.reason, row.referral) for row in conn.execute(log.order_by(MergeRow.at, MergeRow.id))]
