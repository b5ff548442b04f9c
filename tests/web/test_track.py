"""What ``POST /track`` promises a client besides the seeds' own examples."""

import pytest

from tracker.store import reports

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


@pytest.fixture(autouse=True)
def shop(make_source) -> None:
    make_source("shop", referrals="off")


# Ids ---------------------------------------------------------------------------------------------------------------


@ONE_DATABASE
@pytest.mark.parametrize("nothing", [{}, {"session": None, "profile": None}, {"session": {"id": ""}}])
def test_without_ids_the_server_makes_them(nothing, post, payload, read) -> None:
    body = post(payload("e1") | nothing).get_json()
    assert body["profile"]["id"].startswith("profile-")
    assert body["session"]["id"].startswith("session-")
    assert body["warnings"] == []
    assert read(reports.session, body["session"]["id"])["profile"] == body["profile"]["id"]


@ONE_DATABASE
def test_the_task_is_a_new_id_for_every_request(track) -> None:
    tasks = [track("e1")["task"] for _ in range(3)]
    assert all(len(task) == 1 and task[0].startswith("request-") for task in tasks)
    assert len({task[0] for task in tasks}) == 3


def test_a_visitor_who_sends_back_what_was_answered_stays_one_visitor(track, read) -> None:
    first = track("e1")
    again = track("e2", session=first["session"]["id"], profile=first["profile"]["id"])
    assert (again["profile"], again["session"]) == (first["profile"], first["session"])
    new_visit = track("e3", session="another", profile=first["profile"]["id"])
    assert new_visit["profile"] == first["profile"]
    assert read(reports.profile, first["profile"]["id"])["visits"] == 2


def test_a_known_session_names_its_profile(track) -> None:
    first = track("e1", session="s1")
    assert track("e2", session="s1")["profile"] == first["profile"]
    assert track("e3", session="s1", profile="some-unknown-id")["profile"] == first["profile"]


def test_another_profiles_session_is_replaced_by_one_of_its_own_with_a_warning(track, read) -> None:
    first, second = track("e1", session="s1"), track("e2", session="s2")
    mixed = track("e3", session="s1", profile=second["profile"]["id"])
    assert mixed["profile"] == second["profile"]
    assert mixed["session"]["id"] not in ("s1", "s2")
    assert any("session" in warning for warning in mixed["warnings"])
    assert read(reports.session, "s1")["profile"] == first["profile"]["id"]
    assert track("e4", session="s1", profile=second["profile"]["id"])["session"] == mixed["session"]


def test_an_unknown_uuid_becomes_an_alias_and_other_unknown_ids_are_forgotten(track, read) -> None:
    person = track("e1", profile=UUID)["profile"]["id"]
    assert person != UUID
    assert track("e2", profile=UUID)["profile"]["id"] == person
    assert read(reports.profile, person)["ids"] == [person, UUID]
    stranger = track("e3", profile="a-guessable-id")
    assert stranger["profile"]["id"] != track("e4", profile="a-guessable-id")["profile"]["id"]
    assert stranger["warnings"]


@ONE_DATABASE
@pytest.mark.parametrize("nobody", ["null", "undefined", "NaN", "[object Object]", "0", "true", "anonymous", "Guest"])
def test_an_id_that_names_nobody_is_treated_as_absent(nobody: str, track, read) -> None:
    answers = [track(f"e{n}", session=nobody, profile=nobody) for n in range(2)]
    assert len({answer["profile"]["id"] for answer in answers}) == 2
    assert len({answer["session"]["id"] for answer in answers}) == 2
    assert all(len(answer["warnings"]) == 2 for answer in answers)
    assert read(reports.live_id, nobody) is None


def test_ids_are_opaque_and_trimmed(track, read) -> None:
    odd = "ä 🦊 <b>'\"\\%s;--"
    assert track("e1", session=f"  {odd}  ")["session"]["id"] == odd
    assert read(reports.session, odd)["client_id"] == odd
    longest = "x" * 128
    assert track("e2", session=longest)["session"]["id"] == longest


# Idempotence -------------------------------------------------------------------------------------------------------


