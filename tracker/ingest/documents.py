"""JSON that an operator's tools send: any value, within the same limits as a payload."""

from typing import Any, BinaryIO

from tracker.core.limits import Limits
from tracker.core.refusal import Malformed, Problem
from tracker.ingest.decode import check_media, read_bounded
from tracker.ingest.normalise import normalise, scrub
from tracker.ingest.strict_json import BODY, holds_more_values, malformed, strict

_HOLDER = "document"


def document(
    stream: BinaryIO,
    *,
    content_type: str | None,
    content_encoding: str | None,
    limits: Limits,
    announced: int | None = None,
) -> Any:
    """Return the bounded, storable JSON that a body says; ``Refusal`` and nothing else for any other bytes."""
    check_media(content_type, content_encoding)
    raw = read_bounded(stream, limits.body, announced)
    if holds_more_values(raw, limits.nodes):
        raise malformed("too_many_nodes", f"There must not be more than {limits.nodes} values.")
    holder = {_HOLDER: strict(raw)}
    tally = normalise(holder, raw, limits)
    again = None if tally.problems else scrub(holder, raw, limits, cut=tally.cut)
    if problems := tally.problems or (again.problems if again else ()):
        raise Malformed([Problem(_without_holder(problem.loc), problem.msg, problem.type) for problem in problems])
    return holder[_HOLDER]


def _without_holder(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return (*BODY, *(part for place, part in enumerate(loc[1:]) if place or part != _HOLDER))
