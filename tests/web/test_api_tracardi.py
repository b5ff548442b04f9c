"""What tools made for Tracardi call, as they call it, and the shapes they look for."""

import uuid

import pytest

UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
OTHER = "7d444840-9dc0-41d1-b245-5ffdce74fad2"
ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def event_source(source_id: str, kind: object = "rest") -> dict[str, object]:
    return {
        "id": source_id,
        "type": kind,
        "name": source_id,
        "timestamp": "2022-01-07T16:18:09.278Z",
        "enabled": True,
        "returns_profile": True,
        "config": {},
    }


@pytest.mark.parametrize("address", ["event-source", "resource"])
def test_an_event_source_is_made_used_shown_and_deleted(tool, address, track) -> None:
    made = str(uuid.uuid4())
    for _ in range(2):
        assert tool.ok("POST", f"/{address}", event_source(made)) == {"saved": 1, "errors": [], "ids": [made]}
    assert tool("GET", f"/{address}s/refresh").status_code == 200
    shown = tool.ok("GET", f"/{address}/{made}")
    assert (shown["id"], shown["type"], shown["enabled"]) == (made, ["rest"], True)
    assert track("e1", source=made, session="s1")["profile"]["id"]
    assert tool.ok("DELETE", f"/{address}/{made}") is True
    for method in ("GET", "DELETE"):
        answer = tool(method, f"/{address}/{made}")
        assert (answer.status_code, answer.get_json()) == (404, None)


@ONE_DATABASE
def test_saving_a_source_again_changes_its_name_and_state_and_nothing_else(tool) -> None:
    tool.ok("POST", "/api/sources", {"id": "shop", "name": "Shop", "links": ["blog.example"], "identify": "open"})
    tool.ok("POST", "/event-source", event_source("shop", ["rest"]) | {"name": "Laden", "enabled": False})
    shown = tool.ok("GET", "/api/sources/shop")
    assert (shown["name"], shown["enabled"], shown["links"], shown["identify"]) == (
        "Laden",
        False,
        ["blog.example"],
        "open",
    )


@ONE_DATABASE
def test_a_source_of_an_unknown_type_is_refused(tool) -> None:
    for kind in ("unknown-type", None, 7, ["rest", "unknown-type"]):
        assert tool("POST", "/event-source", event_source("2", kind)).status_code == 422, kind
    assert tool("POST", "/event-source", {"id": "x", "type": "rest", "name": "\n\x07"}).status_code == 422
    # The older address never knew any types.
    assert tool("POST", "/resource", event_source("2", "mysql")).status_code == 200


def test_an_event_is_shown_with_the_objects_it_names(tool, make_source, track) -> None:
    make_source("shop")
    body = [{"type": "test", "id": "e1", "properties": {"a": 1}, "context": {"test": 1}, "tags": ["x"]}]
    profile = track(session="s1", events=body)["profile"]["id"]
    for noun in ("events", "sessions", "profiles"):
        assert tool.ok("GET", f"/{noun}/refresh") is True
    event = tool.ok("GET", "/event/e1")["event"]
    assert (event["id"], event["type"], event["properties"], event["context"]) == ("e1", "test", {"a": 1}, {"test": 1})
    assert (event["profile"], event["session"], event["source"]) == ({"id": profile}, {"id": "s1"}, {"id": "shop"})
    assert event["tags"] == {"values": ["x"]}
    assert event["metadata"]["time"]["insert"].startswith("2025-06-01T12:00:00")
    session = tool.ok("GET", "/session/s1")
    assert (session["id"], session["profile"]) == ("s1", {"id": profile})
    assert tool.ok("GET", f"/profile/{profile}")["stats"] == {"visits": 1}
    for path in ("/event/e1", "/session/s1", f"/profile/{profile}"):
        assert tool.ok("DELETE", path)["deleted"] == 1, path
        for method in ("GET", "DELETE"):
            answer = tool(method, path)
            assert (answer.status_code, answer.get_json()) == (404, None), f"{method} {path}"


@pytest.mark.parametrize("path", ["/profiles/import", "/api/profiles/import"])
def test_a_profile_that_is_brought_in_is_there_with_its_own_id(tool, path, make_source, track) -> None:
    make_source()
    assert tool("GET", f"/profile/{UUID}").status_code == 404
    given = [
        {"id": UUID, "ids": [OTHER], "traits": {"name": "Ada"}, "metadata": {"time": {"insert": "2021-03-04 05:06:07"}}}
    ]
    assert tool.ok("POST", path, given) == {"saved": 1, "errors": [], "ids": [UUID]}
    shown = tool.ok("GET", f"/profile/{OTHER}")
    assert (shown["id"], shown["ids"], shown["traits"]) == (UUID, [UUID, OTHER], {"name": "Ada"})
    assert shown["created"] == "2021-03-04T05:06:07.000Z"
    assert [person["id"] for person in tool.ok("GET", "/api/profiles?q=ada")["items"]] == [UUID]
    assert track("e1", session="s1", profile=UUID)["profile"]["id"] == UUID