def test_a_repeated_payload_is_stored_once_and_answered_alike(post, payload, read) -> None:
    ids = ["6ba7b810-9dad-41d1-80b4-00c04fd430c8", "6ba7b811-9dad-41d1-80b4-00c04fd430c8"]
    sent = payload(*ids)
    first, again = (post(sent).get_json() for _ in range(2))
    assert again["profile"] == first["profile"]
    assert again["session"] == first["session"]
    assert again["task"] != first["task"]
    assert [event["id"] for event in read(reports.events)] == ids
    assert read(reports.profile, first["profile"]["id"])["visits"] == 1


def test_who_guesses_an_event_id_is_not_given_the_profile_it_went_to(track, read) -> None:
    victim = track("order-1001", session="s1")
    guesser = track("order-1001")
    mixed = track("order-1001", "e2")
    assert guesser["profile"] == {}
    assert victim["profile"]["id"] != mixed["profile"]["id"]
    assert victim["session"]["id"] not in (guesser["session"]["id"], mixed["session"]["id"])
    assert read(reports.profile, victim["profile"]["id"])["events"] == 1


def test_within_one_payload_too_an_event_id_counts_once(track, read) -> None:
    answer = track("e1", "e1", options={"debugger": True})
    assert answer["events"] == [{"id": "e1", "fate": "stored"}, {"id": "e1", "fate": "duplicate"}]
    assert len(read(reports.events)) == 1


def test_events_without_ids_are_all_stored_each_with_an_id_of_its_own(post, payload, read) -> None:
    sent = payload() | {"events": [{"type": "a"}, {"type": "a", "id": ""}, {"type": "a", "id": None}]}
    post(sent)
    post(sent)
    assert len({event["id"] for event in read(reports.events)}) == 6


@ONE_DATABASE
@pytest.mark.parametrize("nothing", ["undefined", "null", "[object Object]"])
def test_an_event_id_that_names_nothing_is_replaced(nothing: str, track, read) -> None:
    warnings = [track(nothing)["warnings"] for _ in range(2)]
    assert len(read(reports.events)) == 2, "under such a key the second would have been lost"
    assert all("event id" in warning for [warning] in warnings)


def test_no_events_store_nothing_and_make_no_profile(track, read, rows_of) -> None:
    answer = track(session="s1")
    assert list(answer)[:8] == ["task", "ux", "response", "events", "profile", "session", "errors", "warnings"]
    assert answer["profile"] == {}
    assert rows_of("profile") == rows_of("session") == rows_of("event") == 0


@pytest.fixture
def rows_of(engine):
    def count(table: str) -> int:
        with engine.connect() as conn:
            return conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608 - our own names

    return count


# Options -----------------------------------------------------------------------------------------------------------


@ONE_DATABASE
@pytest.mark.parametrize("spelling", ["saveEvent", "saveEvents"])
def test_an_event_that_is_not_to_be_saved_is_not(spelling: str, track, read) -> None:
    answer = track("e1", options={spelling: False, "debugger": True})
    assert answer["events"] == [{"id": "e1", "fate": "not-saved"}]
    assert read(reports.events) == []
    assert read(reports.profile, answer["profile"]["id"])["visits"] == 1


def test_an_events_own_options_win_over_the_payloads(post, payload, read) -> None:
    events = [
        {"type": "kept", "id": "e1", "options": {"saveEvent": True}},
        {"type": "not", "id": "e2"},
        {"type": "neither", "id": "e3", "options": {"saveEvent": None}},
    ]
    post(payload() | {"events": events, "options": {"saveEvent": False}})
    assert [event["type"] for event in read(reports.events)] == ["kept"]


def test_without_the_session_the_events_are_still_stored(track, read, broken) -> None:
    answer = track("e1", session="s1", options={"saveSession": False})
    assert answer["session"] == {"id": "s1"}
    assert read(reports.session, "s1") is None
    assert read(reports.events)[0]["session"] == "s1"
    assert broken() == {}


def test_without_a_profile_none_is_written_and_none_returned(track, rows_of, broken) -> None:
    answer = track("e1", session="s1", options={"saveProfile": False})
    assert answer["profile"] == {}
    assert "pass" not in answer
    assert rows_of("profile") == rows_of("alias") == 0
    assert rows_of("event") == 1
    assert broken() == {}
    # Once a profile may be written, the session gets one.
    assert track("e2", session="s1")["profile"]["id"].startswith("profile-")
    assert broken() == {}


