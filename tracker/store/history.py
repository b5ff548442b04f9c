"""Writing events of the past: visitors and visits that are known already grow older by them, and never younger."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, Update, bindparam, select, update

from tracker.core.model import Micros
from tracker.core.steps import ContinueSession, CreateProfile, OpenSession, Step, StoreEvent, TouchProfile
from tracker.store.applying import apply
from tracker.store.freezing import thaw
from tracker.store.one_of import one_of
from tracker.store.tables import ProfileRow, SessionRow

Span = tuple[Micros, Micros]


def apply_history(conn: Connection, steps: Sequence[Step]) -> None:
    """Write the steps of events that are brought in, the oldest first.

    A request moves on what it touches to its own time. Here a profile or session ends up with the earliest and the
    latest of what was known of it and what these events say.
    """
    profiles = _spans(steps, TouchProfile, CreateProfile)
    sessions = _spans(steps, ContinueSession, OpenSession)
    before = [(kind, _known(conn, kind, spans)) for kind, spans in ((ProfileRow, profiles), (SessionRow, sessions))]
    thaw(conn, [(step.source_id, step.received_at) for step in steps if isinstance(step, StoreEvent)])
    apply(conn, steps)
    for kind, rows in before:
        if rows:
            conn.execute(_put(kind), rows)


def _spans(steps: Sequence[Step], seen: type[Any], made: type[Any]) -> dict[str, Span]:
    """Return when the things that the steps only touch were touched first and last."""
    fresh = {step.id for step in steps if isinstance(step, made)}
    spans: dict[str, Span] = {}
    for step in steps:
        if isinstance(step, seen) and step.id not in fresh:
            first, last = spans.get(step.id, (step.at, step.at))
            spans[step.id] = min(first, step.at), max(last, step.at)
    return spans


def _known(conn: Connection, kind: type[Any], spans: dict[str, Span]) -> list[dict[str, Any]]:
    """Return for each of these rows what its times have to be; held, so that no visitor moves them meanwhile."""
    if not spans:
        return []
    rows = conn.execute(_held(kind, list(spans)))
    return [
        {"row": row.id, "created": min(row.created, spans[row.id][0]), "updated": max(row.updated, spans[row.id][1])}
        for row in rows
    ]


def _held(kind: type[Any], ids: list[str]) -> Select[str, Micros, Micros]:
    return select(kind.id, kind.created, kind.updated).where(one_of(kind.id, ids)).order_by(kind.id).with_for_update()


def _put(kind: type[Any]) -> Update:
    # A profile that these very events have merged into another one is put right too; it answers for nobody any more.
    table = kind.__table__
    times: dict[str, Any] = {"created": bindparam("created"), "updated": bindparam("updated")}
    return update(table).where(table.c.id == bindparam("row")).values(times)
