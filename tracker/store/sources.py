"""Event sources: made and switched by the operator, looked up by every request."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from publicsuffixlist import PublicSuffixList
from sqlalchemy import Connection, Engine, Row, Update, delete, insert, select, tuple_, update

from tracker.core import keeping, source_rules
from tracker.core.model import Json, Micros, Source
from tracker.core.refusal import Unavailable
from tracker.store.engine import reading, transaction
from tracker.store.listing import Listed
from tracker.store.tables import QuarantineRow, SourceRow

REFRESHED_EVERY: Micros = 2_000_000
"""How old a copy of the sources may be: a disabled one is refused well within the 5 seconds of protocol §2."""
ASKED_AGAIN_EVERY: Micros = 100_000
"""How soon a refusal asks the database again, so that a source made a moment ago is found."""

LONGEST_NAME = 256

_PROBE_BYTES = 16 * 1024
"""More than a page, so that a full disk shows."""


class SourceExists(ValueError):
    """A source with that id is there already."""


def digest_of(secret: str) -> str:
    """Return what is stored of a source's secret; the secret has 256 bits of its own, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def shows_secret(source: Source, secret: str | None) -> bool:
    """Return True where the secret is this source's own, in constant time."""
    return bool(secret and source.secret_hash) and hmac.compare_digest(
        digest_of(secret or ""), source.secret_hash or ""
    )


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
        origins=tuple(dict.fromkeys(map(source_rules.origin, source.origins))),
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


@dataclass(slots=True)
class _Copy:
    sources: dict[str, Source]
    read_at: Micros


class Directory:
    """The sources as a request sees them: a copy about two seconds old, asked again before anybody is refused."""

    def __init__(self, engine: Engine, clock: Callable[[], Micros]) -> None:
        self._engine = engine
        self._clock = clock
        self._copy = _Copy({}, 0)
        self._is_being_read = False

    def all(self, *, at_most: Micros = REFRESHED_EVERY) -> dict[str, Source]:
        """Return all sources by id, read again where the copy is older than ``at_most`` microseconds.

        While one request reads them, those that are let in by a copy of up to twice the usual age need not ask too.
        """
        now = self._clock()
        if self._is_being_read and at_most == REFRESHED_EVERY:
            at_most *= 2
        if not 0 <= now - self._copy.read_at < at_most:
            self._is_being_read = True
            try:
                self._copy = _Copy({source.id: source for source in all_sources(self._engine)}, now)
            finally:
                self._is_being_read = False
        return self._copy.sources

    def last_seen(self) -> list[Source]:
        """Return the sources of the copy at hand; the database is asked only where there is none yet."""
        if not self._copy.read_at:
            with suppress(Unavailable):
                self.all()
        return list(self._copy.sources.values())

    def find(self, source_id: str, accepts: Callable[[Source], bool]) -> Source | None:
        """Return the source of that id if it accepts the request, else None.

        Every refusal has asked the database at most a tenth of a second before: unknown, disabled and
        not-allowed sources take the same path and so the same time.
        """
        for age in (REFRESHED_EVERY, ASKED_AGAIN_EVERY):
            source = self.all(at_most=age).get(source_id)
            if source is not None and accepts(source):
                return source
        return None


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
        watched_until=row.watched_until or 0,
    )
