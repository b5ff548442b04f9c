"""The admin API: sources, profiles, sessions, events, reports, a page at a time."""

from urllib.parse import quote

import pytest

from tracker.core.model import Event
from tracker.store import listing

UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def pages(tool, path: str, limit: int) -> list[list[str]]:
    """Return the ids of every page of a list."""
    found, cursor = [], ""
    join = "&" if "?" in path else "?"
    for _ in range(50):
        page = tool.ok("GET", f"{path}{join}limit={limit}{cursor}")
        found.append([item["id"] for item in page["items"]])
        if page["next"] is None:
            return found
        cursor = f"&cursor={quote(page['next'])}"
    raise AssertionError("There is no end.")


@ONE_DATABASE
def test_how_long_a_source_keeps_what_it_sends_is_set_and_taken_back(tool) -> None:
    made = tool.ok("POST", "/api/sources", {"id": "shop", "name": "Shop", "settings": {"retentionDays": 30}})
    assert made["settings"] == {"retentionDays": 30}
    changed = tool.ok("PUT", "/api/sources/shop", made | {"settings": {"retentionDays": 36500, "spa": True}})
    assert tool.ok("GET", "/api/sources/shop") == changed
    assert changed["settings"] == {"retentionDays": 36500, "spa": True}
    assert tool.ok("PUT", "/api/sources/shop", made | {"settings": {}})["settings"] == {}


def test_a_source_is_made_shown_changed_and_deleted(tool, track) -> None:
    made = tool.ok("POST", "/api/sources", {"id": "a/b c", "name": "Shop", "origins": ["HTTPS://Shop.example:443"]})
    assert made["origins"] == ["https://shop.example"]
    assert (made["referrals"], made["enabled"], "secret" in made) == ("signed", True, False)
    path = f"/api/sources/{quote('a/b c')}"
    assert tool.ok("GET", path) == made
    assert tool("POST", "/api/sources", {"id": "a/b c", "name": "Again"}).status_code == 409
    changed = tool.ok("PUT", path, {"name": "Läden", "enabled": False, "links": ["blog.example"]})
    assert (changed["name"], changed["enabled"], changed["links"], changed["origins"]) == (
        "Läden",
        False,
        ["blog.example"],
        [],
    )
    assert tool("PUT", path, {"name": "x", "kind": "server"}).status_code == 409
    assert tool("DELETE", path).status_code == 204
    for method in ("GET", "PUT", "DELETE"):
        assert tool(method, path, {"name": "x"}).status_code == 404


def test_a_backends_secret_is_in_one_answer(tool, post) -> None:
    made = tool.ok("POST", "/api/sources", {"name": "Back", "kind": "server"})
    body = {"source": {"id": made["id"]}, "events": [{"type": "x"}]}
    assert post(body).status_code == 401
    assert post(body, Authorization=f"Bearer {made['secret']}").status_code == 200
    assert "secret" not in tool.ok("GET", f"/api/sources/{made['id']}")


NO_SOURCES = [
    ({}, ["body", "name"]),
    ({"name": ""}, ["body", "name"]),
    ({"name": "x", "kind": "z"}, ["body", "kind"]),
    ({"name": "x", "origins": ["nonsense"]}, ["body", "origins"]),
    ({"name": "x", "links": ["com"]}, ["body", "links"]),
    ({"name": "x", "auto": {"events": [[1]]}}, ["body", "auto"]),
    ({"name": "x", "auto": {"triggers": 7}}, ["body", "auto"]),
    ({"name": "x", "id": "\n"}, ["body", "id"]),
    ({"name": "x", "enabled": "false"}, ["body", "enabled"]),
    ([], ["body"]),
    (7, ["body"]),
    ({"name": "x", "settings": {"a" * 300: 1}}, ["body"]),
    ({"name": "x", "settings": {"retentionDays": 0}}, ["body", "settings"]),
    ({"name": "x", "settings": {"retentionDays": "30"}}, ["body", "settings"]),
    ({"name": "x", "settings": {"retentionDays": True}}, ["body", "settings"]),
]


