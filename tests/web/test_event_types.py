"""Types of event: what is used stays, what somebody invents gives way, and an owner can make room."""

import ipaddress

import pytest
from sqlalchemy import insert

from tracker.core.event_types import ESTABLISHED, MOST_TYPES
from tracker.core.model import Source
from tracker.ingest.new_types import A_DAY
from tracker.store import event_types, reports, sources
from tracker.store.tables import EventTypeRow


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
