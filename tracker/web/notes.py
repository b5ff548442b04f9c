"""What is noted of a request while it is answered: for its log line, its headers and the answer's own text."""

from dataclasses import dataclass
from typing import cast

from flask import request

from tracker.ingest.fresh import NewId

KEPT_IN = "handoff.notes"
"""Where the notes are in the WSGI environment; web/headers.py puts them there before anybody else sees a request."""


@dataclass(slots=True)
class Notes:
    """One request: the source it asked for and was let in for, why it was turned away, and its id in the log."""

    new_id: NewId
    source_id: str | None = None
    asked: str = ""
    refusal: str | None = None
    cause: str | None = None
    task: str | None = None
    events: int = 0
    """How many events came with it, whatever became of them."""
    network: str = ""
    """Where it comes from, once that was looked at."""
    rule: str | None = None
    """How the log writes a path that holds somebody's id."""

    @property
    def request_id(self) -> str:
        """The id under which this request is found in the log; of a payload that was taken it is its task id."""
        if self.task is None:
            self.task = self.new_id("request")
        return self.task


def notes() -> Notes:
    """Return the notes of the request that Flask answers at this moment."""
    return cast("Notes", request.environ[KEPT_IN])
