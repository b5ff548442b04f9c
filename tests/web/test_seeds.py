"""Every payload of the seeds is taken as it stands, answered in the documented shape, and stored as it says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracker.core.model import Source
from tracker.store import reports, sources

SEEDS = json.loads((Path(__file__).parents[1] / "cases" / "seed_payloads.json").read_text())
KEYS = ["task", "ux", "response", "events", "profile", "session", "errors", "warnings"]
NOW = "2025-06-01T12:00:00.000Z"
TOLD = {
    "create": "2023-01-01T00:00:00.000Z",
    "insert": "2023-01-01T00:00:01.000Z",
    "update": "2024-01-01T00:00:01.000Z",
}
UNTOLD = {"create": NOW, "insert": NOW, "update": None}


@pytest.fixture
def seed(client, engine, clock) -> Callable[[str], Any]:
    """Post a seed's payload, as often as wanted; a seed with ``profile.ids`` comes from a trusted source."""
    secrets: dict[str, str | None] = {}

    def post(name: str) -> Any:
        [case] = [case for case in SEEDS if case["name"] == name]
        source_id = case["payload"]["source"]["id"]
        if source_id not in secrets:
            wanted = Source(source_id, "Seed", kind="server" if case.get("trusted") else "browser", referrals="off")
            secrets[source_id] = sources.create(engine, wanted, clock())[1]
        headers = {"Authorization": f"Bearer {secrets[source_id]}"} if secrets[source_id] else {}
        return client.post("/track", json=case["payload"], headers=headers)

    return post


@pytest.mark.parametrize("name", [case["name"] for case in SEEDS])
def test_every_seed_payload_gets_the_documented_answer(name: str, seed, broken) -> None:
    answer = seed(name)
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert list(body) == KEYS
    assert body["ux"] == body["events"] == body["errors"] == []
    assert body["response"] == {}
    assert [type(entry) for entry in body["task"]] == [str]
    assert list(body["profile"]) == list(body["session"]) == ["id"]
    assert float(answer.headers["x-process-time"]) >= 0
    assert answer.content_type == "application/json"
    assert broken() == {}


@pytest.mark.parametrize("name", [case["name"] for case in SEEDS])
def test_the_answers_profile_and_session_are_the_ones_stored(name: str, seed, read) -> None:
    body = seed(name).get_json()
    person = read(reports.profile, body["profile"]["id"])
    assert person["id"] == body["profile"]["id"]
    stored = read(reports.events)
    assert {event["profile"] for event in stored} <= {person["id"]}
    assert {event["session"] for event in stored} <= {body["session"]["id"]}
    [case] = [case for case in SEEDS if case["name"] == name]
    assert body["session"]["id"] == case["payload"]["session"]["id"], "the client's session id is adopted"


def test_an_unknown_profile_id_that_is_no_uuid_is_forgotten_with_a_warning(seed, read) -> None:
    body = seed("full-fledged").get_json()
    assert body["profile"]["id"] != "bf0c8c8d3387-3ee63fc6-490a-4fd8bfb3"
    assert read(reports.live_id, "bf0c8c8d3387-3ee63fc6-490a-4fd8bfb3") is None
    assert any("unknown" in warning for warning in body["warnings"])


def test_of_the_full_fledged_payload_the_event_not_to_be_saved_is_left_out(seed, read) -> None:
    body = seed("full-fledged").get_json()
    events = read(reports.events)
    assert [(event["type"], event["properties"]) for event in events] == [
        ("consent-granted", {"marketing": False, "general": True}),
        ("product-in-basket", {"product": "Adidas sneakers", "price": 34.43}),
    ]
    # Two of the three events ask for no session, the third one does not: the session is written.
    assert read(reports.session, body["session"]["id"])["profile"] == body["profile"]["id"]


def test_the_minimalistic_payload_makes_one_profile_one_session_and_two_events(seed, read) -> None:
    body = seed("minimalistic").get_json()
    person = read(reports.profile, body["profile"]["id"])
    assert person["ids"] == [body["profile"]["id"]]
    assert (person["visits"], person["events"]) == (1, 2)
    assert person["sessions"] == ["d6823ba7013e-8dd8-4fc1-bd14-f14dc4b1"]
    assert [event["type"] for event in read(reports.events)] == ["page-view", "product-in-basket"]
    assert [event["time"] for event in read(reports.events)] == [UNTOLD, UNTOLD]


