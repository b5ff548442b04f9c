"""The reasons a request is turned away, and what each says."""

import pytest

from tracker.core.refusal import (
    InvalidSource,
    Malformed,
    Problem,
    Refusal,
    TooLarge,
    TooMany,
    Unavailable,
    UnsupportedMedia,
)

STATUSES = [
    (InvalidSource(), 401, "Access denied. Invalid source."),
    (TooLarge("too large"), 413, "too large"),
    (UnsupportedMedia("what is this"), 415, "what is this"),
    (Malformed([]), 422, "The payload is malformed."),
    (TooMany("slower"), 429, "slower"),
    (Unavailable("later"), 503, "later"),
]


@pytest.mark.parametrize(("refusal", "status", "detail"), STATUSES, ids=[type(row[0]).__name__ for row in STATUSES])
def test_each_reason_has_its_status_and_says_what_is_wrong(refusal, status, detail):
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.detail, str(refusal)) == (status, detail, detail)
    assert refusal.retry_after == 0


def test_who_is_to_come_again_is_told_when():
    assert Unavailable("later", retry_after=3).retry_after == 3


def test_a_malformed_payload_names_its_first_twenty_problems():
    problems = [Problem(("body", "events", place, "type"), "is missing", "missing") for place in range(25)]

    assert Malformed(problems).problems == tuple(problems[:20])
