"""Folding the journal into the counts: a few rows at a time, each exactly once, by one process at a time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Delete, Select, Text, bindparam, cast, delete, insert, select, text, tuple_

from tracker.core.model import Micros
from tracker.core.tally import EVERYWHERE, HOUR, About, Fact, HandOver, Seen, Tally, Visit, count
from tracker.core.visit_names import Describe, about
from tracker.store import journal
from tracker.store.counts import write
from tracker.store.prepared import Among, Prepared
from tracker.store.tables import JournalRow, ReportHoldRow, ReportSeenRow, ReportVisitRow, SessionRow, SourceRow

FACTS_A_STEP = 200
"""What one transaction counts where nobody says how much: visitors who click meanwhile wait for as long as it takes."""
# Any number will do, it only has to be the same for all who fold.
_LOCK = 7_268_465_333


class Folded(NamedTuple):
    """What one step has counted: so many rows of the journal, and whether others waited beside them."""

    rows: int
    more: bool


NOTHING = Folded(0, more=False)


def fold(conn: Connection, describe: Describe, now: Micros, most: int = FACTS_A_STEP) -> Folded:
    """Count what waits longest, about so many facts, and take it out of the journal.

    NOTHING where nothing waits, and where another process is at it.
    """
    if not alone(conn) or held(conn, now):
        return NOTHING
    return fold_some(conn, describe, most)


def fold_some(conn: Connection, describe: Describe, most: int = FACTS_A_STEP) -> Folded:
    """Count what waits longest; for who has seen to it that nobody else does."""
    counted: list[str] = []
    facts: list[Fact] = []
    flow: list[HandOver] = []
    for batch, written in WAITING.each(conn, most=most):
        told, handed = journal.read_facts(orjson.loads(written))
        facts += told
        flow += handed
        counted.append(batch)
        if len(facts) >= most:
            break
    if not counted:
        return NOTHING
    write(conn, counted_on_top(conn, facts, flow, describe))
    if facts:
        OLD_VISITS.run(conn, before=max(fact.at for fact in facts) // HOUR - 48, most=2 * len(facts))
    COUNTED.run(conn, ids=set(counted))
    # No more rows than facts were asked for, and a hand-over by itself is a row without any.
    return Folded(len(counted), more=max(len(counted), len(facts)) >= most)


def alone(conn: Connection) -> bool:
    """Return True where nobody else folds until this transaction ends."""
    if conn.dialect.name != "postgresql":
        # SQLite has one writer at a time.
        return True
    return bool(conn.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}))


def wait_until_alone(conn: Connection) -> None:
    """Let whoever folds come to its end, and keep everybody from folding until this transaction ends."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def held(conn: Connection, now: Micros) -> bool:
    """Return True while somebody counts anew."""
    return bool(HOLDS.rows(conn, now=now))


def hold(conn: Connection, until: Micros | None) -> None:
    """Keep the journal from being folded until that moment; None lets everybody fold again."""
    wait_until_alone(conn)
    conn.execute(delete(ReportHoldRow))
    if until is not None:
        conn.execute(insert(ReportHoldRow).values(id="hold", until=until))


def counted_on_top(conn: Connection, facts: Sequence[Fact], flow: Sequence[HandOver], describe: Describe) -> Tally:
    """Return what these facts add up to, on top of what is known of their visits and visitors."""
    visits = {
        (session, scope): Visit(hour, bool(bot))
        for session, scope, hour, bot in VISITS.rows(conn, ids={fact.session for fact in facts})
    }
    return count(facts, flow, visits, seen_before(conn, facts), told_of(conn, _uncounted(facts, visits), describe))


def seen_before(conn: Connection, facts: Iterable[Fact]) -> dict[tuple[str, str], Seen]:
    """Return when the visitors of these facts were counted the last time."""
    visitors = {fact.profile for fact in facts if fact.profile is not None}
    rows = SEEN.rows(conn, ids=visitors) if visitors else []
    return {(profile, scope): Seen(hour, before) for profile, scope, hour, before in rows}


def _visits(among: Among) -> Select[str, str, int, bool]:
    return select(ReportVisitRow.session_id, ReportVisitRow.scope, ReportVisitRow.hour, ReportVisitRow.bot).where(
        among(ReportVisitRow.session_id.expression, "ids")
    )


def _seen(among: Among) -> Select[str, str, int, int]:
    return select(ReportSeenRow.profile_id, ReportSeenRow.scope, ReportSeenRow.hour, ReportSeenRow.before).where(
        among(ReportSeenRow.profile_id.expression, "ids")
    )


def _sessions(among: Among) -> Select[*tuple[Any, ...]]:
    return (
        select(
            SessionRow.id,
            SessionRow.source_id,
            SourceRow.kind,
            *(cast(column, Text) for column in (SessionRow.context, SessionRow.touchpoint, SessionRow.device)),
        )
        .outerjoin(SourceRow, SourceRow.id == SessionRow.source_id)
        .where(among(SessionRow.id.expression, "ids"))
    )


def _waiting(_: Among) -> Select[str, str]:
    return select(JournalRow.id, cast(JournalRow.facts, Text)).order_by(JournalRow.id).limit(bindparam("most"))


def _old_visits(_: Among) -> Delete:
    key = (ReportVisitRow.session_id, ReportVisitRow.scope)
    return delete(ReportVisitRow).where(
        tuple_(*key).in_(select(*key).where(ReportVisitRow.hour < bindparam("before")).limit(bindparam("most")))
    )


VISITS, SEEN, SESSIONS, WAITING = Prepared(_visits), Prepared(_seen), Prepared(_sessions), Prepared(_waiting)
OLD_VISITS = Prepared(_old_visits)
COUNTED = Prepared(lambda among: delete(JournalRow).where(among(JournalRow.id.expression, "ids")))
HOLDS = Prepared(lambda _: select(ReportHoldRow.id).where(ReportHoldRow.until > bindparam("now")))


def _uncounted(facts: Iterable[Fact], visits: Mapping[tuple[str, str], Visit]) -> set[str]:
    """Return the sessions that were not counted on the day of a fact, in its source or everywhere."""
    found = set()
    for fact in facts:
        for scope in (fact.source, EVERYWHERE):
            known = visits.get((fact.session, scope))
            if known is None or known.hour // 24 < fact.at // HOUR // 24:
                found.add(fact.session)
    return found


def told_of(conn: Connection, sessions: Collection[str], describe: Describe) -> dict[str, About]:
    """Return what is known of these sessions."""
    if not sessions:
        return {}
    # A backend that sends for its visitors has the header of a program, and they are people all the same.
    return {
        session: about(
            source,
            orjson.loads(context),
            orjson.loads(touchpoint),
            {} if kind == "server" else orjson.loads(device),
            describe,
        )
        for session, source, kind, context, touchpoint, device in SESSIONS.rows(conn, ids=set(sessions))
    }
