"""Waiting for the first event of a source, and the test event to try it with."""

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from web.conftest import PASSWORD, Console

from tracker.ingest.listeners import MOST, MOST_OF_USER, Listener
from tracker.store import attempts, reports
from tracker.store.accounts import Login, User
from tracker.store.live import Wanted
from tracker.web.services import services_of
from tracker.web.streaming import OPENED_TOO_OFTEN, OPENS

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def listening(app, console) -> Iterator[Callable[..., Iterator[list[dict[str, Any]]]]]:
    """Open a stream of the console, and yield what it tells, a list for each message."""
    services_of(app).feed._every = 0.001
    opened = []

    def listen(path: str, browser: Console = console, **headers: str) -> Iterator[list[dict[str, Any]]]:
        answer = browser.client.get(path, headers=headers, buffered=False)
        assert answer.status_code == 200, answer.text
        assert (answer.mimetype, answer.headers["X-Accel-Buffering"]) == ("text/event-stream", "no")
        opened.append(answer)
        messages = (re.search(rb"data: (.*)\n\n", part) for part in answer.iter_encoded())
        return (json.loads(found[1]) for found in messages if found)

    yield listen
    for answer in opened:
        answer.close()
    services_of(app).feed.ends_unless(lambda: False)


def text(told: dict[str, Any]) -> str:
    """Return what an entry says, without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", told["html"])).split())


def test_who_waits_is_told_what_was_turned_away_with_its_remedy(listening, make_source, post, payload, clock) -> None:
    make_source("shop", origins=("https://shop.example",))
    make_source("back", kind="server")
    told = listening("/source/waiting?id=shop")
    post(payload("e0"))
    expected: list[str] = []
    for send, says in (
        (lambda: post(payload("e1"), Origin="https://evil.example"), "https://evil.example is not among the origins"),
        (lambda: post(payload("e1", source="shap")), "sent for the source “shap”"),
        (lambda: post({"source": {"id": "shop"}, "events": [{}]}), "events.0.type: Missing data"),
        (lambda: post({"events": []}), "source: Missing data"),
        (lambda: post("<b>"), "The body must be a JSON object."),
        (lambda: post(payload("e1"), Content_Encoding="gzip"), "other than plain JSON"),
        (lambda: post({"x": "y" * 2_000_000}), "more than 1 MiB"),
    ):
        clock.forward(2)
        assert 400 <= send().status_code < 500
        expected.append(says)
    heard: list[str] = []
    while len(heard) < len(expected) + 1:
        heard += map(text, next(told))
    assert "without an origin is not among" in heard[0]
    for says in expected:
        assert any(says in one for one in heard), (says, heard)
    assert not any("<b>" in one for one in heard)


def test_a_page_that_loads_the_script_and_waits_for_consent_is_told_of(listening, make_source, client) -> None:
    make_source("shop", settings={"requireConsent": "analytics"})
    told = listening("/source/waiting?id=shop")
    client.get("/tracker?source_id=shop", headers={"Referer": "https://shop.example/page?x=1"})
    [entry] = next(told)
    assert not entry["good"]
    assert "https://shop.example has loaded the tracker." in text(entry)
    assert "tracker.consent({analytics: true})" in text(entry)


HEADLESS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("of_source", "headers", "says"),
    [
        ({}, {"Sec-GPC": "1"}, "This browser sends Global Privacy Control, so the tracker sends nothing."),
        ({"respectDoNotTrack": True}, {"DNT": "1"}, "This browser sends Do Not Track, so the tracker sends nothing."),
        ({}, {"User-Agent": HEADLESS}, "A program drives this browser, so the tracker sends nothing"),
        ({"respectGPC": False}, {"Sec-GPC": "1"}, "If no event follows"),
        ({"trackBots": True}, {"User-Agent": HEADLESS}, "If no event follows"),
    ],
)
def test_a_page_that_will_stay_silent_is_told_why_as_soon_as_it_asks_for_the_script(
    listening, make_source, client, of_source: dict[str, Any], headers: dict[str, str], says: str
) -> None:
    make_source("shop", settings=of_source, auto={"events": [["page-view", {}]]})
    told = listening("/source/waiting?id=shop")
    client.get("/tracker?source_id=shop", headers={"Referer": "https://shop.example/"} | headers)
    [entry] = next(told)
    assert says in text(entry)
    assert 'class="bad"' not in entry["html"]


def test_events_that_are_answered_with_200_and_not_stored_are_explained(
    listening, make_source, post, payload, clock, read
) -> None:
    make_source("shop", settings={"requireConsent": "analytics", "respectDoNotTrack": True})
    make_source("blog")
    told, of_blog = listening("/source/waiting?id=shop"), listening("/source/waiting?id=blog")
    agreed = {"context": {"consents": {"analytics": True}}}
    expected = []
    for body, headers, says in (
        (payload("e1", **agreed), {"Sec_GPC": "1"}, "sent events of a browser that sends Global Privacy Control."),
        (payload("e2", **agreed), {"DNT": "1"}, "sent events of a browser that sends Do Not Track."),
        (payload("e3"), {}, "sent events without the consent that this source needs."),
        (payload("e4", options={"saveEvents": False}, **agreed), {}, "sent events that are not to be stored."),
    ):
        clock.forward(2)
        answer = post(body, Origin="https://shop.example", **headers)
        assert answer.status_code == 200, answer.text
        expected.append(f"https://shop.example {says}")
    heard: list[str] = []
    while len(heard) < len(expected):
        heard += map(text, next(told))
    assert all(any(says in one for one in heard) for says in expected), heard
    assert read(reports.events) == []
    clock.forward(2)
    assert post(payload("b1", source="blog")).status_code == 200
    assert "page-view has arrived." in text(next(of_blog)[0])
    clock.forward(2)
    assert post(payload("b1", source="blog")).status_code == 200
    assert "sent events that are known already." in text(next(of_blog)[0])


def test_a_quota_that_is_used_up_and_a_full_disk_are_no_rate_limit(
    another, make_source, payload, clock, read, tmp_path
) -> None:
    make_source("shop", settings={"quota": "1/day"})
    for changes, says in (({}, "over-quota"), ({"disk_low_water": 2**62, "disk_folders": (tmp_path,)}, "disk-low")):
        client = another(**changes)
        services_of(client.application).feed._watch({"shop"}, clock())
        clock.forward(20)
        for number in range(2):
            answer = client.post("/track", json=payload(f"{says}-{number}"))
        assert answer.status_code in (429, 503)
        assert [one.reason for one in read(attempts.since, clock() - 1)] == [says]


def test_an_event_turns_it_green_and_one_that_is_kept_out_does_not(listening, make_source, track, clock) -> None:
    make_source("shop")
    told = listening("/source/waiting?id=shop")
    track(events=[{"type": "huge", "id": "big", "properties": {"x": ["y" * 10_000] * 8}}])
    [entry] = next(told)
    assert (entry["good"], "An event was kept out: It is larger" in text(entry)) == (False, True)
    track("e1")
    [entry] = next(told)
    assert (entry["good"], "page-view has arrived." in text(entry)) == (True, True)


def test_a_browser_that_comes_back_is_told_what_it_has_missed(listening, make_source, track, clock) -> None:
    make_source("shop")
    before = clock()
    track("missed")
    clock.forward(100)
    assert [one["key"] for one in next(listening("/live/stream", Last_Event_ID=str(before)))] == [
        "stored\nshop\nmissed"
    ]
    [one] = next(listening(f"/live/stream?since={before}"))
    assert one["key"] == "stored\nshop\nmissed"
    for nonsense in ("", "x", "9" * 30, "-1"):
        assert listening("/live/stream", **{"Last-Event-ID": nonsense})


def test_nothing_is_written_down_while_nobody_waits(console, make_source, post, payload, read) -> None:
    make_source("shop", origins=("https://shop.example",))
    console.get("/source?id=shop")
    assert post(payload("e1"), Origin="https://evil.example").status_code == 401
    assert read(attempts.since, 0) == []


def test_a_stream_ends_with_its_login(listening, console, make_source, engine) -> None:
    make_source("shop")
    told = listening("/source/waiting?id=shop")
    with engine.begin() as conn:
        conn.exec_driver_sql("DELETE FROM login_session")
    assert list(told) == ["Your login has ended. Reload this page to log in again."]
    assert console.get("/live/stream").status_code == 302


def test_a_test_event_is_stored_for_a_visitor_of_its_own_who_can_be_erased(console, make_source, read, engine) -> None:
    make_source("shop", origins=("https://shop.example",))
    console.get("/source?id=shop")
    answer = console.post("/source/test?id=shop")
    [stored] = read(reports.events)
    assert (stored["type"], stored["tags"], stored["properties"]) == (
        "test-event",
        ["handoff-test"],
        {"sent_by": "anna"},
    )
    assert "A test event was stored" in console.get(answer.location).text
    assert console.post("/source/test/erase?id=shop", event=stored["id"]).location == "/source?id=shop"
    assert read(reports.events) == []
    assert read(reports.profile, stored["profile"]) is None
    assert console.post("/source/test/erase?id=shop", event=stored["id"]).status_code == 404


def test_nobody_but_a_test_visitor_is_erased(console, make_source, record, read) -> None:
    make_source("shop")
    profile = record("e1", session="s1").profile_id
    assert console.post("/source/test/erase?id=shop", event="e1").status_code == 404
    assert read(reports.profile, profile) is not None


def test_a_disabled_source_takes_no_test_event(console, make_source, read) -> None:
    make_source("shop", enabled=False)
    answer = console.post("/source/test?id=shop")
    assert (answer.status_code, "Enable it first." in answer.text) == (422, True)
    assert read(reports.events) == []


def test_a_disabled_source_does_not_claim_to_wait_and_a_backend_is_not_told_of_snippets(console, make_source) -> None:
    make_source("shop", enabled=False)
    make_source("backend", kind="server")
    disabled, backend = console.get("/source?id=shop").text, console.get("/source?id=backend").text
    assert "Its events are refused until it is enabled." in disabled
    assert "Waiting for your first event" not in disabled
    assert "Send a test event" not in disabled
    assert "Let the backend send an event." in backend
    assert "Origins that may send" not in backend


def test_a_viewer_may_wait_too(console, browser_of, make_source, listening, track) -> None:
    make_source("shop")
    console.post("/account/users", name="ben", password=PASSWORD, role="viewer")
    viewer = browser_of()
    viewer.log_in("ben")
    assert "Send a test event" not in viewer.get("/source?id=shop").text
    track("e1")
    assert next(listening("/source/waiting?id=shop", viewer))[0]["good"]


def overs(answer) -> list[str]:
    """Return what a stream says as its last word."""
    return [json.loads(said) for said in re.findall(rb"event: over\ndata: (.*)\n\n", answer.data)]


def test_a_page_that_finds_no_place_is_told_so_in_a_way_that_it_can_show(app, console, make_user) -> None:
    feed = services_of(app).feed
    for number in range(MOST):
        user = User(f"u{number}", f"u{number}", "viewer", 0)
        feed._places[Listener(Wanted(), Login("", user, 0, 0, "", ""))] = None
    assert overs(console.get("/live/stream")) == [
        "Too many pages are live at once on this server. Reload this page in a while."
    ]
    feed._places.clear()


def test_a_user_who_opens_live_pages_all_the_time_is_told_to_wait_and_others_are_not(
    console, browser_of, make_user, clock
) -> None:
    for _ in range(OPENS.burst):
        console.client.get("/live/stream", buffered=False).close()
    assert overs(console.get("/live/stream")) == [OPENED_TOO_OFTEN]
    make_user("ben")
    ben = browser_of()
    ben.log_in("ben")
    ben.client.get("/live/stream", buffered=False).close()
    clock.forward(1)
    answer = console.client.get("/live/stream", buffered=False)
    assert next(iter(answer.response)) == b"retry: 3000\n\n"
    answer.close()


def test_the_oldest_of_too_many_pages_of_one_user_is_told_why_it_has_stopped(app, console) -> None:
    feed = services_of(app).feed
    feed._every = 0.001
    opened = [console.client.get("/live/stream", buffered=False) for _ in range(MOST_OF_USER + 1)]
    assert "the oldest of more than 6 live pages of yours" in overs(opened[0])[0]
    assert len(feed._places) == MOST_OF_USER
    for answer in opened:
        answer.close()
    assert not feed._places


def test_a_user_who_is_demoted_sees_no_more_of_what_owners_see(app, console, browser_of, make_user) -> None:
    services_of(app).feed._every = 0.001
    make_user("ben")
    ben = browser_of()
    ben.log_in("ben")
    stream = ben.client.get("/live/stream", buffered=False)
    console.sure("/account/users/id-of-ben", role="viewer")
    assert overs(stream) == ["Your role has changed. Reload this page."]
    stream.close()


def test_an_erased_test_visitor_is_not_left_in_the_files_beside_the_database(
    console, make_source, read, tmp_path
) -> None:
    make_source("shop")
    console.get("/source?id=shop")
    console.post("/source/test?id=shop")
    [stored] = read(reports.events)
    assert console.post("/source/test/erase?id=shop", event=stored["id"]).status_code == 303
    for file in tmp_path.glob("handoff.db*"):
        assert stored["profile"].encode() not in file.read_bytes(), file