@ONE_DATABASE
def test_only_with_the_debugger_the_answer_tells_each_events_fate(track, post, payload) -> None:
    assert track("e1")["events"] == []
    assert track("e1", options={"debugger": True})["events"] == [{"id": "e1", "fate": "duplicate"}]
    one = payload() | {"events": [{"type": "a", "id": "e3", "options": {"debugger": True}}]}
    assert post(one).get_json()["events"] == [{"id": "e3", "fate": "stored"}]


@ONE_DATABASE
def test_options_without_an_effect_here_are_legal_whatever_they_hold(track, read) -> None:
    options = {"profile": False, "logs": {}, "fire": True, "asBeacon": "yes", "new": None}
    assert track("e1", options=options)["warnings"] == []
    assert len(read(reports.events)) == 1


@ONE_DATABASE
def test_prototypes_cannot_be_polluted_through_options(client, read) -> None:
    raw = '{"source": {"id": "shop"}, "events": [{"type": "a"}], "options": {"__proto__": {"debugger": true}}}'
    answer = client.post("/track", data=raw, content_type="application/json")
    assert answer.status_code == 200
    assert answer.get_json()["events"] == []


# What is stored ----------------------------------------------------------------------------------------------------


@ONE_DATABASE
def test_the_type_of_an_event_becomes_its_slug(post, payload, read) -> None:
    events = [{"type": name} for name in ("  Page View ", "page-view", "ÄRGER  \t oder Spaß")]
    post(payload() | {"events": events})
    assert [event["type"] for event in read(reports.events)] == ["page-view", "page-view", "ärger-oder-spaß"]


@ONE_DATABASE
def test_tags_of_the_payload_are_added_to_those_of_each_event(post, payload, read) -> None:
    events = [{"type": "a", "tags": ["own", "both"]}, {"type": "b"}]
    post(payload() | {"events": events, "tags": ["all", "both"]})
    assert [event["tags"] for event in read(reports.events)] == [["all", "both", "own"], ["all", "both"]]


@ONE_DATABASE
def test_unknown_keys_are_ignored_at_every_level(post, payload, read) -> None:
    sent = payload("e1", session="s1", profile=UUID)
    sent["unknown"] = sent["source"]["unknown"] = sent["session"]["unknown"] = sent["profile"]["unknown"] = {"a": 1}
    sent["events"][0]["unknown"] = [1]
    # What stands in the profile may be about the visitor, so that it does not go without a word.
    said = "These say nothing about the visitor here and were not kept; send an identify event: profile.unknown."
    assert post(sent).get_json()["warnings"] == [said]
    assert len(read(reports.events)) == 1


@ONE_DATABASE
@pytest.mark.parametrize("anything", [None, 7, "text", [], {"a": {"b": [None]}}, True])
def test_what_old_clients_send_malformed_is_never_validated(anything, post, payload) -> None:
    sent = payload("e1") | {"metadata": anything, "request": anything, "device": anything, "debug": anything}
    assert post(sent).status_code == 200


def test_link_parameters_never_reach_the_store(track, read, engine) -> None:
    url = "https://shop.example/?a=1&__tr_pid=SECRET-ID&__tr_src=shop&__tr_pass=SECRET-ID#top"
    track("e1", session="s1", context={"page": {"url": url, "referrer": {"host": "x.example", "href": url}}})
    with engine.connect() as conn:
        for table in ("session", "event", "merge", "alias"):
            assert "SECRET-ID" not in str(conn.exec_driver_sql(f"SELECT * FROM {table}").all())  # noqa: S608
    assert read(reports.session, "s1")["context"]["page"]["url"] == "https://shop.example/?a=1#top"


@ONE_DATABASE
def test_the_user_agent_is_kept_with_the_session(post, payload, read) -> None:
    post(payload("e1", session="s1"), User_Agent="A browser " + "x" * 2000)
    agent = read(reports.session, "s1")["device"]["user_agent"]
    assert agent.startswith("A browser")
    assert len(agent) == 1024


