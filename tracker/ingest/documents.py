"""JSON that an operator's tools send: any value, within the same limits as a payload."""

from typing import Any, BinaryIO

from tracker.core.limits import Limits
from tracker.core.refusal import Malformed, Problem
from tracker.ingest.decode import check_media, read_bounded
from tracker.ingest.normalise import normalise
from tracker.ingest.strict_json import BODY, strict

_HOLDER = "document"


def document(stream: BinaryIO, *, content_type: str | None, content_encoding: str | None, limits: Limits) -> Any:
    """Return the bounded, storable JSON that a body says; ``Refusal`` and nothing else for any other bytes."""
    check_media(content_type, content_encoding)
    raw = read_bounded(stream, limits.body)
    holder = {_HOLDER: strict(raw)}
    tally = normalise(holder, raw, limits)
    if tally.problems:
        raise Malformed(
            [Problem(_without_holder(problem.loc), problem.msg, problem.type) for problem in tally.problems]
        )
    return holder[_HOLDER]


def _without_holder(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return (*BODY, *(part for place, part in enumerate(loc[1:]) if place or part != _HOLDER))
