"""Consent, Global Privacy Control and Do Not Track, as whoever posts to the server meets them."""

import pytest

from tracker.store import people, reports
from tracker.store.engine import transaction


def consent(kind: str, event_id: str, **names: bool) -> dict[str, object]:
    return {"type": f"consent-{kind}", "id": event_id, "properties": names}


@pytest.fixture
def erase(engine, clock, digest):
    return lambda alias: transaction(engine, lambda conn: people.erase(conn, alias, clock(), digest))


def test_a_visitor_agrees_comes_back_and_takes_it_back(make_source, track, read, clock, broken) -> None:
    make_source("shop", settings={"requireConsent": "analytics"})
    before = track("e1", session="s1")
    assert (before["profile"], before["session"]) == ({}, {"id": "s1"})
    assert [*map(str, before["warnings"])] == [
        "This source requires consent; nothing of what came without it was stored."
    ]
    assert (read(reports.events), read(reports.session, "s1")) == ([], None)

    view = {"type": "page-view", "id": "e1"}
    agreed = track(session="s1", events=[view, consent("granted", "e2", analytics=True)])
    profile = agreed["profile"]["id"]
    assert [event["id"] for event in read(reports.events)] == ["e1", "e2"]
    assert read(reports.profile, profile)["consents"] == {"analytics": True}

    clock.forward(60)
    assert track("e3", profile=profile, session="s2")["profile"]["id"] == profile
    clock.forward(60)
    track(session="s2", profile=profile, events=[consent("revoked", "e4", analytics=False), {"type": "b", "id": "e5"}])
    assert track("e6", session="s2", profile=profile, context={"consents": {"analytics": True}})["profile"] == {}
    assert [event["id"] for event in read(reports.events)] == ["e1", "e2", "e3", "e4"]
    assert read(reports.profile, profile)["consents"] == {"analytics": False}
    assert broken() == {}


def test_who_was_forgotten_is_a_new_visitor_by_what_the_page_remembers(make_source, track, read, erase) -> None:
    make_source("shop", settings={"requireConsent": True})
    stated = {"consents": {"analytics": True}}
    first = track("e1", session="s1", context=stated)["profile"]["id"]
    erase(first)
    second = track("e2", session="s1", profile=first, context=stated)["profile"]["id"]
    assert second != first
    assert read(reports.profile, second)["consents"] == {"analytics": True}


def test_one_consent_counts_on_every_site_of_an_owner_until_it_is_taken_back_on_any(make_source, track, read) -> None:
    for name in ("shop", "blog"):
        make_source(name, settings={"requireConsent": "analytics"})
    profile = track(session="s1", events=[consent("granted", "e1", analytics=True)])["profile"]["id"]
    assert track("e2", source="blog", session="s2", profile=profile)["profile"]["id"] == profile
    track(source="blog", session="s2", profile=profile, events=[consent("revoked", "e3", analytics=False)])
    assert track("e4", session="s1", profile=profile)["profile"] == {}


def test_a_withdrawal_is_kept_behind_many_others_and_in_any_spelling(make_source, track, read, broken) -> None:
    make_source("shop", settings={"requireConsent": "analytics"})
    agreed = consent("granted", "e1", analytics=True)
    profile = track(session="s1", events=[agreed])["profile"]["id"]
    many = {f"c{number:02}": False for number in range(50)}
    taken = track(session="s1", profile=profile, events=[consent("revoked", "e2", **many, analytics="false")])
    assert taken["warnings"] == ["This profile holds as many consents as one may; these were not kept: c49."]
    # Its answer was lost, so the page sends the agreement again.
    track(session="s1", profile=profile, events=[agreed])
    assert track("e3", session="s1", profile=profile)["profile"] == {}
    assert read(reports.profile, profile)["consents"]["analytics"] is False
    assert broken() == {}


def test_consents_of_two_profiles_that_became_one_are_both_known(make_source, sites, track, arriving, read) -> None:
    sites()
    make_source("strict", settings={"requireConsent": "analytics"})
    first = track(session="s1", events=[consent("granted", "e1", analytics=True)])["profile"]["id"]
    second = track("e2", source="blog", session="s2")["profile"]["id"]
    merged = track("e3", source="blog", session="s2", profile=second, context=arriving(first))["profile"]["id"]
    assert merged == first
    assert track("e4", source="strict", session="s3", profile=first)["profile"]["id"] == first
    assert read(reports.profile, second)["consents"] == {"analytics": True}


def test_a_dry_run_tells_the_names_that_would_be_noted(make_source, post, payload) -> None:
    make_source("shop", settings={"requireConsent": True})
    body = payload(session="s1", events=[consent("granted", "e1", b=True, a=False)])
    told = post(body, path="/track?dry_run=1").get_json()["would"]
    assert {"do": "set-consents", "profile": "profile-1", "names": ["a", "b"]} in told
    assert post(payload("e1"), path="/track?dry_run=1").get_json()["would"] == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("configured", "headers", "stored"),
    [
        ({}, {"Sec-GPC": "1"}, False),
        ({}, {"Sec-GPC": "0"}, True),
        ({"respectGPC": False}, {"Sec-GPC": "1"}, True),
        ({}, {"DNT": "1"}, True),
        ({"respectDoNotTrack": True}, {"DNT": "1"}, False),
        ({"respectDoNotTrack": True}, {"DNT": "0"}, True),
    ],
)
def test_the_headers_of_a_browser_that_objects_are_honoured(
    make_source, post, payload, read, configured, headers, stored
) -> None:
    make_source("shop", settings=configured)
    answer = post(payload("e1", session="s1"), **headers)
    assert answer.status_code == 200
    assert bool(read(reports.events)) == stored
    assert bool(answer.get_json()["profile"]) == stored
    assert read(reports.quarantine) == []
