"""Merging two profiles by hand through the admin API."""

UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


def test_two_profiles_are_looked_at_merged_and_taken_apart(tool, make_source, record, broken) -> None:
    make_source()
    record("e1", session="s1", profile=UUID)
    record("e2", "e3", session="s2")
    asked = {"profile": UUID, "other": "profile-2"}
    looked = tool.ok("POST", "/api/profiles/merge", asked | {"dry_run": True})
    assert (looked["merged"], looked["survivor"], looked["loser"]) == (False, "profile-1", "profile-2")
    assert looked["events"] == {"survivor": 1, "loser": 2}
    assert tool.ok("GET", "/api/profiles/profile-2")["id"] == "profile-2"
    assert tool.ok("POST", "/api/profiles/merge", asked) == looked | {"merged": True}
    assert tool.ok("GET", "/api/profiles/profile-2")["events"] == 3
    assert tool("POST", "/api/profiles/merge", asked).status_code == 409
    assert tool("POST", "/api/profiles/merge", {"profile": UUID, "other": "nobody"}).status_code == 404
    assert tool("POST", "/api/profiles/merge", {"profile": UUID}).status_code == 422
    assert tool.ok("POST", "/api/profiles/unmerge", {"profile": "profile-2"})["survivor"] == "profile-1"
    assert broken() == {}


def test_two_people_are_merged_only_on_an_explicit_wish(tool, make_source, track, broken) -> None:
    make_source(identify="open")
    anna, bea = (
        track(session=name, events=[{"type": "identify", "properties": {"user_id": name}}])["profile"]["id"]
        for name in ("anna", "bea")
    )
    asked = {"profile": anna, "other": bea}
    assert tool.ok("POST", "/api/profiles/merge", asked | {"dry_run": True})["different_people"] is True
    refused = tool("POST", "/api/profiles/merge", asked)
    assert (refused.status_code, "different people" in refused.get_json()["detail"]) == (409, True)
    assert tool.ok("POST", "/api/profiles/merge", asked | {"different_people": True})["survivor"] == anna
    assert tool.ok("GET", f"/api/profiles/{bea}")["id"] == anna
    assert broken() == {}
