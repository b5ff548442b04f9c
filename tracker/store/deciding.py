"""The one way in which payloads are decided, whether a request, an import or a replay brings them."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from tracker.core import resolution
from tracker.core.event_types import Use
from tracker.core.known import Known, absorb
from tracker.core.model import Fresh, Payload, Source
from tracker.core.steps import Resolution, Step
from tracker.store.event_types import Types, types_of
from tracker.store.repository import Digest, known

Asked = tuple[Payload, Fresh]
Resolve = Callable[[Payload, Known, Fresh], Resolution]


class Decided(NamedTuple):
    """What came of payloads: a Resolution for each in order, all their steps, and the types of event by source."""

    resolutions: list[Resolution]
    steps: list[Step]
    types: Mapping[str, Mapping[str, Use]]


def decide(
    conn: Connection,
    asked: Sequence[Asked],
    sources: dict[str, Source],
    digest: Digest,
    seen: Types,
    resolve: Resolve = resolution.resolve,
) -> Decided:
    """Decide payloads one after the other, each knowing what was decided before it; nothing is written.

    ``seen`` are the types of event that sources are known to have; the database is asked only where others come.
    """
    payloads = [payload for payload, _ in asked]
    found = known(conn, payloads, sources, digest, asked[0][1].now)
    found.types = types_of(conn, payloads, seen)
    resolutions: list[Resolution] = []
    steps: list[Step] = []
    for payload, fresh in asked:
        resolved = resolve(payload, found, fresh)
        absorb(found, resolved.steps)
        steps.extend(resolved.steps)
        resolutions.append(resolved)
    return Decided(resolutions, steps, found.types)
