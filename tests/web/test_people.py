"""People in the console: finding them, their journey, undoing a merge, export, erasing."""

import io
import json
import re
import zipfile
from urllib.parse import quote

import pytest

from tracker.core.model import Event
from tracker.store import journeys, people, search
from tracker.store.engine import transaction
from tracker.web.people import called

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
CHROME = "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36"


@pytest.fixture
def handed_over(sites, track, arriving, clock) -> str:
    """Ada looks round the shop, and its link takes her profile to the blog; returns her id."""
    sites(identify="open")
    looked = {"type": "page-view", "id": "e1", "context": {"page": {"url": "https://Shop.example/bl%c3%bchend/"}}}
    first = track(session="s1", events=[looked], headers={"User_Agent": CHROME})
    clock.forward(60)
    ada = first["profile"]["id"]
    context = arriving(ada)
    context["page"]["referrer"] = {"host": "shop.example"}
    assert track("e2", source="blog", session="s2", context=context)["profile"]["id"] == ada
    clock.forward(60)
    said = {"user_id": "ada-7", "email": "Ada@Love.dev", "traits": {"name": "Ada", "plan": "Gold"}}
    events = [{"type": "identify", "id": "e3", "properties": said}]
    track(source="blog", session="s2", profile=ada, events=events)
    return ada


def found_by(console, asked: str) -> list[str]:
    text = console.get(f"/people?q={quote(asked)}").text
    return re.findall(r'href="/person\?id=([^"]+)"', text)


def test_a_person_is_found_by_everything_that_names_them(console, handed_over, track) -> None:
    track("e9", source="shop", session="s9")
    for asked in (handed_over, "s2", "e3", "ADA-7", "ada@love.DEV", "ada", "gold", "plan=gold", f" {handed_over} "):
        assert found_by(console, asked) == [handed_over], asked
    for asked in ("nobody", "plan=silver", "name=gold", "%", "' OR 1=1 --", "e", "a\0b", "x" * 5_000):
        assert found_by(console, asked) == [], asked
    assert "found by email" in console.get("/people?q=ada@love.dev").text


def test_what_is_said_anew_replaces_what_people_are_found_by(
    console, handed_over, track, engine, clock, digest
) -> None:
    said = {"user_id": "ada-7", "traits": {"plan": "Silver"}}
    track(source="blog", session="s2", profile=handed_over, events=[{"type": "identify", "properties": said}])
    assert found_by(console, "gold") == []
    assert found_by(console, "silver") == [handed_over]
    transaction(engine, lambda conn: people.erase(conn, handed_over, clock(), digest))
    assert found_by(console, "silver") == []


def test_without_a_search_whoever_was_here_last_comes_first(console, handed_over, track, clock) -> None:
    clock.forward(60)
    later = track("e9", source="shop", session="s9")["profile"]["id"]
    text = console.get("/people").text
    assert re.findall(r'href="/person\?id=([^"]+)"', text) == [later, handed_over]
    assert ">Ada</a>" in text
    assert f"Visitor {later[:8]}" in text


@ONE_DATABASE
def test_whoever_was_here_last_is_found_among_a_bounded_number_of_events(
    record, make_source, read, clock, monkeypatch
) -> None:
    make_source()
    monkeypatch.setattr(search, "LATEST_OF", 2)
    for number in range(3):
        clock.forward(1)
        record(f"e{number}", session=f"s{number}")
    assert [person.id for person in read(search.latest)] == ["profile-3", "profile-2"]


@ONE_DATABASE
def test_where_nobody_has_been_the_page_says_so(console) -> None:
    assert "Nobody has been here yet" in console.get("/people").text
    assert "Nobody found" in console.get("/people?q=ada").text


def test_a_journey_goes_across_sites_and_says_where_the_visitor_came_from(console, handed_over) -> None:
    text = console.get(f"/person?id={handed_over}").text
    assert re.findall(r"came from <strong>([^<]+)</strong>", text) == ["shop.example"]
    assert re.findall(r"<summary>(\w+)", text) == ["blog", "shop"]
    assert "Chrome on Windows" in text
    assert ">shop.example/blühend</span>" in text
    assert "Recognised by email, user id" in text
    assert console.get("/person?id=nobody").status_code == 404
    assert console.get("/person").status_code == 404
    assert console.get("/person?id=%00").status_code == 404


def test_a_journey_is_read_a_page_at_a_time_and_nothing_is_left_out(make_source, record, read, clock) -> None:
    make_source()
    # Events of one batch have one moment, and a page may end between them.
    record("a1", "a2", "a3", session="s1", profile=UUID)
    clock.forward(1)
    record("b1", "b2", session="s2", profile=UUID)
    someone = read(journeys.person, UUID)
    seen, before = [], None
    for _ in range(3):
        way = read(journeys.stretch, someone, {}, before, 2)
        seen += [[event.id for leg in legs for event in leg.events] for legs in way.visits]
        before = way.further
    assert seen == [["b1", "b2"], ["a2", "a3"], ["a1"]]
    assert before is None


