"""Nothing that a request says is multiplied: what is stored of it is at most four times what was sent."""

import json
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from tracker.core.limits import Limits
from tracker.store import reports
from tracker.store.journal import read_facts
from tracker.store.tables import Base, JournalRow

LIMITS = Limits()
CONTENT = {
    "properties",
    "context",
    "tags",
    "traits",
    "consents",
    "touchpoint",
    "beginning",
    "facts",
    "type",
    "referral",
}
LONG = "t" * 120
PAGE = {"page": {"url": "https://shop.example/" + "p" * 3000}}
TINY = [{"type": "a"}] * 500
VIEWS = [{"type": "page-view"}] * 500


def stored(conn) -> int:
    """Return the bytes of everything a client has said that is in any table; ids name rows and are not counted."""
    total = 0
    for table in Base.metadata.sorted_tables:
        if table.name == "source":
            continue
        for row in conn.execute(select(table)).mappings():
            values = [value for name, value in row.items() if name in CONTENT and value not in (None, {}, [], "")]
            total += sum(len(value if isinstance(value, str) else json.dumps(value)) for value in values)
    return total


BODIES: dict[str, dict[str, Any]] = {
    "tags": {"tags": [f"{LONG}{number}" for number in range(32)], "events": TINY},
    "more tags than there may be": {"tags": [f"{LONG}-{number}" for number in range(2000)], "events": TINY},
    "tags in other letters": {"tags": ["é" * 128, "ü" * 128], "events": TINY},
    "tags, and events that say something": {
        "tags": [f"{LONG}{number}" for number in range(16)],
        "events": [{"type": "a", "properties": {"a": "é" * 100}}] * 500,
    },
    "tags, and numbers that are longer when they are written out": {
        "tags": [f"{LONG}{number}" for number in range(4)],
        "events": [{"type": "a", "properties": {"a": [1e15] * 90}}] * 400,
    },
    "tags of events that are kept out": {
        "tags": [LONG],
        "events": [{"type": "a", "tags": ["é" * 129]}] * 300,
    },
    "a page for all page views": {"context": PAGE, "session": {"id": "s"}, "events": VIEWS},
    "a page for every other event": {"context": PAGE, "session": {"id": "s"}, "events": [VIEWS[0], TINY[0]] * 250},
    "identities": {"events": [{"type": "identify", "properties": {"user_id": "u", "traits": {"a": "b" * 900}}}] * 500},
    "large events": {"tags": [LONG], "events": [{"type": "a", "properties": {"a": ["é" * 8000] * 5}}] * 2},
    "a session": {"context": {"a": ["x" * 9000] * 9}, "properties": {"a": ["x" * 9000] * 9}, "events": TINY[:2]},
}


@pytest.mark.parametrize("name", BODIES)
def test_what_is_stored_is_at_most_four_times_what_was_sent(name: str, client, make_source, read) -> None:
    make_source("shop", identify="open")
    # As short as JSON can be written, one body more than once.
    raw = orjson.dumps({"source": {"id": "shop"}} | BODIES[name])
    answer = client.post("/track", data=raw)
    assert answer.status_code == 200, answer.text
    assert len(answer.data) <= 4 * len(raw) + 8192
    assert 0 < read(stored) <= LIMITS.stored * len(raw)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_few_tags_go_to_every_event(track, make_source, read) -> None:
    make_source("shop")
    answer = track(*(f"e{number}" for number in range(200)), tags=["autumn", "newsletter"])
    assert answer["warnings"] == []
    assert {tuple(event["tags"]) for event in read(reports.events)} == {("autumn", "newsletter")}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_tags_that_would_take_more_room_than_the_request_are_left_out_with_a_warning(track, make_source, read) -> None:
    make_source("shop")
    events = [{"type": "a", "tags": ["own"]}] * 100
    answer = track(events=events, tags=[f"{LONG}{number}" for number in range(32)])
    assert [warning for warning in answer["warnings"] if "left out" in warning]
    assert {tuple(event["tags"]) for event in read(reports.events)} == {("own",)}
    # One event takes them over once, which multiplies nothing.
    track(events=[{"type": "b"}], tags=[f"{LONG}{number}" for number in range(32)])
    assert max(len(event["tags"]) for event in read(reports.events)) == 32


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_tags_are_few_and_short(track, make_source, read) -> None:
    make_source("shop")
    answer = track(events=[{"type": "a"}], tags=["x" * 129, *(f"t{number}" for number in range(40))])
    assert [warning for warning in answer["warnings"] if "32 of 128" in warning]
    assert [event["tags"] for event in read(reports.events)] == [[f"t{number}" for number in range(32)]]
    for tags in (["x" * 129], [f"t{number}" for number in range(33)]):
        kept_out = track(events=[{"type": "b", "tags": tags}, {"type": "c", "tags": tags[:32][1:]}])
        assert len(kept_out["errors"]) == 1
        assert "tags" in kept_out["errors"][0]
    assert [row["reason"] for row in read(reports.quarantine)] == ["too-many-tags"] * 2


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_inherited_tags_count_towards_the_size_of_an_event(track, make_source, read) -> None:
    make_source("shop")
    event = {"type": "a", "properties": {"a": ["x" * 16_000] * 4}}
    tags = [f"{LONG}{number}" for number in range(16)]
    assert track(events=[event])["errors"] == []
    assert len(track(events=[event], tags=tags)["errors"]) == 1
    assert [row["reason"] for row in read(reports.quarantine)] == ["event-too-large"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_not_every_event_that_is_kept_out_has_a_sentence_of_its_own(track, make_source) -> None:
    make_source("shop")
    errors = track(events=[{"type": "a", "tags": ["x" * 129]}] * 100)["errors"]
    assert len(errors) == 21
    assert errors[-1] == "So were 80 further events."


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_page_that_is_named_once_is_counted_for_each_page_view(track, make_source, read) -> None:
    make_source("shop")
    other = {"type": "page-view", "context": {"page": {"url": "https://shop.example/other"}}}
    events = [VIEWS[0], TINY[0], VIEWS[0], other, other, VIEWS[0], TINY[0]]
    track(session="s", context={"page": {"url": "https://shop.example/first"}}, events=events)
    written = read(lambda conn: conn.scalar(select(JournalRow.facts)))
    first, second = "https://shop.example/first", "https://shop.example/other"
    assert json.dumps(written).count(first) == 2
    [fact], _ = read_facts(written)
    assert [page for _, page in fact.events] == [first, None, first, second, second, first, None]
