"""Refusals become HTTP here and nowhere else: one JSON shape, never an exception's own text."""

import random

import orjson
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from tracker.core.refusal import InvalidSource, Malformed, Problem, Refusal, TooMany, Unavailable
from tracker.web.answers import Answer, json_answer
from tracker.web.log import log
from tracker.web.notes import Notes, notes

_LARGEST_ANSWER = 8 * 1024
_SENTENCES = {
    400: "The request could not be read.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
}


def register(app: Flask) -> None:
    """Answer every refusal, HTTP error and bug of this app in the one shape."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, lambda error: answer_to(error, notes()).response())


def answer_to(failure: Exception, noted: Notes) -> Answer:
    """Return the answer to a refusal, or to a bug, noting what the log is to say of it."""
    if isinstance(failure, Refusal):
        return _refused(failure, noted)
    # The trace goes to the log under the request's id; the client learns only that id.
    log("bug", request_id=noted.request_id, failure=failure)
    return json_answer({"detail": "Something went wrong on our side.", "request_id": noted.request_id}, 500)


def _refused(refusal: Refusal, noted: Notes) -> Answer:
    noted.refusal = type(refusal).__name__
    if refusal.__cause__ is not None:
        # The kind of error alone: its text may hold what a client sent.
        noted.cause = type(getattr(refusal.__cause__, "orig", refusal.__cause__)).__name__
    if isinstance(refusal, Malformed):
        return json_answer({"detail": _problems(refusal)}, refusal.status)
    if isinstance(refusal, InvalidSource):
        return json_answer({"detail": refusal.detail}, refusal.status)
    body = {"detail": refusal.detail, "request_id": noted.request_id}
    if isinstance(refusal, (TooMany, Unavailable)):
        # Jittered, so that browsers turned away together do not come back together (protocol §3).
        wait = refusal.retry_after + random.randint(1, 5)  # noqa: S311
        return json_answer(body, refusal.status, ("Retry-After", str(wait)))
    return json_answer(body, refusal.status)


def _problems(refusal: Malformed) -> list[dict[str, object]]:
    """Return the problems as the seed's 422 lists them: at most 20, and at most 8 KB of them."""
    found: list[dict[str, object]] = []
    size = 0
    for problem in refusal.problems:
        entry = _entry(problem)
        size += len(orjson.dumps(entry)) + 1
        if size > _LARGEST_ANSWER - 64:
            break
        found.append(entry)
    return found


def _entry(problem: Problem) -> dict[str, object]:
    loc = [part if isinstance(part, int) else part[:64] for part in problem.loc]
    return {"loc": loc, "msg": problem.msg, "type": problem.type}


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    told = [(name, value) for name, value in error.get_headers() if name.lower() in ("allow", "retry-after")]
    detail = _SENTENCES.get(status, "The request failed.")
    return json_answer({"detail": detail, "request_id": notes().request_id}, status, *told).response()