def test_what_happened_before_there_was_a_profile_is_part_of_the_journey(
    make_source, record, read, payload, track
) -> None:
    make_source()
    track("e1", session="s1", options={"saveProfile": False})
    profile = track("e2", session="s1")["profile"]["id"]
    way = read(journeys.stretch, read(journeys.person, profile), {}, None)
    assert [event.id for [leg] in way.visits for event in leg.events] == ["e1", "e2"]


@pytest.fixture
def merged(sites, track, arriving, clock) -> tuple[str, str]:
    """A visitor known to both sites separately follows a link; returns (loser, survivor)."""
    sites()
    survivor = track("e1", session="s1")["profile"]["id"]
    loser = track("e2", source="blog", session="s2")["profile"]["id"]
    clock.forward(60)
    assert (
        track("e3", source="blog", session="s3", profile=loser, context=arriving(survivor))["profile"]["id"] == survivor
    )
    return loser, survivor


@ONE_DATABASE
def test_what_nobody_has_verified_is_told_apart_from_what_is_known(
    console, handed_over, make_source, track, clock
) -> None:
    assert "unverified" not in console.get(f"/person?id={handed_over}").text
    make_source("strict")
    clock.forward(60)
    said = [{"type": "identify", "properties": {"user_id": "eve", "traits": {"city": "Graz"}}}]
    stranger = track(source="strict", session="s7", events=said)["profile"]["id"]
    page = console.get(f"/person?id={stranger}").text
    assert re.search(r"What they say, unverified</p>\s*<dl.*<dt>city</dt><dd>Graz</dd>", page, re.DOTALL)
    assert "Nothing is known yet" not in page


def test_a_merge_is_shown_and_can_be_undone_once(console, merged) -> None:
    loser, survivor = merged
    text = console.get(f"/person?id={loser}").text
    assert f'<p class="quiet mono small">{survivor}</p>' in text
    assert "Two profiles became one here, by a link from shop.example to blog.example." in text
    assert "came from <strong>shop.example</strong>" in text
    undone = console.sure(f"/person/unmerge?id={loser}")
    assert (undone.status_code, undone.location) == (303, f"/person?id={loser}")
    text = console.get(undone.location).text
    assert f'<p class="quiet mono small">{loser}</p>' in text
    assert "; undone" in text
    again = console.sure(f"/person/unmerge?id={loser}")
    assert again.status_code == 422
    assert "was not merged" in again.text
    assert console.post("/person/unmerge?id=nobody").status_code == 404


def test_an_export_holds_everything_as_lines_or_as_a_zip(console, handed_over) -> None:
    with console.get(f"/person/export?id={handed_over}&as=jsonl") as answer:
        lines = [json.loads(line) for line in answer.data.splitlines()]
        assert "attachment" in answer.headers["Content-Disposition"]
        assert answer.headers["Cache-Control"] == "no-store"
    assert [line["kind"] for line in lines] == ["profile", "session", "session", "event", "event", "event"]
    with console.client.get(f"/person/export?id={handed_over}") as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.namelist() == ["profile.jsonl", "session.jsonl", "event.jsonl"]
    unpacked = [json.loads(line) for name in archive.namelist() for line in archive.read(name).splitlines()]
    assert unpacked == lines
    assert console.get(f"/person/export?id={handed_over}&as=exe").status_code == 404


def test_a_person_is_erased_when_their_id_is_typed_once_more(console, handed_over, broken) -> None:
    path = f"/person/erase?id={handed_over}"
    for typed in ("", "yes", handed_over[:-1]):
        refused = console.post(path, typed=typed)
        assert refused.status_code == 422
        assert f"Type {handed_over} to go on." in refused.text
    done = console.post(path, typed=f" {handed_over} ")
    assert done.status_code == 303
    assert "everything stored of them is gone" in console.get(done.location).text
    assert console.get(f"/person?id={handed_over}").status_code == 404
    assert found_by(console, "ada@love.dev") == found_by(console, "gold") == found_by(console, "e1") == []
    assert console.post(path, typed=handed_over).status_code == 404
    assert broken() == {}


@ONE_DATABASE
def test_a_place_that_is_none_shows_the_latest(console, handed_over) -> None:
    for place in ("x", "=", "bnVsbA", "WzFd", "WzEsImEiLDFd" * 100, "WyJhIiwiYiIsMV0", "%00", "é"):
        assert "Chrome on Windows" in console.get(f"/person?id={handed_over}&before={place}").text, place


@ONE_DATABASE
def test_an_id_may_hold_anything_that_can_be_printed(console, record, make_source) -> None:
    make_source("back", kind="server")
    strange = "../a b/?&'\"<é>"
    record(events=(Event("page-view", "e1"),), source="back", ids=(strange,))
    [profile] = found_by(console, strange)
    text = console.get(f"/person?id={quote(strange)}").text
    assert "&lt;é&gt;" in text
    with console.client.get(f"/person/export?id={quote(strange)}") as answer:
        assert f"person-{profile}.zip" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("traits", "name"),
    [
        ({"name": " Ada "}, "Ada"),
        ({"name": {"first": "Ada"}, "email": "a@b.dev"}, "a@b.dev"),
        ({"name": True, "user_id": 7}, "7"),
        ({"name": ""}, "Visitor 6ba7b810"),
    ],
)
def test_somebody_is_called_by_what_is_known(traits, name) -> None:
    assert called(traits, UUID) == name
