"""Event sources: made, changed and switched by the operator; requests see them through directory.py."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from publicsuffixlist import PublicSuffixList
from sqlalchemy import Connection, Engine, Row, Update, delete, insert, select, tuple_, update

from tracker.core import keeping, origins, source_rules
from tracker.core.model import Json, Micros, Source
from tracker.store.engine import reading, transaction
from tracker.store.listing import Listed
from tracker.store.tables import QuarantineRow, SourceRow

LONGEST_NAME = 256

NO_DIGEST = "-" * 64
"""As long as the digest of a secret, and that of none."""
_PROBE_BYTES = 16 * 1024
"""More than a page, so that a full disk shows."""


class SourceExists(ValueError):
    """A source with that id is there already."""


def digest_of(secret: str) -> str:
    """Return what is stored of a source's secret; the secret has 256 bits of its own, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def shows_secret(source: Source, secret: str | None) -> bool:
    """Return True where the secret is this source's own, in constant time."""
    return bool(secret) and shows_digest(source, digest_of(secret or ""))


def shows_digest(source: Source, digest: str) -> bool:
    """Whether the digest is that of this source's own secret; as much work for a source that has none."""
    return hmac.compare_digest(digest, source.secret_hash or NO_DIGEST) and source.secret_hash is not None


@cache
def _suffixes() -> PublicSuffixList:
    # Reading the list takes a tenth of a second, so that it waits for the first domain to be linked.
    return PublicSuffixList(accept_unknown=False)


def checked(source: Source) -> Source:
    """Return the source with origins and hosts in the spelling they are compared in; ValueError says what is wrong."""
    links = (*source.links, *_text_list(source.settings.get("trackExternalLinks", ())))
    for settled, allowed in (
        (source.kind, ("browser", "server")),
        (source.referrals, ("signed", "plain", "off")),
        (source.identify, ("verified", "open", "off")),
    ):
        if settled not in allowed:
            raise ValueError(f"{settled!r} is not one of {', '.join(allowed)}.")
    source_rules.privacy(source.settings)
    source_rules.quota(source.settings)
    source_rules.referrals(source.settings)
    keeping.own_days(source.settings)
    name = source.name.strip()
    if not name:
        raise ValueError("A source needs a name.")
    if len(name) > LONGEST_NAME or not name.isprintable():
        # PostgreSQL would refuse it with an error of its own, and SQLite would keep it.
        raise ValueError(f"The name of a source must be at most {LONGEST_NAME} printable characters.")
    return replace(
        source,
        id=source_rules.source_id(source.id),
        name=name,
        origins=tuple(dict.fromkeys(map(origins.origin, source.origins))),
        domains=tuple(dict.fromkeys(map(source_rules.host, source.domains))),
        links=source_rules.linked_domains(links, lambda host: _suffixes().is_public(host)),
        settings={name: value for name, value in source.settings.items() if name != "trackExternalLinks"},
    )


def problems(source: Source) -> dict[str, str]:
    """Return everything that ``checked`` would object to, by the name of the field."""
    found, sound = {}, Source(id="id", name="name")
    for field in ("id", "name", "kind", "origins", "domains", "links", "referrals", "identify", "settings"):
        try:
            checked(replace(sound, **{field: getattr(source, field)}))
        except ValueError as error:
            found[field] = str(error)
    return found


def create(engine: Engine, source: Source, now: Micros) -> tuple[Source, str | None]:
    """Store a new source; returns it with its secret, which is shown this once (None for a browser source)."""
    secret = secrets.token_urlsafe(32) if source.kind == "server" else None
    made = replace(checked(source), secret_hash=digest_of(secret) if secret else None)

    def work(conn: Connection) -> None:
        if conn.execute(select(SourceRow.id).where(SourceRow.id == made.id)).first():
            raise SourceExists(f"A source with the id {made.id!r} exists already.")
        conn.execute(insert(SourceRow).values(**_row(made), created=now, updated=now))

    transaction(engine, work)
    return made, secret


def switch(engine: Engine, source_id: str, *, enabled: bool, now: Micros) -> bool:
    """Enable or disable a source; False where there is none of that id."""

    def work(conn: Connection) -> bool:
        change = update(SourceRow).where(SourceRow.id == source_id).values(enabled=enabled, updated=now)
        return conn.execute(change).rowcount == 1

    return transaction(engine, work)


