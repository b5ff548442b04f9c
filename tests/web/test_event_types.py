"""Types of event: what is used stays, what somebody invents gives way, and an owner can make room."""

import ipaddress

import pytest
from sqlalchemy import event as happening
from sqlalchemy import insert

from tracker.core.event_types import ESTABLISHED, MOST_TYPES
from tracker.core.model import Source
from tracker.ingest.new_types import A_DAY
from tracker.store import event_types, reports, sources
from tracker.store.tables import EventTypeRow
from tracker.web.services import services


@pytest.fixture
def in_use(engine, clock):
    """Give a source types of event, as many as it may have unless told otherwise, each used in so many hours."""

    def fill(hours: int, *, types: int = MOST_TYPES) -> None:
        rows = [
            {"source_id": "shop", "type": f"type-{n}", "first_seen": clock() - n, "last_used": clock(), "hours": hours}
            for n in range(types)
        ]
        with engine.begin() as conn:
            conn.execute(insert(EventTypeRow), rows)

    return fill


@pytest.fixture
def types(read):
    """Return how many hours each type of a source was used in."""
    return lambda: {one.type: one.hours for one in read(event_types.listed, "shop")}


def test_where_all_types_are_in_use_a_new_one_goes_to_quarantine_and_the_known_ones_are_stored(
    make_source, track, read, another, payload, broken, in_use
) -> None:
    make_source("shop")
    make_source("blog")
    in_use(ESTABLISHED)
    events = [{"type": name, "id": f"e-{name}"} for name in ("type-7", "too-many", "too-many-again", "type-8")]
    answer = track(events=events, session="s1", options={"debugger": True})
    assert [event["fate"] for event in answer["events"]] == ["stored", "quarantined", "quarantined", "stored"]
    assert answer["errors"][0].startswith("Event 1 was quarantined: its type is new, and 2000 others are in use")
    assert [event["reason"] for event in read(reports.quarantine)] == ["too-many-event-types"] * 2
    # Another process, and another source.
    late = another().post("/track", json=payload(events=[{"type": "too-late"}, {"type": "type-1"}], session="s1"))
    assert late.get_json()["errors"][0].startswith("Event 0")
    assert track(source="blog", events=[{"type": "too-many"}])["errors"] == []
    assert broken() == {}


def test_types_that_somebody_invents_do_not_keep_out_the_ones_that_are_used(
    make_source, track, types, read, clock, in_use
) -> None:
    make_source("shop")
    in_use(1, types=MOST_TYPES - 1)
    track("e1", session="s1")
    assert len(types()) == MOST_TYPES
    # A type that comes after all of them is stored too, and takes the place of one that is used less.
    assert track(events=[{"type": "purchase", "id": "p1"}], session="s1")["errors"] == []
    assert (len(types()), {"page-view", "purchase"} <= types().keys()) == (MOST_TYPES, True)
    for hour in range(3):
        clock.forward(3600)
        track(f"v{hour}", session="s1")
        track(events=[{"type": "purchase", "id": f"p-{hour}"}], session="s1")
    assert (types()["page-view"], types()["purchase"]) == (4, 4)
    invented = [{"type": f"invented-{number}"} for number in range(500)]
    track(events=invented, session="s9")
    assert (types()["page-view"], types()["purchase"], len(types())) == (4, 4, MOST_TYPES)
    # Two of those that this network may bring today are used up already.
    assert len(read(reports.quarantine)) == 500 - (A_DAY - 2)


def test_what_was_not_used_for_long_gives_way_however_much_it_was_used_once(
    make_source, track, types, clock, in_use
) -> None:
    make_source("shop")
    in_use(1_000)
    clock.forward(30 * 86_400)
    assert track(events=[{"type": "purchase"}], session="s1")["errors"] == []
    assert (types()["purchase"], len(types())) == (1, MOST_TYPES)


def test_a_network_brings_so_many_new_types_a_day_and_no_more(make_source, another, payload, types, clock) -> None:
    make_source("shop")
    client = another(trusted_proxies=(ipaddress.ip_network("127.0.0.1/32"),))

    def bring(name: str, network: str, number: int = A_DAY) -> int:
        body = payload(events=[{"type": f"{name}-{n}"} for n in range(number)], session="s1")
        answer = client.post("/track", json=body, headers={"X-Forwarded-For": network})
        assert answer.status_code == 200
        return len(answer.get_json()["errors"])

    assert bring("a", "198.51.100.7", A_DAY - 1) == 0
    # What is there already costs nothing.
    assert bring("a", "198.51.100.8", A_DAY - 1) == 0
    assert bring("b", "198.51.100.9", 3) == 2
    assert bring("c", "203.0.113.1", 3) == 0
    assert len(types()) == A_DAY + 3
    clock.forward(86_400)
    assert bring("d", "198.51.100.7", 3) == 0