@ONE_DATABASE
def test_what_an_owner_should_know_of_an_origin_is_in_the_answer_that_stores_it(tool) -> None:
    body = {"id": "app", "name": "App", "origins": ["ionic://localhost", "null"]}
    made = tool.ok("POST", "/api/sources", body)
    assert made["origins"] == ["ionic://localhost", "null"]
    assert "any site can send events" in made["warnings"][0]
    assert tool.ok("PUT", "/api/sources/app", body)["warnings"] == made["warnings"]
    assert "warnings" not in tool.ok("GET", "/api/sources/app")
    assert "warnings" not in tool.ok("PUT", "/api/sources/app", body | {"origins": ["ionic://localhost"]})


def test_what_cannot_be_a_source_is_said_at_its_field(tool) -> None:
    for body, loc in NO_SOURCES:
        answer = tool("POST", "/api/sources", body)
        assert answer.status_code == 422, body
        assert answer.get_json()["detail"][0]["loc"][: len(loc)] == loc, body


@ONE_DATABASE
def test_what_is_no_json_is_refused(tool) -> None:
    for data in [b"", b"{", b'{"name": "x", "name": "y"}', b"\xff", b"NaN", b"[" * 9_000]:
        assert tool("POST", "/api/sources", data=data).status_code == 422, data


@ONE_DATABASE
def test_too_large_a_body_is_refused_announced_or_not(tool) -> None:
    large = b'"' + b"x" * 1_100_000 + b'"'
    assert tool("POST", "/api/sources", data=large).status_code == 413
    assert tool("POST", "/api/sources", data=b"{}", content_type="text/html").status_code == 415


def test_lists_are_read_to_their_end_a_page_at_a_time(tool, make_source, record, clock) -> None:
    for name in ("a", "b", "c"):
        make_source(name)
    for number in range(5):
        clock.forward(number % 2)
        record(f"e{number}", source="abc"[number % 3], session=f"s{number}")
    assert pages(tool, "/api/sources", 2) == [["a", "b"], ["c"]]
    assert pages(tool, "/api/profiles", 2) == [["profile-1", "profile-2"], ["profile-3", "profile-4"], ["profile-5"]]
    assert pages(tool, "/api/sessions", 5) == [["s0", "s1", "s2", "s3", "s4"]]
    assert [one for page in pages(tool, "/api/events", 2) for one in page] == ["e0", "e1", "e2", "e3", "e4"]
    assert pages(tool, "/api/events?source=a", 1) == [["e0"], ["e3"]]


def test_events_are_found_by_whose_they_are_and_by_what_they_are(tool, make_source, record, clock, track) -> None:
    make_source("shop")
    make_source("blog")
    record(events=(Event("page-view", "a1"), Event("bought", "a2")), session="s1", profile=UUID)
    clock.forward(60)
    record("b1", session="s2", source="blog", profile=UUID)
    record("c1", session="s3")
    track("d1", session="s4", options={"saveProfile": False})
    for path, found in [
        (f"profile={UUID}", ["a1", "a2", "b1"]),
        (f"profile={UUID}&session=s1", ["a1", "a2"]),
        (f"profile={UUID}&source=blog", ["b1"]),
        ("session=s1&type=bought", ["a2"]),
        ("session=s3", ["c1"]),
        ("session=s4", ["d1"]),
        ("type=bought", ["a2"]),
        ("source=blog", ["b1"]),
        ("since=2025-06-01T12:01:00Z", ["b1", "c1", "d1"]),
        ("until=2025-06-01T12:01:00Z", ["a1", "a2"]),
        ("since=2025-06-01T12:01:00Z&until=2025-06-01T12:01:00Z", []),
        ("profile=nobody", []),
        ("session=none", []),
        ("profile=profile-1&session=s3", []),
    ]:
        listed = pages(tool, f"/api/events?{path}", 1)
        assert sorted(one for page in listed for one in page) == found, path
    assert pages(tool, f"/api/sessions?profile={UUID}", 10) == [["s1", "s2"]]


