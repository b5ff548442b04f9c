"""The reasons a request is turned away, as one typed exception that web/errors.py turns into HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass

Location = tuple[str | int, ...]
MOST_PROBLEMS = 20
"""An answer tells of no more, so that none beyond them is looked for."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a payload: the path to it, a sentence that says what to do, and a stable kind."""

    loc: Location
    msg: str
    type: str


class Refusal(Exception):
    """A request that gets an answer other than 200. Nothing of it was stored."""

    status = 400

    def __init__(self, detail: str, *, retry_after: int = 0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after
        """Seconds before which coming again is of no use."""


class InvalidSource(Refusal):
    """Unknown, disabled or not-allowed source: one text for all, so that an answer tells nobody which (protocol §2)."""

    status = 401

    def __init__(self) -> None:
        super().__init__("Access denied. Invalid source.")


class TooSlow(Refusal):
    """The body did not come within the time that it has; the client may send it again."""

    status = 408


class TooLarge(Refusal):
    """The body is over the limit, whether or not its length was announced."""

    status = 413


class UnsupportedMedia(Refusal):
    """A content type, encoding or charset that ``/track`` does not take."""

    status = 415


class Malformed(Refusal):
    """The payload is not JSON or has the wrong shape; ``problems`` name every place, up to 20."""

    status = 422

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("The payload is malformed.")
        self.problems = tuple(problems[:MOST_PROBLEMS])


class TooMany(Refusal):
    """Over the rate limit; the client may come again after ``retry_after`` seconds."""

    status = 429


class OverQuota(TooMany):
    """The source has used up its quota of events."""


class Unavailable(Refusal):
    """The database is down, locked or full: nothing was stored, the client repeats the same body."""

    status = 503


class DiskLow(Unavailable):
    """The disk has less room than the operator wants to keep free."""