def test_session_times_are_used_when_the_session_is_created(seed, read) -> None:
    body = seed("session times").get_json()
    session = read(reports.session, "Session ID")
    assert (session["created"], session["updated"]) == (TOLD["create"], TOLD["update"])
    person = read(reports.profile, body["profile"]["id"])
    assert (person["created"], person["updated"]) == (NOW, NOW)


def test_profile_times_are_used_when_the_profile_is_created(seed, read) -> None:
    body = seed("profile times").get_json()
    person = read(reports.profile, body["profile"]["id"])
    assert (person["created"], person["updated"]) == (TOLD["create"], TOLD["update"])
    session = read(reports.session, "Session ID")
    assert (session["created"], session["updated"]) == (NOW, NOW)


def test_times_of_a_session_and_profile_that_exist_are_not_rewritten(seed, read, clock) -> None:
    seed("event payload")
    clock.forward(60)
    seed("session times")
    body = seed("profile times").get_json()
    assert read(reports.session, "Session ID")["created"] == NOW
    assert read(reports.profile, body["profile"]["id"])["created"] == NOW


def test_a_trusted_source_may_name_further_ids(seed, read) -> None:
    body = seed("profile ids").get_json()
    person = read(reports.profile, body["profile"]["id"])
    assert person["ids"] == [body["profile"]["id"], "id1", "id2", "id3"]
    for extra in ("id1", "id2", "id3"):
        assert read(reports.live_id, extra) == body["profile"]["id"]


def test_further_ids_from_a_page_are_ignored_with_a_warning(make_source, post, read) -> None:
    make_source("Source ID")
    [case] = [case for case in SEEDS if case["name"] == "profile ids"]
    body = post(case["payload"]).get_json()
    assert any("profile.ids" in warning for warning in body["warnings"])
    assert read(reports.profile, body["profile"]["id"])["ids"] == [body["profile"]["id"]]
    assert read(reports.live_id, "id1") is None


def test_the_track_context_is_saved_in_the_session(seed, read) -> None:
    seed("tracker context")
    [case] = [case for case in SEEDS if case["name"] == "tracker context"]
    session = read(reports.session, "d6823ba7013e-8dd8-4fc1-bd14-f14dc4b1")
    assert session["context"] == case["payload"]["context"]
    assert session["context"]["location"]["zip"] == "3100"
    assert [event["context"] for event in read(reports.events)] == [{}]


def test_an_event_context_with_the_page_as_a_plain_url_is_saved_in_the_event(seed, read) -> None:
    seed("event context")
    assert [event["context"] for event in read(reports.events)] == [{"page": "http://tracardi.com"}]
    assert read(reports.session, "d6823ba7013e-8dd8-4fc1-bd14-f14dc4b1")["context"] == {}


def test_with_saving_switched_off_for_all_neither_event_nor_session_is_stored(seed, read) -> None:
    body = seed("options").get_json()
    assert read(reports.events) == []
    assert read(reports.session, body["session"]["id"]) is None
    assert read(reports.profile, body["profile"]["id"])["visits"] == 0


def test_event_times_are_the_ones_given_and_received_at_is_the_servers(seed, read) -> None:
    seed("event times")
    [event] = read(reports.events)
    assert event["time"] == TOLD
    assert event["received_at"] == NOW


def test_all_seeds_together_leave_a_sound_store_and_can_be_sent_again(seed, read, clock, broken) -> None:
    # A trusted source for the one id that the seeds use both ways, so that all of them are taken as they stand.
    for name in ("profile ids", *(case["name"] for case in SEEDS)) * 2:
        assert seed(name).status_code == 200, name
        clock.forward(1)
    assert broken() == {}
    sessions = ("Session ID", "d6823ba7013e-8dd8-4fc1-bd14-f14dc4b1", "bfb3-bf0c8c8d3387-3ee63fc6-490a-4fd8")
    people = [read(reports.session, session_id)["profile"] for session_id in sessions]
    assert len(set(people)) == 3
    assert [read(reports.profile, person)["visits"] for person in people] == [1, 1, 1]
