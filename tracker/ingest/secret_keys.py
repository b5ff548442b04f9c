"""Telling whether the secret keys of the settings are those that the database was used with."""

import hashlib
from collections.abc import Sequence

from tracker.core.model import Micros
from tracker.core.plurals import counted
from tracker.core.refusal import Unavailable
from tracker.settings import Settings
from tracker.store import key_marks
from tracker.store.address import shown
from tracker.store.engine import Connection, Rejected, connect, transaction
from tracker.store.key_marks import Depends


class AnotherKey(Exception):
    """None of the keys is one that the database was used with, and something in it depends on that key."""

    def __init__(self, depends: Depends) -> None:
        super().__init__("The database was used with another secret key.")
        self.depends = depends


def mark_of(key: str) -> str:
    """Return the mark of a key: always the same, and slow to find a key from.

    The database holds hashes made with the key already, of what whoever reads it would have to know. This one is made
    of nothing but the key, so a short key must not be found by trying.
    """
    return hashlib.scrypt(key.encode(), salt=b"handoff secret key mark", n=2**14, r=8, p=1, dklen=32).hex()


def check(conn: Connection, keys: Sequence[str]) -> list[str]:
    """Return the marks of the keys; AnotherKey where the database was used with others only, and depends on them.

    A database that was never served with this version knows no key, and takes any.
    """
    marks = [mark_of(key) for key in keys]
    known = key_marks.known(conn)
    if known and not known & set(marks) and (depends := key_marks.depends(conn)):
        raise AnotherKey(depends)
    return marks


def settle(conn: Connection, keys: Sequence[str], now: Micros) -> None:
    """Check the keys that a server starts with, and remember them: each is believed by the next start as well.

    So hosts may be changed over to a new key one after the other, those with the old key alone among them.
    """
    key_marks.remember(conn, check(conn, keys), now)


def at_start(settings: Settings, now: Micros) -> str | None:
    """Return why a server must not start with the keys of its settings; None where it may, and they are remembered."""
    engine = connect(settings.database_url, pooler=settings.database_pooler)
    try:
        transaction(engine, lambda conn: settle(conn, settings.secret_keys, now))
    except AnotherKey as error:
        return refusal(error, settings.key_from, shown(settings.database_url))
    except (Unavailable, Rejected):
        # A database that is away, or takes no writes, says nothing about the key; the next worker asks again.
        return None
    finally:
        engine.dispose()
    return None


def accept(conn: Connection, keys: Sequence[str], now: Micros) -> Depends | None:
    """Take these keys for the database's own from now on; returns what depended on the others, None where none did."""
    try:
        settle(conn, keys, now)
    except AnotherKey as error:
        key_marks.replace(conn, [mark_of(key) for key in keys], now)
        return error.depends
    return None


def lost(depends: Depends) -> list[str]:
    """Return what is lost with the key, in sentences."""
    told = []
    if depends.identities:
        told.append(
            f"{counted(depends.identities, 'identity', 'identities')} by which people are known: who signs in again "
            "counts as somebody new."
        )
    if depends.tombstones:
        told.append(f"{counted(depends.tombstones, 'erased id')}: a late repeat of what one has sent brings it back.")
    if depends.sources:
        told.append(
            f"The identify secrets of {counted(depends.sources, 'source')}: a backend that signs needs the new one "
            "(tracker source identify-secret ID)."
        )
    return [*told, "Everybody is logged out of the console, and links that are under way carry nobody."]


def refusal(error: AnotherKey, key_from: str, database: str) -> str:
    """Return the sentences with which a start or a command ends; ``key_from`` names where the key was read."""
    depends = error.depends
    counts = (
        (depends.identities, counted(depends.identities, "identity", "identities")),
        (depends.tombstones, counted(depends.tombstones, "erased id")),
        (depends.sources, counted(depends.sources, "source")),
    )
    return (
        f"{key_from} holds another secret key than {database} was used with; what depends on that one: "
        f"{', '.join(told for number, told in counts if number)}. "
        "Put the earlier key back there, or name it in SECRET_KEY_FALLBACKS. Where it is lost, begin with this one: "
        "tracker serve --new-secret-key"
    )