@ONE_DATABASE
def test_a_rare_type_is_looked_for_in_bounded_pieces(tool, make_source, record, monkeypatch) -> None:
    make_source()
    monkeypatch.setattr(listing, "SCANNED", 2)
    record(
        "e1", "e2", "e3", events=tuple(Event(kind, f"e{place}") for place, kind in enumerate("aabaabba")), session="s"
    )
    assert pages(tool, "/api/events?type=b", 2) == [[], ["e2"], ["e5"], ["e6"], []]


@ONE_DATABASE
def test_a_parameter_that_means_nothing_is_named(tool) -> None:
    for query in [
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=x",
        "cursor=",
        "cursor=WzFd",
        "cursor=%00",
        "since=yesterday",
        "until=1",
        "type=%00",
    ]:
        answer = tool("GET", f"/api/events?{query}")
        assert answer.status_code == 422, query
        assert answer.get_json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]


def test_one_person_visit_and_event_are_shown_and_deleted(
    tool, make_source, record, post, payload, broken, track
) -> None:
    make_source("shop")
    made = record(events=(Event("page-view", "e1"), Event("x", "e2")), session="s1", profile=UUID)
    assert tool.ok("GET", f"/api/profiles/{UUID}")["id"] == made.profile_id
    assert tool.ok("GET", "/api/sessions/s1")["profile"] == made.profile_id
    assert tool.ok("GET", "/api/events/e1")["session"] == "s1"
    assert tool.ok("GET", "/api/events/e1?source=shop")["type"] == "page-view"
    assert tool("GET", "/api/events/e1?source=blog").status_code == 404
    assert tool.ok("DELETE", "/api/events/e1") == {"deleted": 1}
    assert tool("DELETE", "/api/events/e1").status_code == 404
    # Neither is the rest of its batch broken, nor does a late retry bring it back.
    assert broken() == {}
    assert track("e1", session="s1")["errors"] == []
    assert tool("GET", "/api/events/e1").status_code == 404
    assert tool.ok("DELETE", "/api/sessions/s1") == {"deleted": 1}
    assert tool("GET", "/api/sessions/s1").status_code == 404
    assert tool.ok("DELETE", f"/api/profiles/{UUID}")["events"] == 1
    for path in (f"/api/profiles/{UUID}", "/api/events/e2", "/api/profiles/a%00b"):
        for method in ("GET", "DELETE"):
            assert tool(method, path).status_code == 404
    assert broken() == {}


def test_a_merge_is_undone_once(tool, sites, track, arriving) -> None:
    sites()
    survivor = track("e1", session="s1")["profile"]["id"]
    loser = track("e2", source="blog", session="s2")["profile"]["id"]
    track("e3", source="blog", session="s3", profile=loser, context=arriving(survivor))
    asked = {"profile": loser}
    assert tool.ok("POST", "/api/profiles/unmerge", asked) == {"profile": loser, "survivor": survivor}
    assert tool("POST", "/api/profiles/unmerge", asked).status_code == 404


def test_people_are_found_by_what_is_known_of_them(tool, make_source, track) -> None:
    make_source(identify="open")
    ada = {"type": "identify", "properties": {"email": "ada@love.dev", "traits": {"plan": "gold"}}}
    made = track(session="s1", events=[ada])["profile"]["id"]
    for asked in ("ADA@love.dev", "plan=gold", made):
        [found] = tool.ok("GET", f"/api/profiles?q={asked}")["items"]
        assert (found["id"], found["identified"], found["traits"]["plan"]) == (made, True, "gold")
    assert tool.ok("GET", "/api/profiles?q=nobody") == {"items": [], "next": None}


def test_what_was_kept_out_is_reported(tool, make_source, record) -> None:
    make_source()
    for number in range(3):
        record(events=(Event("big", f"e{number}", {"a": 1}, too_large=70_000),), session="s1")
    assert pages(tool, "/api/reports/quarantine", 2) == [["e0", "e1"], ["e2"]]
