"""Finding people: by any id, by what identifies them, by their traits, and whoever was here last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from tracker.core import trait_search
from tracker.core.identity_keys import shown_traits
from tracker.core.merging import combined
from tracker.core.model import Json, Micros
from tracker.core.times import iso
from tracker.store.one_of import one_of
from tracker.store.tables import AliasRow, EventKeyRow, EventRow, IdentityRow, ProfileRow, SessionRow, SourceRow
from tracker.store.traits import holders

MOST = 50
"""How many people one search shows."""
CANDIDATES = 500
"""How many profiles with a value are looked at for the trait that was named."""
LATEST_OF = 2_000
"""How many of the newest events are looked at for who was here last, however many there are."""


@dataclass(frozen=True, slots=True)
class Found:
    """A person in a list: what is known, and why or when they were found."""

    id: str
    traits: Json
    identified: bool
    created: Micros
    updated: Micros
    why: str = ""
    source_id: str = ""


def shown(person: Found) -> dict[str, Any]:
    """Return a person as the API lists them."""
    times = {"created": iso(person.created), "updated": iso(person.updated)}
    return {"id": person.id, "identified": person.identified, "traits": person.traits} | times


def find(conn: Connection, text: str, hashes: Sequence[tuple[str, str]]) -> list[Found]:
    """Return the people whom a text names; ``hashes`` are (kind, keyed hash) of what it may identify somebody by."""
    why: dict[str, str] = {}
    for reason, ids in _by_id(conn, text):
        _note(why, reason, ids)
    for kind, hashed in hashes:
        key = (IdentityRow.kind == kind, IdentityRow.hash == hashed)
        _note(why, kind.replace("_", " "), _live(conn, select(IdentityRow.profile_id).where(*key)))
    people = _people(conn, why)
    return people + _by_trait(conn, text, set(why))[: MOST - len(people)]


def latest(conn: Connection) -> list[Found]:
    """Return who was seen last, the latest first, as far as the newest events tell."""
    newest = select(EventRow.received_at, EventRow.profile_id, EventRow.source_id)
    newest = newest.order_by(EventRow.received_at.desc()).limit(LATEST_OF)
    rows = conn.execute(newest).all()
    live = _live_ids(conn, {row.profile_id for row in rows if row.profile_id})
    seen: dict[str, Any] = {}
    for row in rows:
        if (owner := live.get(row.profile_id)) and len(seen) < MOST:
            seen.setdefault(owner, row)
    known = {person.id: person for person in _people(conn, dict.fromkeys(seen, ""))}
    return [
        replace(known[owner], updated=row.received_at, source_id=row.source_id)
        for owner, row in seen.items()
        if owner in known
    ]


def _by_id(conn: Connection, text: str) -> Iterable[tuple[str, Iterable[str]]]:
    yield "id", conn.scalars(select(AliasRow.profile_id).where(AliasRow.id == text))
    visit = (SessionRow.id == text) | (SessionRow.client_id == text)
    yield "visit", _live(conn, select(SessionRow.profile_id).where(visit).limit(MOST))
    # The key begins with the source, so that it serves one source after the other.
    mine = (EventKeyRow.source_id.in_(select(SourceRow.id)), EventKeyRow.id == text)
    yield "event", _live(conn, select(EventKeyRow.profile_id).where(*mine).limit(MOST))


def _by_trait(conn: Connection, text: str, known: set[str]) -> list[Found]:
    name, value = trait_search.question(text)
    live = _live_ids(conn, set(holders(conn, value, CANDIDATES if name else MOST)))
    found = []
    for person in _people(conn, dict.fromkeys(set(live.values()) - known, "")):
        names = trait_search.names_of(person.traits, value)
        if name in names or (names and not name):
            found.append(replace(person, why=name or names[0]))
    return found


def _note(why: dict[str, str], reason: str, ids: Iterable[str]) -> None:
    for profile_id in ids:
        if len(why) < MOST:
            why.setdefault(profile_id, reason)


def _live(conn: Connection, profiles: Any) -> Iterable[str]:
    return conn.scalars(select(AliasRow.profile_id).where(AliasRow.id.in_(profiles)))


def _live_ids(conn: Connection, profiles: set[str]) -> dict[str, str]:
    found = select(AliasRow.id, AliasRow.profile_id).where(one_of(AliasRow.id, profiles))
    return {row.id: row.profile_id for row in conn.execute(found)} if profiles else {}


def _people(conn: Connection, why: dict[str, str]) -> list[Found]:
    """Return the live profiles of these ids with all that is known of each, merged profiles included."""
    if not why:
        return []
    columns = (ProfileRow.id, ProfileRow.traits, ProfileRow.identified, ProfileRow.created, ProfileRow.updated)
    rows = conn.execute(
        select(*columns, AliasRow.profile_id.label("live"))
        .join(ProfileRow, ProfileRow.id == AliasRow.id)
        .where(one_of(AliasRow.profile_id, why))
    ).all()
    of: dict[str, list[Any]] = {}
    for row in rows:
        of.setdefault(row.live, []).append(row)
    people = []
    for profile_id, reason in why.items():
        mine = of.get(profile_id, [])
        if own := next((row for row in mine if row.id == profile_id), None):
            known = combined(row.traits for row in mine)
            traits = shown_traits((name, value) for name, (value, _) in known.items())
            people.append(Found(profile_id, traits, own.identified, own.created, own.updated, reason))
    return people
