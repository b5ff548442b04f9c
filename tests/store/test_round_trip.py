"""What is committed is found again, in a fixed number of statements."""

import pytest
from debian_postgres import BACKENDS
from sqlalchemy import Engine, event

from tracker.core.model import Claim, Event, IdentityKey, Payload, Times
from tracker.store import reports
from tracker.store.repository import known

pytestmark = pytest.mark.parametrize("backend", BACKENDS, indirect=True)

NOW = 1_748_779_200_000_000
UUIDS = [f"6ba7b810-9dad-41d1-80b4-{number:012d}" for number in range(200)]
HARD_VALUES = {
    "text": "Zürich, 東京, 🦊, \u2028, 'quoted', \"twice\", \\u0041, %s, :name",
    "small": -(2**63),
    "large": 2**63 - 1,
    "float": 0.1,
    "exponent": 1e-300,
    "zero": 0,
    "yes": True,
    "no": False,
    "nothing": None,
    "empty": {"list": [], "dict": {}, "text": ""},
    "nested": {"a": [{"b": [1, "2", None, {"c": [[]]}]}]},
    "": "an empty key",
    "B": 1,
    "a": 2,
}


def statements_of(engine: Engine, work) -> list[str]:
    """Return the statements that some work sends, without the ones that open and close a transaction."""
    seen: list[str] = []

    def hear(_conn, _cursor, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "SET LOCAL")):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", hear)
    return seen


@pytest.fixture(autouse=True)
def shop(make_source) -> None:
    make_source("shop")


def test_any_json_comes_back_just_as_it_was_on_either_database(read, record) -> None:
    told = Event("a", "e1", HARD_VALUES, {"context": HARD_VALUES}, tags=("ü", "", "x y"))
    record(events=(told,), session="s1", context={"c": HARD_VALUES}, properties=HARD_VALUES)

    [found] = read(reports.events)
    visit = read(reports.session, "s1")
    assert found["properties"] == HARD_VALUES
    assert list(found["properties"]) == list(HARD_VALUES), "the order of the keys is kept"
    assert found["properties"]["yes"] is True
    assert found["context"] == {"context": HARD_VALUES}
    assert found["tags"] == ["ü", "", "x y"]
    assert visit["context"] == {"c": HARD_VALUES}
    assert visit["properties"] == HARD_VALUES


def test_given_times_are_kept_and_missing_ones_are_the_servers(read, record, clock) -> None:
    year, second = 365 * 86_400_000_000, 1_000_000
    then = clock.now - 3 * year
    record(
        events=(Event("a", "e1", time=Times(then, then + second, then + year)), Event("b", "e2")),
        session="s1",
        session_times=Times(then, None, then + year),
        profile_times=Times(then + second, None, then + 2 * year),
    )
    first, second_event = read(reports.events)
    assert first["time"] == {
        "create": "2022-06-02T12:00:00.000Z",
        "insert": "2022-06-02T12:00:01.000Z",
        "update": "2023-06-02T12:00:00.000Z",
    }
    assert first["received_at"] == "2025-06-01T12:00:00.000Z"
    assert second_event["time"] == {
        "create": "2025-06-01T12:00:00.000Z",
        "insert": "2025-06-01T12:00:00.000Z",
        "update": None,
    }
    visit = read(reports.session, "s1")
    assert (visit["created"], visit["updated"]) == ("2022-06-02T12:00:00.000Z", "2023-06-02T12:00:00.000Z")
    person = read(reports.profile, "profile-1")
    assert (person["created"], person["updated"]) == ("2022-06-02T12:00:01.000Z", "2024-06-01T12:00:00.000Z")


def test_activity_moves_updated_on_and_a_new_context_replaces_the_old_one(read, record, clock) -> None:
    record("e1", session="s1", context={"screen": 1}, properties={"plan": "a"}, device={"user_agent": "x"})
    clock.forward(60)
    record("e2", session="s1", context={"screen": 2})
    visit = read(reports.session, "s1")
    person = read(reports.profile, "profile-1")
    assert visit["context"] == {"screen": 2}
    assert visit["properties"] == {"plan": "a"}, "an absent value takes nothing away"
    assert visit["device"] == {"user_agent": "x"}
    assert (visit["created"], visit["updated"]) == ("2025-06-01T12:00:00.000Z", "2025-06-01T12:01:00.000Z")
    assert person["updated"] == "2025-06-01T12:01:00.000Z"


def test_what_was_written_is_known_to_the_next_transaction(read, record, digest) -> None:
    record("e1", session="s1", profile=UUIDS[0])
    found = read(known, [record.payload("e1", session="s1", profile=UUIDS[0])], {}, digest, NOW)
    assert found.aliases == {UUIDS[0]: "profile-1", "profile-1": "profile-1"}
    assert found.live(UUIDS[0]).id == "profile-1"
    [row] = found.sessions["s1"]
    assert (row.id, row.client_id, row.profile_id) == ("s1", "s1", "profile-1")
    stored = found.events["shop", "e1"]
    assert (stored.profile_id, stored.session_id) == ("profile-1", "s1")


