"""Sources in the console."""

import html
import re

import pytest
from web.conftest import PASSWORD

from tracker.script.render import FORMS
from tracker.store import reports, sources

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def test_who_has_no_source_is_led_to_the_first(console, engine) -> None:
    assert console.get("/").location == "/sources"
    assert "Make the first source" in console.get("/sources").text
    answer = console.post("/sources/new", name="My shop", kind="browser", referrals="signed", identify="verified")
    [made] = sources.all_sources(engine)
    assert (answer.status_code, answer.location) == (303, f"/source?id={made.id}")
    assert made.name == "My shop"
    assert "Waiting for your first event" in console.get(answer.location).text


def test_the_secret_of_a_backend_is_shown_once(console, engine) -> None:
    answer = console.post(
        "/sources/new", name="Backend", id="Source ID", kind="server", referrals="off", identify="off"
    )
    [secret] = re.findall(r'<pre id="secret"[^>]*>(.*?)</pre>', answer.text)
    assert sources.shows_secret(sources.all_sources(engine)[0], secret)
    again = console.get("/source?id=Source+ID").text
    assert secret not in again
    assert "Authorization: Bearer $SECRET" in again
    renewed = console.sure("/source/secret?id=Source+ID")
    [new] = re.findall(r'<pre id="secret"[^>]*>(.*?)</pre>', renewed.text)
    assert sources.shows_secret(sources.all_sources(engine)[0], new)
    assert not sources.shows_secret(sources.all_sources(engine)[0], secret)


def test_a_site_has_no_secret_to_renew(console, make_source) -> None:
    make_source("shop")
    assert console.post("/source/secret?id=shop").status_code == 404


def test_one_day_is_told_in_the_singular(console, make_source) -> None:
    for days, said in ((1, "1 day</p>"), (30, "30 days</p>")):
        make_source(f"shop-{days}", settings={"retentionDays": days})
        assert f'<span class="label">Kept for</span>{said}' in console.get(f"/source?id=shop-{days}").text


def test_a_source_is_switched_off_and_on(console, make_source, engine) -> None:
    make_source("shop")
    for enabled, state in (("no", False), ("yes", True)):
        console.sure("/source/switch?id=shop", enabled=enabled)
        assert sources.all_sources(engine)[0].enabled is state


def test_a_source_is_deleted_once_its_id_was_typed_and_its_events_stay(
    console, make_source, engine, record, read
) -> None:
    make_source("shop")
    record("e1", session="s1")
    assert "has events" in console.get("/source?id=shop").text
    refused = console.post("/source/delete?id=shop", typed="shopp")
    assert (refused.status_code, "Type shop to go on." in refused.text) == (422, True)
    assert console.post("/source/delete?id=shop", typed=" shop ").location == "/sources"
    assert sources.all_sources(engine) == []
    assert len(read(reports.events, source_id="shop")) == 1


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


def test_the_origins_of_apps_are_typed_in_the_form_and_what_proves_little_is_warned_of(console, engine) -> None:
    typed = "capacitor://localhost\r\nchrome-extension://abcdef\r\nnull"
    answer = console.post(
        "/sources/new", name="App", kind="browser", id="app", origins=typed, referrals="off", identify="off"
    )
    assert sources.all_sources(engine)[0].origins == ("capacitor://localhost", "chrome-extension://abcdef", "null")
    page = console.get(answer.location).text
    assert page.count("any site can send events for this source") == 1
    assert "capacitor://localhost, chrome-extension://abcdef, null" in page
