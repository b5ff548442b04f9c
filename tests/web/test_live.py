"""Events as they come in, one in full, and the quarantine."""

import html
import re

import pytest
from web.conftest import PASSWORD

from tracker.core.refusal import Unavailable
from tracker.store import quarantine, reports
from tracker.web.live import _A_PAGE

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
HUGE = {"type": "huge", "id": "huge", "properties": {"x": ["y" * 10_000] * 8}}
# Too large for what nobody reads, so that all of it that counts was kept.
WHOLE = {"type": "whole", "id": "whole", "properties": {"a": 1}, "more": ["y" * 10_000] * 8}


def keys(page: str) -> list[str]:
    return [key.split("\n")[-1] for key in re.findall(r'data-key="([^"]+)"', page)]


def test_the_newest_events_are_listed_and_filtered_by_source_type_and_person(console, make_source, track) -> None:
    make_source("shop", name="Shop & Co")
    make_source("blog")
    person = track("e1", session="s1")["profile"]["id"]
    track(source="blog", events=[{"type": "Sign Up", "id": "e2"}, HUGE])
    page = console.get("/live").text
    assert sorted(keys(page)) == ["e1", "e2", "huge"]
    assert "Shop &amp; Co" in page
    for query, found in (
        ("source=shop", ["e1"]),
        ("type=Sign+Up", ["e2"]),
        (f"profile={person}", ["e1"]),
        ("type=huge&source=blog", ["huge"]),
        ("source=%3Cb%3E&type=%00&profile='--", []),
    ):
        assert keys(console.get(f"/live?{query}").text) == found, query
    assert "Nothing yet that fits" in console.get("/live?type=none").text


def test_one_event_is_shown_with_its_json_its_context_and_what_became_of_it(console, make_source, track) -> None:
    make_source("shop")
    properties = {"note": "</pre><b>", "é": [1, None]}
    told = track(
        session="s1",
        context={"page": {"url": "https://shop.example/"}},
        events=[{"type": "order", "id": "a/b ?", "properties": properties, "context": {"c": 1}, "tags": ["new"]}],
    )
    [link] = re.findall(r'href="(/event\?[^"]+)"', console.get("/live").text)
    page = console.get(html.unescape(link)).text
    for said in (
        told["profile"]["id"],
        "s1",
        "new",
        "&lt;/pre&gt;&lt;b&gt;",
        "&#34;c&#34;: 1",
        "shop.example",
        "stored",
    ):
        assert said in page, said
    assert "<b>" not in page


def test_an_event_of_a_merged_visitor_says_who_it_was_then(console, make_source, record, engine, clock) -> None:
    from tracker.core.steps import MergeProfiles
    from tracker.store.applying import apply
    from tracker.store.engine import transaction

    make_source("shop")
    loser, survivor = record("e1", session="s1").profile_id, record("e2", session="s2").profile_id
    merge = MergeProfiles("m1", loser, survivor, "referral", clock())
    transaction(engine, lambda conn: apply(conn, [merge]))
    assert f"was {loser} then, merged since" in console.get("/event?source=shop&id=e1").text


def test_an_event_that_is_not_there_is_a_page_that_says_so_and_one_in_quarantine_is_found_there(
    console, make_source, track
) -> None:
    make_source("shop")
    track(events=[HUGE])
    assert console.get("/event?source=shop&id=none").status_code == 404
    assert console.get("/event").status_code == 404
    assert console.get("/event?source=shop&id=%00").status_code == 404
    assert console.get("/live?source=%00&profile=%00&type=%00").status_code == 200
    assert console.get("/quarantine?source=%00&before=1.%00%0Ax").status_code == 200
    assert console.post("/quarantine/replay", source="shop", id="\0").status_code == 422
    assert console.post("/source/test/erase?id=shop", event="\0").status_code == 404
    there = console.get("/event?source=shop&id=huge").location
    assert "cut off: cannot be replayed" in console.get(there).text
    assert "There is nothing here" in console.get("/quarantine?source=shop&id=none").text


def test_what_was_kept_out_whole_is_replayed_and_the_rest_says_why_not(
    console, make_source, track, read, broken
) -> None:
    make_source("shop")
    track(events=[HUGE, WHOLE], session="s1")
    page = console.get("/quarantine").text
    assert page.count("It is larger than one event may be.") == 2
    assert page.count('value="whole">Replay') == 1
    assert 'value="huge">Replay' not in page
    answer = console.post("/quarantine/replay", source="shop", id="whole")
    assert (answer.status_code, "1 of 1 left the quarantine" in answer.text) == (200, True)
    assert [event["properties"] for event in read(reports.events)] == [{"a": 1}]
    answer = console.post("/quarantine/replay", source="shop", id="whole")
    assert (answer.status_code, "There is no event" in answer.text) == (422, True)
    answer = console.post("/quarantine/replay", source="shop", id="huge")
    assert (answer.status_code, "Only the first 16 KiB of it were kept" in answer.text) == (422, True)
    track(events=[WHOLE | {"id": "whole-2"}], session="s1")
    assert "1 of 1 left the quarantine" in console.post("/quarantine/replay-all").text
    assert broken() == {}


def test_a_replay_that_the_database_breaks_off_says_which_events_stay_and_loses_none(
    console, make_source, track, read, monkeypatch
) -> None:
    make_source("shop")
    names = [f"w{number}" for number in range(3)]
    track(events=[WHOLE | {"id": name} for name in names], session="s1")
    console.get("/quarantine")
    really, tried = quarantine.replay, []

    def goes_away(conn, source_id, event_id, **rest):
        tried.append(event_id)
        if event_id == "w1":
            raise Unavailable("The database cannot store this now; send the same body again.")
        return really(conn, source_id, event_id, **rest)

    with monkeypatch.context() as away:
        away.setattr(quarantine, "replay", goes_away)
        answer = console.post("/quarantine/replay-all")
    assert (answer.status_code, tried) == (503, ["w0", "w1"])
    assert "1 of 3 left the quarantine." in answer.text
    assert "Nothing was changed of the others:" in answer.text
    why = "The database cannot store it now; try again in a while."
    assert all(f'<span class="mono">{name}</span>: {why}' in answer.text for name in ("w1", "w2"))
    assert [event["id"] for event in read(reports.events)] == ["w0"]
    assert "2 of 2 left the quarantine" in console.post("/quarantine/replay-all").text


def test_the_quarantine_is_read_page_by_page(console, make_source, track) -> None:
    make_source("shop")
    for start in range(0, _A_PAGE + 3, 10):
        track(events=[WHOLE | {"id": f"w{number:02}"} for number in range(start, min(start + 10, _A_PAGE + 3))])
    page = console.get("/quarantine").text
    [older] = re.findall(r'href="(/quarantine\?before=[^"]+)"', page)
    rest = console.get(html.unescape(older)).text
    shown = re.findall(r'name="id" value="(w\d+)"', page + rest)
    assert (len(shown), len(set(shown))) == (_A_PAGE + 3, _A_PAGE + 3)
    assert console.get("/quarantine?before=nonsense").status_code == 200


def test_a_viewer_looks_and_replays_nothing(console, browser_of, make_source, track) -> None:
    make_source("shop")
    track(events=[WHOLE])
    console.post("/account/users", name="ben", password=PASSWORD, role="viewer")
    viewer = browser_of()
    viewer.log_in("ben")
    assert "Replay" not in viewer.get("/quarantine").text.replace("A replay stores", "")