@pytest.fixture
def rows_read(app):
    """Return how many rows of types of event some work reads."""

    def count(work) -> int:
        rows: list[int] = []

        def note(conn, _cursor, statement: str, parameters, *_rest: object) -> None:
            if statement.startswith("SELECT event_type.") and "FOR UPDATE" not in statement:
                own = conn.connection.cursor()
                own.execute(f"SELECT count(*) FROM ({statement}) AS asked", parameters)  # noqa: S608
                rows.append(own.fetchone()[0])
                own.close()

        with app.app_context():
            engine = services().engine
        happening.listen(engine, "before_cursor_execute", note)
        try:
            work()
        finally:
            happening.remove(engine, "before_cursor_execute", note)
        return sum(rows)

    return count


@pytest.mark.parametrize("hours", [1, ESTABLISHED], ids=["types that give way", "types in use"])
def test_a_network_that_has_brought_its_new_types_has_no_more_rows_read_for_others(
    hours, make_source, track, types, in_use, rows_read
) -> None:
    make_source("shop")
    in_use(hours)

    def bring(name: str, number: int) -> list[str]:
        return track(events=[{"type": f"{name}-{n}"} for n in range(number)], session="s1")["errors"]

    assert rows_read(lambda: bring("first", 20)) >= MOST_TYPES
    # What is refused counts as well as what is noted.
    for number in range(1, A_DAY // 20):
        bring(f"more-{number}", 20)
    assert rows_read(lambda: bring("spent", 20)) == 0
    assert len(bring("spent", 20)) == 20
    assert len(types()) == MOST_TYPES


def test_a_type_that_another_process_has_noted_is_found_by_a_network_that_may_bring_none(
    make_source, track, another, payload, types, in_use, rows_read
) -> None:
    make_source("shop")
    in_use(1, types=500)
    track(events=[{"type": f"first-{n}"} for n in range(A_DAY)], session="s1")
    body = payload(events=[{"type": "elsewhere"}], session="s2")
    assert another().post("/track", json=body).get_json()["errors"] == []
    answers = []
    events = [{"type": "elsewhere"}, {"type": "nowhere"}, {"type": "type-7"}]
    assert rows_read(lambda: answers.append(track(events=events, session="s1"))) == 1
    assert [error[:7] for error in answers[0]["errors"]] == ["Event 1"]
    assert {"elsewhere", "type-7"} <= types().keys()


@pytest.mark.parametrize("ending", [{"options": {"saveEvent": False}}, {"tags": ["a"] * 33}], ids=["unsaved", "faulty"])
def test_an_event_that_is_not_stored_has_no_types_read(ending, make_source, track, in_use, rows_read) -> None:
    make_source("shop")
    in_use(ESTABLISHED)
    assert rows_read(lambda: track(events=[{"type": "nowhere"} | ending], session="s1")) == 0


def test_a_process_that_has_just_started_takes_no_known_type_for_a_new_one(
    make_source, another, payload, in_use
) -> None:
    make_source("shop")
    in_use(1, types=500)
    late = another()
    for start in (0, 250):
        body = payload(events=[{"type": f"type-{n}"} for n in range(start, start + 250)], session="s1")
        assert late.post("/track", json=body).get_json()["errors"] == []
    body = payload(events=[{"type": f"new-{n}"} for n in range(A_DAY)], session="s1")
    assert late.post("/track", json=body).get_json()["errors"] == []


def test_a_backend_brings_any_number_of_types(client, payload, engine, clock) -> None:
    _, secret = sources.create(engine, Source("crm", "CRM", kind="server"), clock())
    body = payload(source="crm", events=[{"type": f"type-{n}"} for n in range(A_DAY + 1)], session="s1")
    answer = client.post("/track", json=body, headers={"Authorization": f"Bearer {secret}"})
    assert answer.get_json()["errors"] == []


def test_an_owner_forgets_types_and_they_are_noted_again_when_they_come(
    make_source, tool, track, types, in_use, clock
) -> None:
    make_source("shop")
    in_use(ESTABLISHED)
    assert len(track(events=[{"type": "purchase", "id": "p1"}], session="s1")["errors"]) == 1
    listed = tool.ok("GET", "/api/event-types?source=shop")["items"]
    assert (len(listed), listed[0]["hours"]) == (MOST_TYPES, ESTABLISHED)
    assert tool("GET", "/api/event-types?source=nobody").status_code == 404
    given = {"source": "shop", "types": ["type-7", "type-8", "nothing"]}
    assert tool.ok("POST", "/api/event-types/forget", given) == {"forgotten": 2}
    assert track(events=[{"type": "purchase", "id": "p2"}], session="s1")["errors"] == []
    # This process still knows the type that was forgotten, until it would count its use.
    clock.forward(3600)
    assert track(events=[{"type": "type-7", "id": "t7"}], session="s1")["errors"] == []
    assert (types()["type-7"], types()["purchase"]) == (1, 1)
    assert "type-8" not in types()