def change(engine: Engine, source: Source, now: Micros) -> bool:
    """Store what a source is configured as from now on, its secret left as it is; False where it is gone."""
    row = _row(checked(source))
    kept = {name: value for name, value in row.items() if name not in ("id", "secret_hash")}

    def work(conn: Connection) -> bool:
        return conn.execute(_the_one(source.id).values(**kept, updated=now)).rowcount == 1

    return transaction(engine, work)


def new_secret(engine: Engine, source_id: str, now: Micros) -> str | None:
    """Return a server source's new secret, shown this once, which the old one gives way to; None where none has any."""
    secret = secrets.token_urlsafe(32)

    def work(conn: Connection) -> bool:
        mine = _the_one(source_id).where(SourceRow.kind == "server")
        return conn.execute(mine.values(secret_hash=digest_of(secret), updated=now)).rowcount == 1

    return secret if transaction(engine, work) else None


def remove(engine: Engine, source_id: str) -> bool:
    """Delete a source's configuration; what was recorded for it stays. False where it is gone already."""

    def work(conn: Connection) -> bool:
        return conn.execute(delete(SourceRow).where(SourceRow.id == source_id)).rowcount == 1

    return transaction(engine, work)


def put(engine: Engine, source: Source, now: Micros) -> None:
    """Store a browser source, whether there is one of its id already or not; other kinds keep their secret."""
    try:
        create(engine, source, now)
    except SourceExists:
        change(engine, source, now)


def shown(source: Source) -> dict[str, Any]:
    """Return a source as people and tools may see it: all but its secret."""
    plain = {"id": source.id, "name": source.name, "kind": source.kind, "enabled": source.enabled}
    return plain | _config(source)


def listed(engine: Engine, after: tuple[Any, ...] | None, most: int) -> Listed:
    """Return a page of the sources, the oldest first."""
    key = (SourceRow.created, SourceRow.id)
    query = select(SourceRow.__table__).order_by(*key).limit(most + 1)
    if after is not None:
        query = query.where(tuple_(*key) > after)
    rows = transaction(reading(engine), lambda conn: conn.execute(query).all())
    last = rows[most - 1] if len(rows) > most else None
    return Listed(tuple(shown(_source(row)) for row in rows[:most]), (last.created, last.id) if last else None)


def _the_one(source_id: str) -> Update:
    return update(SourceRow).where(SourceRow.id == source_id)


def can_write(conn: Connection) -> None:
    """Raise what the database raises where it would not take a row; changes nothing."""
    row = {"source_id": "", "id": "", "reason": "", "received_at": 0, "size": 0, "beginning": " " * _PROBE_BYTES}
    with conn.begin_nested() as savepoint:
        conn.execute(insert(QuarantineRow), row)
        savepoint.rollback()


def all_sources(engine: Engine) -> list[Source]:
    """Return every source, the oldest first."""

    def work(conn: Connection) -> list[Source]:
        return [_source(row) for row in conn.execute(select(SourceRow.__table__).order_by(SourceRow.created))]

    return transaction(reading(engine), work)


def _text_list(value: Any) -> Iterable[str]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(entry, str) for entry in value):
        raise ValueError("trackExternalLinks must be a list of host names.")
    return value


def _row(source: Source) -> dict[str, Any]:
    plain = {"id": source.id, "name": source.name, "kind": source.kind, "enabled": source.enabled}
    return plain | {"config": _config(source), "secret_hash": source.secret_hash}


def _config(source: Source) -> dict[str, Any]:
    return {
        "origins": list(source.origins),
        "domains": list(source.domains),
        "links": list(source.links),
        "referrals": source.referrals,
        "identify": source.identify,
        "auto": dict(source.auto),
        "settings": dict(source.settings),
    }


def _source(row: Row[Any]) -> Source:
    config: Mapping[str, Any] = row.config
    auto: Json = config["auto"]
    return Source(
        id=row.id,
        name=row.name,
        kind=row.kind,
        enabled=row.enabled,
        origins=tuple(config["origins"]),
        domains=tuple(config["domains"]),
        links=tuple(config["links"]),
        referrals=config["referrals"],
        identify=config["identify"],
        auto=auto,
        settings=config["settings"],
        secret_hash=row.secret_hash,
        identify_generation=row.identify_generation or 0,
        identify_oldest=row.identify_oldest or 0,
        watched_until=row.watched_until or 0,
    )