def test_an_own_id_that_can_be_guessed_names_its_profile_to_everyone_as_the_docs_say(tool, make_source, track) -> None:
    make_source(links=("blog.example",))
    tool.ok("POST", "/profiles/import", [{"id": "cust-1001", "ids": ["cust-1002"]}])
    guessed = track("e1", session="s1", profile="cust-1001")
    assert guessed["profile"] == {"id": "cust-1001"}
    assert guessed["pass"]
    assert tool.ok("GET", "/event/e1")["event"]["profile"] == {"id": "cust-1001"}
    assert track("e2", session="s2", profile="cust-1002")["profile"]["id"] != "cust-1001"


def test_bringing_people_in_twice_changes_nothing(tool, clock, broken) -> None:
    given = [{"id": UUID, "ids": [OTHER], "traits": {"name": "Ada", "tags": ["a"]}}, {"id": "customer-7"}, {"id": UUID}]
    first = tool.ok("POST", "/profiles/import", given)
    before = tool.ok("GET", f"/profile/{UUID}"), tool.ok("GET", "/api/profiles")
    clock.forward(60)
    assert tool.ok("POST", "/profiles/import", given) == first
    assert (tool.ok("GET", f"/profile/{UUID}"), tool.ok("GET", "/api/profiles")) == before
    assert broken() == {}


def test_what_is_known_better_and_whose_an_id_is_stay(tool, clock) -> None:
    tool.ok("POST", "/profiles/import", [{"id": UUID, "traits": {"plan": "gold"}}, {"id": "b", "ids": [OTHER]}])
    clock.forward(60)
    old = {"time": {"create": "2020-01-01 00:00:00", "update": "2021-01-01 00:00:00"}}
    said = tool.ok(
        "POST",
        "/profiles/import",
        [{"id": UUID, "ids": [OTHER], "traits": {"plan": "free", "hat": 1}, "metadata": old}],
    )
    assert said == {"saved": 1, "errors": ["Profile 1: one of its ids belongs to another profile."], "ids": [UUID]}
    assert tool.ok("GET", f"/profile/{UUID}")["traits"] == {"plan": "gold", "hat": 1}
    assert tool.ok("GET", f"/profile/{OTHER}")["id"] == "b"


def test_traits_that_a_person_has_no_room_for_are_named_in_the_answer(tool, broken) -> None:
    many = {f"t{number:03}": number for number in range(201)}
    large = [{"id": UUID, "traits": {f"l{number}": "x" * 15_000 for number in range(20)}} for _ in range(2)]
    said = tool.ok("POST", "/profiles/import", [{"id": "b", "traits": many}, *large])
    limits = "a person holds at most 200 traits of 256 KB together; these were not kept"
    assert said["errors"] == [
        f"Profile 1: {limits}: t200.",
        f"Profile 2: {limits}: l17, l18, l19.",
        f"Profile 3: {limits}: l17, l18, l19.",
    ]
    assert len(tool.ok("GET", "/profile/b")["traits"]) == 200
    again = tool.ok("POST", "/profiles/import", [{"id": UUID, "traits": {"l18": "x" * 15_000, "small": 1}}])
    assert again["errors"] == [f"Profile 1: {limits}: l18."]
    assert set(tool.ok("GET", f"/profile/{UUID}")["traits"]) == {f"l{number}" for number in range(17)} | {"small"}
    assert broken() == {}


def test_who_was_erased_is_not_brought_back(tool, broken) -> None:
    tool.ok("POST", "/profiles/import", [{"id": UUID}])
    tool.ok("DELETE", f"/profile/{UUID}")
    said = tool.ok("POST", "/profiles/import", [{"id": UUID}, {"id": "b", "ids": [UUID]}, {"id": "null"}])
    assert said == {
        "saved": 1,
        "errors": [
            "Profile 1: its id was erased.",
            "Profile 2: one of its ids was erased.",
            "Profile 3: its id names nobody.",
        ],
        "ids": ["b"],
    }
    assert broken() == {}


NO_LISTS = [
    ({}, ["body"]),
    ([1], ["body", 0]),
    ([{"id": ""}], ["body", 0, "id"]),
    ([{"id": "a"}, {}], ["body", 1, "id"]),
    ([{"id": "a", "ids": ["x"] * 11}], ["body", 0, "ids"]),
    ([{"id": str(number)} for number in range(501)], ["body", "length"]),
]


@ONE_DATABASE
def test_what_is_no_list_of_profiles_is_refused_as_a_whole(tool) -> None:
    for given, loc in NO_LISTS:
        answer = tool("POST", "/profiles/import", given)
        assert answer.status_code == 422, loc
        assert answer.get_json()["detail"][0]["loc"] == loc
    assert tool.ok("GET", "/api/profiles")["items"] == []


@ONE_DATABASE
def test_a_time_that_cannot_be_read_keeps_nobody_out(tool) -> None:
    for number, metadata in enumerate((7, "x", {"time": 7}, {"time": {"insert": "never", "update": []}}, None)):
        tool.ok("POST", "/profiles/import", [{"id": f"p{number}", "metadata": metadata, "traits": None}])
        assert tool.ok("GET", f"/profile/p{number}")["created"] == "2025-06-01T12:00:00.000Z", metadata
