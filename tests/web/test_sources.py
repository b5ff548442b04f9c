"""Sources in the console."""

import html
import re

import pytest
from web.conftest import PASSWORD

from tracker.core.model import Source
from tracker.script.render import FORMS
from tracker.store import reports, sources

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
FULL = {
    "name": "Läden & Co",
    "kind": "browser",
    "id": "Source ID",
    "origins": "HTTPS://Shop.example:443\n\n http://localhost:3000 ",
    "domains": "shop.example\r\nwww.shop.example",
    "links": "blog.example",
    "referrals": "plain",
    "identify": "open",
    "events": 'page-view {"category": "laptops"}\n\nvisited',
    "triggers": '[{"tag": "a", "trigger": "onClick", "data": {"event": "clicked"}}]',
    "settings": '{"linkPosition": "hash", "spa": "hash"}',
    "switch-trackErrors": "on",
}


def form_again(page: str) -> dict[str, str]:
    """Return the fields of a form as a browser would send them back."""
    found = {
        name: html.unescape(value)
        for name, value in re.findall(r'<input id="\w+" name="(\w+)"[^>]*value="([^"]*)"', page)
    }
    for name, value in re.findall(r'<textarea id="\w+" name="(\w+)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL):
        found[name] = html.unescape(value)
    for name, options in re.findall(r'<select id="\w+" name="(\w+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        found[name] = re.findall(r'value="(\w+)" selected', options)[0]
    return found | dict.fromkeys(re.findall(r'type="checkbox" name="([\w-]+)" value="on" checked', page), "on")


def test_who_has_no_source_is_led_to_the_first(console, engine) -> None:
    assert console.get("/").location == "/sources"
    assert "Make the first source" in console.get("/sources").text
    answer = console.post("/sources/new", name="My shop", kind="browser", referrals="signed", identify="verified")
    [made] = sources.all_sources(engine)
    assert (answer.status_code, answer.location) == (303, f"/source?id={made.id}")
    assert made.name == "My shop"
    assert "no event yet" in console.get(answer.location).text


def test_a_source_is_made_with_everything_that_can_be_said_of_it(console, engine) -> None:
    assert console.post("/sources/new", **FULL).location == "/source?id=Source+ID"
    assert sources.all_sources(engine) == [
        Source(
            id="Source ID",
            name="Läden & Co",
            origins=("https://shop.example", "http://localhost:3000"),
            domains=("shop.example", "www.shop.example"),
            links=("blog.example",),
            referrals="plain",
            identify="open",
            auto={
                "events": [["page-view", {"category": "laptops"}], ["visited", {}]],
                "triggers": [{"tag": "a", "trigger": "onClick", "data": {"event": "clicked"}}],
            },
            settings={"linkPosition": "hash", "spa": "hash", "trackErrors": True},
        )
    ]


def test_saving_a_form_without_touching_it_changes_nothing(console, engine) -> None:
    console.post("/sources/new", **FULL)
    before = sources.all_sources(engine)
    page = console.get("/source/edit?id=Source+ID").text
    assert console.post("/source/edit?id=Source+ID", **form_again(page)).status_code == 303
    assert sources.all_sources(engine) == before


@pytest.mark.parametrize(
    ("field", "typed", "problem"),
    [
        ("name", "  ", "needs a name"),
        ("id", "a" * 129, "must not be longer"),
        ("kind", "robot", "not one of browser, server"),
        ("origins", "shop.example", "is not an origin"),
        ("domains", "https://shop.example/", "is not a host name"),
        ("links", "blog.example\nco.uk", "public suffix"),
        ("referrals", "maybe", "not one of signed"),
        ("identify", "maybe", "not one of verified"),
        ("events", "page-view {category}", "Line 1: what follows the type is not JSON"),
        ("events", '{"a": 1}', "Event 1 has a type that must not be empty"),
        ("triggers", "{}", "Triggers are a list"),
        ("triggers", '[{"trigger": "onSight"}]', "no &#39;trigger&#39; that is known"),
        ("settings", "[1]", "Settings are an object"),
        ("settings", "{", "is not JSON"),
        ("settings", '{"trackExternalLinks": 1}', "must be a list of host names"),
    ],
)
def test_wrong_input_says_what_is_wrong_at_the_field_and_nothing_typed_is_lost(
    console, engine, field: str, typed: str, problem: str
) -> None:
    answer = console.post("/sources/new", **FULL | {field: typed})
    assert answer.status_code == 422
    at_the_field = re.search(
        rf'id="{field}".*?<p class="problem" id="{field}-about" role="alert">(.*?)</p>', answer.text, re.DOTALL
    )
    assert at_the_field
    assert problem in at_the_field[1]
    assert answer.text.count('class="problem"') == 1
    kept = form_again(answer.text) if field not in ("kind", "referrals", "identify") else {}
    assert {name: kept[name].replace("\r\n", "\n") for name in kept} == (
        {name: value.replace("\r\n", "\n") for name, value in (FULL | {field: typed}).items()} if kept else {}
    )
    assert sources.all_sources(engine) == []


def test_an_id_that_is_taken_is_named_at_its_field(console, make_source) -> None:
    make_source("Source ID", name="First")
    answer = console.post("/sources/new", **FULL)
    assert answer.status_code == 422
    assert "&#39;Source ID&#39; exists already" in answer.text


def test_the_secret_of_a_backend_is_shown_once(console, engine) -> None:
    answer = console.post("/sources/new", **FULL | {"kind": "server"})
    [secret] = re.findall(r'<pre id="secret"[^>]*>(.*?)</pre>', answer.text)
    assert sources.shows_secret(sources.all_sources(engine)[0], secret)
    again = console.get("/source?id=Source+ID").text
    assert secret not in again
    assert "Authorization: Bearer $SECRET" in again
    renewed = console.post("/source/secret?id=Source+ID")
    [new] = re.findall(r'<pre id="secret"[^>]*>(.*?)</pre>', renewed.text)
    assert sources.shows_secret(sources.all_sources(engine)[0], new)
    assert not sources.shows_secret(sources.all_sources(engine)[0], secret)


def test_a_site_has_no_secret_to_renew(console, make_source) -> None:
    make_source("shop")
    assert console.post("/source/secret?id=shop").status_code == 404


def test_a_source_is_switched_off_and_on(console, make_source, engine) -> None:
    make_source("shop")
    for enabled, state in (("no", False), ("yes", True)):
        console.post("/source/switch?id=shop", enabled=enabled)
        assert sources.all_sources(engine)[0].enabled is state


def test_a_source_is_deleted_once_its_id_was_typed_and_its_events_stay(
    console, make_source, engine, record, read
) -> None:
    make_source("shop")
    record("e1", session="s1")
    assert "has events" in console.get("/source?id=shop").text
    refused = console.post("/source/delete?id=shop", typed="shopp")
    assert (refused.status_code, "Type shop to delete it." in refused.text) == (422, True)
    assert console.post("/source/delete?id=shop", typed=" shop ").location == "/sources"
    assert sources.all_sources(engine) == []
    assert len(read(reports.events, source_id="shop")) == 1


def test_an_edit_can_change_neither_the_id_nor_the_kind(console, make_source, engine) -> None:
    make_source("shop")
    console.post("/source/edit?id=shop", **FULL | {"id": "other", "kind": "server"})
    [found] = sources.all_sources(engine)
    assert (found.id, found.kind, found.name) == ("shop", "browser", "Läden & Co")


@pytest.mark.parametrize("source_id", ["a/b", "..", "?x=1&y", "Source ID", "<b>", "ä"])
def test_an_id_of_any_characters_leads_to_its_source(console, make_source, source_id: str) -> None:
    make_source(source_id, name="Found it")
    [link] = re.findall(r'href="(/source\?id=[^"]+)"', console.get("/sources").text)
    assert "Found it" in console.get(html.unescape(link)).text


def test_the_page_of_a_source_has_the_snippet_in_every_form_of_the_command_line(console, make_source) -> None:
    made = make_source("shop")
    page = console.get("/source?id=shop").text
    shown = {
        name: html.unescape(text)
        for name, text in re.findall(r'<pre id="snippet-(\w+)"[^>]*>(.*?)</pre>', page, re.DOTALL)
    }
    assert shown.pop("nonce").count('nonce="{{ csp_nonce }}"') == 2
    assert shown == {name: form(made, "https://collect.example", None).strip() for name, form in FORMS.items()}


def test_a_viewer_sees_the_snippet_and_no_button_that_changes_anything(console, browser_of, make_source) -> None:
    make_source("shop")
    console.post("/account/users", name="ben", password=PASSWORD, role="viewer")
    viewer = browser_of()
    viewer.log_in("ben")
    page = viewer.get("/source?id=shop").text
    assert "snippet-stub" in page
    assert 'method="post"' not in page.replace('<form method="post" action="/logout">', "")
    assert "New source" not in viewer.get("/sources").text


@pytest.mark.parametrize("path", ["/source?id=gone", "/source", "/source/edit?id=gone"])
def test_a_source_that_is_not_there_is_a_page_that_says_so(console, path: str) -> None:
    answer = console.get(path)
    assert answer.status_code == 404
    assert "There is no source with the id" in answer.text