def test_an_event_id_counts_within_its_source_alone(read, record, make_source) -> None:
    make_source("blog")
    record("e1", session="s1")
    assert [fate for _, fate in record("e1", session="s2", source="blog").fates] == ["stored"]
    assert [fate for _, fate in record("e1", session="s3", source="blog").fates] == ["duplicate"]
    # A batch that asks for (shop, e2) and (blog, e1) must not take (shop, e1) or (blog, e2) for known.
    record("e2", session="s2", source="blog")
    both = record.batch(record.payload("e2", session="s1"), record.payload("e3", session="s2", source="blog"))
    assert [fate for answer in both for _, fate in answer.fates] == ["stored", "stored"]
    assert len(read(reports.events)) == 5


def test_a_session_that_stands_for_another_profiles_session_is_found_again(read, record, broken) -> None:
    record("e1", session="s1")
    other = record("e2", session="s2")
    assert other.profile_id == "profile-2"
    stand_in = record("e3", session="s1", profile="profile-2")
    again = record("e4", session="s1", profile="profile-2")
    assert stand_in.session_id not in ("s1", "s2")
    assert again.session_id == stand_in.session_id
    assert record("e5", session="s1").session_id == "s1"
    assert read(reports.session, stand_in.session_id)["client_id"] == "s1"
    assert broken() == {}


def test_a_batch_of_payloads_is_decided_in_order_and_each_sees_the_ones_before(read, record, broken) -> None:
    answers = record.batch(
        record.payload("e1", session="s1"),
        record.payload("e2", session="s1"),
        record.payload("e1", "e3", session="s1"),
        record.payload("e4", session="s2"),
    )
    assert [answer.profile_id for answer in answers] == ["profile-1", "profile-1", "profile-1", "profile-4"]
    assert [fate for answer in answers for _, fate in answer.fates] == [
        "stored",
        "stored",
        "duplicate",
        "stored",
        "stored",
    ]
    person = read(reports.profile, "profile-1")
    assert (person["visits"], person["events"]) == (1, 3)
    assert broken() == {}


def test_quarantined_events_are_kept_apart_with_the_beginning_of_what_they_said(read, record, broken) -> None:
    large = Event("big", "e1", {"text": "x" * 20_000}, too_large=70_000)
    answer = record(events=(large, Event("small", "e2")), session="s1")
    assert answer.fates == (("e1", "quarantined"), ("e2", "stored"))
    again = record(events=(large, Event("small", "e2")), session="s1")
    assert [fate for _, fate in again.fates][1] == "duplicate"
    [kept] = read(reports.quarantine)
    assert (kept["id"], kept["source"], kept["reason"], kept["size"]) == ("e1", "shop", "event-too-large", 70_000)
    assert kept["beginning"].startswith('{"type": "big", "id": "e1"')
    assert len(kept["beginning"]) == 16 * 1024
    assert [found["id"] for found in read(reports.events)] == ["e2"]
    assert broken() == {}


def test_reading_what_a_batch_needs_takes_at_most_four_selects_at_any_size(engine, read, record, digest) -> None:
    for number in range(0, 50, 2):
        record(f"e{number}", session=f"s{number}", profile=UUIDS[number])

    def payloads(count: int) -> list[Payload]:
        # Known and unknown sessions, profiles and events by turns, so that every question is asked.
        return [
            record.payload(f"e{n}", f"new-{n}", session=f"s{n}", profile=UUIDS[n], ids=(UUIDS[100 + n],))
            for n in range(count)
        ]

    claim = Claim(0, (IdentityKey("user_id", "7", ("h" * 40,)),))

    def selects(count: int, **more: object) -> list[str]:
        asked = [payload._replace(**more) for payload in payloads(count)]
        return statements_of(engine, lambda: read(known, asked, {}, digest, NOW))

    one, fifty = selects(2), selects(50)
    assert len(one) == len(fifty) == 1
    assert len(selects(50, claims=(claim,))) == 3, "who somebody is, and what they hold, take a question each"
    assert all(statement.lstrip().upper().startswith(("SELECT", "WITH")) for statement in fifty)


def test_a_whole_batch_takes_no_more_statements_than_a_small_one(engine, record) -> None:
    def batch(name: str, count: int) -> list[str]:
        payloads = [
            record.payload(f"{name}-{n}", f"{name}-{n}-b", session=f"{name}-{n}", context={"n": n}, properties={"n": n})
            for n in range(count)
        ]
        new = statements_of(engine, lambda: record.batch(*payloads))
        payloads = [
            record.payload(f"{name}-{n}-c", session=f"{name}-{n}", context={"n": n}, properties={"n": n})
            for n in range(count)
        ]
        return new + statements_of(engine, lambda: record.batch(*payloads))

    # A type of event is noted once.
    record("first", session="first")
    small, large = batch("small", 2), batch("large", 50)
    assert len(large) == len(small)
    assert len(small) <= 20
