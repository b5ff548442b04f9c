"""With a path in PUBLIC_URL everything stays below it, whether the proxy in front keeps the path or strips it."""

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from crawling import Fetched, crawl
from flask import Flask
from web.conftest import PASSWORD, Console

from tracker.core.own_address import OWN_PATHS
from tracker.settings import Settings
from tracker.web.mount import stays_below
from tracker.web.page import FOLDER

PATH = "/handoff"
PAGES = ("", "people", "person", "sources", "source", "live", "event", "quarantine", "account", "docs", "openapi.json")
ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, public_url=f"https://example.com{PATH}")


@pytest.fixture(params=["kept", "stripped"])
def app(app: Flask, request: pytest.FixtureRequest) -> Flask:
    """The application behind a proxy that passes nothing on but what is asked for below the path."""
    served = app.wsgi_app

    def proxy(environ, start_response):
        assert environ["PATH_INFO"].startswith(f"{PATH}/"), environ["PATH_INFO"]
        if request.param == "stripped":
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(PATH)
        return served(environ, start_response)

    app.wsgi_app = proxy
    return app


@pytest.fixture
def console(app: Flask, make_user) -> Console:
    """A browser in which an owner is logged in, by the form that the login page has."""
    make_user()
    mine = Console(app.test_client(), [""])
    assert log_in(mine).location == f"{PATH}/"
    return mine


@pytest.fixture
def busy(make_source, record) -> None:
    """Sources, visitors and events, also one in quarantine, so that every page has something to show."""
    for name in ("shop", "blog"):
        make_source(name, domains=(f"{name}.example",), links=("shop.example", "blog.example"), referrals="plain")
    record("e1", "e2", session="s1", profile="p1")
    record("e3", session="s2", profile="p2", source="blog")


def log_in(mine: Console):
    [action] = re.findall(r'<form method="post" action="([^"]+)"', mine.get(f"{PATH}/login").text)
    return mine.post(action, name="anna", password=PASSWORD)


def fetched(console: Console, path: str) -> Fetched:
    with console.client.get(path) as answer:
        text = answer.text if answer.mimetype == "text/html" else ""
        return Fetched(answer.status_code, answer.headers.get("Location", ""), answer.mimetype, text)


@ONE_DATABASE
def test_no_page_of_the_console_leads_out_of_the_path(console, busy) -> None:
    found = crawl(lambda path: fetched(console, path), PATH)
    assert found.outside == []
    assert {path: status for path, status in found.asked.items() if status >= 400} == {}
    for page in PAGES:
        assert any(urlsplit(path).path == f"{PATH}/{page}" for path in found.asked), page
    # What only forms and scripts ask for.
    for page in ("logout", "live/stream", "console-assets/console.css", "account/password"):
        assert f"{PATH}/{page}" in found.named, page


@ONE_DATABASE
def test_the_way_in_and_out_stays_below_the_path(app, console, browser_of) -> None:
    stranger = browser_of()
    door = stranger.get(f"{PATH}/live?type=a")
    assert (door.status_code, door.location) == (302, f"{PATH}/login?next={PATH}/live?type%3Da")
    page = stranger.get(door.location)
    assert f'name="next" value="{PATH}/live?type=a"' in page.text
    answer = stranger.post(f"{PATH}/login", name="anna", password=PASSWORD, next=f"{PATH}/live?type=a")
    assert (answer.status_code, answer.location) == (303, f"{PATH}/live?type=a")
    cookies = answer.headers.getlist("Set-Cookie")
    assert sorted(cookie.partition("=")[0] for cookie in cookies) == ["__Secure-handoff", "__Secure-handoff-device"]
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "SameSite=Lax", f"Path={PATH}"} <= set(cookie.split("; "))
    part = browser_of().client.get(f"{PATH}/account", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"]) == (401, f"{PATH}/login")
    assert stranger.get(f"{PATH}/account").status_code == 200
    assert stranger.post(f"{PATH}/logout").location == f"{PATH}/login"


@ONE_DATABASE
def test_the_page_of_an_error_leads_back_below_the_path(console) -> None:
    answer = console.get(f"{PATH}/event?source=x&id=y")
    assert answer.status_code == 404
    assert f'<a href="{PATH}/">To the first page</a>' in answer.text


@ONE_DATABASE
def test_pages_collect_below_the_path(app, busy) -> None:
    client = app.test_client()
    script = client.get(f"{PATH}/tracker?source_id=shop")
    assert '"api":"https://example.com/handoff"' in script.text
    assert client.get(f"{PATH}/tracker/liliput.min.js").status_code == 200
    body = {"source": {"id": "shop"}, "events": [{"type": "page-view"}]}
    assert client.post(f"{PATH}/track", json=body).status_code == 200
    assert client.get(f"{PATH}/healthz").status_code == 200


@ONE_DATABASE
def test_programs_are_told_where_the_api_is(app, make_user) -> None:
    make_user()
    client = app.test_client()
    assert client.get(f"{PATH}/openapi.json").get_json()["servers"] == [{"url": PATH}]
    token = client.post(f"{PATH}/user/token", data={"username": "anna", "password": PASSWORD}).get_json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert client.get(f"{PATH}/api/sources", headers=headers).status_code == 200


@ONE_DATABASE
def test_a_snippet_names_the_script_below_the_path(console, busy) -> None:
    assert "https://example.com/handoff/tracker?source_id=shop" in console.get(f"{PATH}/source?id=shop").text


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.[cj]s*")), ids=lambda file: file.name)
def test_no_file_of_the_console_names_an_address_from_the_root_of_its_host(file: Path) -> None:
    assert re.findall(r"""["'`(]/[\w/-]+["'`)?]""", file.read_text()) == []


# The rules ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "wanted", "stays"),
    [
        ("", "/", True),
        ("", "/live?a=/x", True),
        ("", "", False),
        ("", "live", False),
        ("", "//evil.example", False),
        ("", "/\\evil.example", False),
        ("", "/a\nb", False),
        ("", "/a/../b", False),
        ("/handoff", "/handoff", True),
        ("/handoff", "/handoff/", True),
        ("/handoff", "/handoff/live?a=../b", True),
        ("/handoff", "/", False),
        ("/handoff", "/live", False),
        ("/handoff", "/handoffs/x", False),
        ("/handoff", "/handoff/../shop", False),
        ("/handoff", "/handoff/%2E%2e/shop", False),
        ("/handoff", "/handoff/..\\shop", False),
        ("/handoff", "https://example.com/handoff/", False),
    ],
)
def test_whoever_logs_in_is_sent_below_the_path_alone(path: str, wanted: str, stays: bool) -> None:
    assert stays_below(path, wanted) is stays


@ONE_DATABASE
def test_every_route_begins_with_a_name_that_no_public_path_may_begin_with(app) -> None:
    assert {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()} - {""} == OWN_PATHS