def test_nul_and_lone_surrogates_in_free_text_come_back_the_same_from_both_databases(client, read) -> None:
    raw = (
        '{"source": {"id": "shop"}, "session": {"id": "s1"}, "context": {"c": "a\\u0000b"},'
        ' "events": [{"type": "a", "properties": {"p": "x\\ud800y", "k\\u0000": 1}}]}'
    )
    answer = client.post("/track", data=raw, content_type="application/json")
    assert answer.status_code == 200
    assert answer.get_json()["warnings"]
    assert read(reports.events)[0]["properties"] == {"p": "x\ufffdy", "k\ufffd": 1}
    assert read(reports.session, "s1")["context"] == {"c": "a\ufffdb"}


def test_an_event_that_is_too_large_is_quarantined_and_the_rest_stored(post, payload, read, broken) -> None:
    large = {"type": "big", "id": "e1", "properties": {str(n): "x" * 15_000 for n in range(5)}}
    answer = post(payload("e2", options={"debugger": True}) | {"events": [large, {"type": "small", "id": "e2"}]})
    body = answer.get_json()
    assert answer.status_code == 200
    assert body["events"] == [{"id": "e1", "fate": "quarantined"}, {"id": "e2", "fate": "stored"}]
    assert len(body["errors"]) == 1
    assert [event["id"] for event in read(reports.events)] == ["e2"]
    [kept] = read(reports.quarantine)
    assert (kept["id"], kept["reason"]) == ("e1", "event-too-large")
    assert kept["size"] > 64 * 1024
    assert broken() == {}


# Times -------------------------------------------------------------------------------------------------------------

AT_SEVEN = "2025-05-01T07:00:00.000Z"


@ONE_DATABASE
@pytest.mark.parametrize(
    "written",
    [
        "2025-05-01 07:00:00",
        "2025-05-01 07:00:00.000",
        "2025-05-01T07:00:00",
        "2025-05-01T07:00:00Z",
        "2025-05-01T09:00:00+02:00",
        "2025-05-01T01:30:00.000-0530",
        1746082800,
        1746082800000,
        1746082800.0,
    ],
)
def test_times_are_read_in_every_documented_form(written, post, payload, read) -> None:
    events = [{"type": "a", "time": {"create": written, "insert": written, "update": written}}]
    assert post(payload() | {"events": events}).get_json()["warnings"] == []
    assert read(reports.events)[0]["time"] == {"create": AT_SEVEN, "insert": AT_SEVEN, "update": AT_SEVEN}


@pytest.mark.parametrize(
    "wrong", ["yesterday", "", "1999-12-31 23:59:59", "2025-06-02 12:00:01", True, [], {}, -1, 1e300]
)
def test_for_a_time_that_is_unreadable_or_out_of_range_the_servers_is_used(wrong, post, payload, read) -> None:
    answer = post(payload("e1") | {"events": [{"type": "a", "time": {"insert": wrong}}]}).get_json()
    [event] = read(reports.events)
    assert event["time"]["insert"] == event["received_at"] == "2025-06-01T12:00:00.000Z"
    assert len(answer["warnings"]) == 1


@ONE_DATABASE
def test_a_time_up_to_a_day_ahead_is_believed(post, payload, read) -> None:
    post(payload() | {"events": [{"type": "a", "time": {"insert": "2025-06-02 12:00:00"}}]})
    assert read(reports.events)[0]["time"]["insert"] == "2025-06-02T12:00:00.000Z"


@ONE_DATABASE
def test_a_client_whose_clock_is_wrong_is_corrected_by_when_it_says_it_sent(post, payload, read) -> None:
    # The browser believes it is ten years earlier; the event was an hour before it sent.
    events = [{"type": "a", "time": {"create": "2015-06-01 11:00:00"}}]
    post(payload() | {"events": events, "metadata": {"sentAt": "2015-06-01T12:00:00Z"}})
    assert read(reports.events)[0]["time"]["create"] == "2025-06-01T11:00:00.000Z"


def test_events_are_listed_as_they_came_in_whatever_times_they_claim(post, payload, read, clock) -> None:
    for number, year in enumerate((2024, 2010, 2020)):
        post(payload() | {"events": [{"type": "a", "id": f"e{number}", "time": {"create": f"{year}-01-01 00:00:00"}}]})
        clock.forward(1)
    assert [event["id"] for event in read(reports.events)] == ["e0", "e1", "e2"]
