"""What holds for every page of the console, found by walking over all addresses that the application has."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask, url_for
from web.conftest import PASSWORD

from app import API, CONSOLE
from tracker.web.guard import HEADERS, is_marked

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PUBLIC = {"login.login", "login.log_in", "login.setup", "login.set_up"}
OWN_AFFAIRS = {"login.log_out", "account.change_password", "account.end_login", "account.end_other_logins"}
OUTSIDE = {"/track", "/pass", "/tracker", "/tracker/liliput.min.js", "/healthz", "/readyz", "/metrics"}


def walk(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Yield (endpoint, method, path) of everything that is served, but for what browsers and monitors ask."""
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield rule.endpoint, method, re.sub(r"<(?:\w+:)?(\w+)>", "x", rule.rule)


def of_console(app: Flask) -> list[tuple[str, str, str]]:
    others = {"assets"} | {blueprint.name for blueprint in API}
    return [found for found in walk(app) if found[2] not in OUTSIDE and found[0].partition(".")[0] not in others]


def test_all_that_is_served_is_the_public_interface_the_assets_the_admin_api_or_the_console(app) -> None:
    names = {blueprint.name for blueprint in CONSOLE}
    assert {endpoint.partition(".")[0] for endpoint, _, _ in of_console(app)} == names


def test_only_the_door_is_marked_as_public(app) -> None:
    for endpoint, _, _ in of_console(app):
        view = app.view_functions[endpoint]
        assert is_marked(view, "public") == (endpoint in PUBLIC), endpoint
        assert is_marked(view, "own_affair") == (endpoint in OWN_AFFAIRS), endpoint


def test_without_a_login_every_page_leads_to_the_door(app, stranger, make_user) -> None:
    make_user()
    stranger.get("/login")
    for endpoint, method, path in of_console(app):
        if endpoint in PUBLIC:
            continue
        answer = stranger.client.open(path, method=method, data={"csrf": stranger.seen[0]})
        assert answer.status_code in (302, 303), f"{method} {path}"
        assert answer.location.startswith("/login"), f"{method} {path}"


def test_every_unsafe_address_needs_the_token_of_this_browser(app, console, browser_of) -> None:
    other = browser_of()
    other.get("/login")
    unsafe = [(method, path) for _, method, path in of_console(app) if method != "GET"]
    assert len(unsafe) >= 8
    for method, path in unsafe:
        for data in ({}, {"csrf": ""}, {"csrf": "x"}, {"csrf": other.seen[0]}):
            assert console.client.open(path, method=method, data=data).status_code == 403, f"{method} {path} {data}"
    assert console.get("/account").status_code == 200


def test_a_form_that_another_site_sends_is_refused_even_with_the_token(console) -> None:
    for site in ("cross-site", "same-site"):
        headers = {"Sec-Fetch-Site": site}
        answer = console.client.post("/logout", data={"csrf": console.seen[0]}, headers=headers)
        assert answer.status_code == 403
    assert console.client.post("/logout", data={}, headers={"X-CSRF-Token": console.seen[0]}).status_code == 303


def test_a_viewer_changes_nothing_but_what_is_its_own(app, console, browser_of) -> None:
    console.post("/account/users", name="ben", password=PASSWORD, role="viewer")
    viewer = browser_of()
    viewer.log_in("ben")
    for endpoint, method, path in of_console(app):
        if method != "GET" and endpoint not in PUBLIC | OWN_AFFAIRS:
            answer = viewer.client.open(path, method=method, data={"csrf": viewer.seen[0]})
            assert answer.status_code == 403, f"{method} {path}"
            assert "for owners" in answer.text


def test_every_answer_of_the_console_carries_its_headers(app, console) -> None:
    for _, method, path in of_console(app):
        # What streams has no end of its own, so it is closed unread.
        with console.client.open(path, method=method) as answer:
            for name, value in HEADERS.items():
                assert answer.headers.get(name) == value, f"{method} {path} {name}"
            assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"]


def test_no_page_holds_a_script_or_style_of_its_own(app, console) -> None:
    for _, method, path in of_console(app):
        with console.client.open(path, method=method) as answer:
            text = "" if answer.mimetype == "text/event-stream" else answer.text
        assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son\w+=|javascript:", text), f"{method} {path}"


@pytest.mark.parametrize("path", sorted(OUTSIDE))
def test_outside_of_the_console_no_cookie_is_read_or_set(client, path: str) -> None:
    client.set_cookie("__Host-handoff", "nonsense")
    for method in ("GET", "POST", "OPTIONS"):
        answer = client.open(path, method=method, json={})
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert "Content-Security-Policy" not in answer.headers


def test_events_are_taken_without_a_login_or_a_token(make_source, track) -> None:
    make_source()
    assert track("e1", session="s1")["profile"]["id"]


@pytest.mark.parametrize("name", ["console.css", "icon.svg", "vendor/htmx-2.0.11/htmx.min.js"])
def test_the_files_of_the_pages_are_there_for_everybody_and_kept_for_long(app, client, name: str) -> None:
    with app.test_request_context():
        addressed = url_for("assets.vendor", filename=name[7:]) if "/" in name else app.jinja_env.globals["asset"](name)
    with client.get(addressed) as answer:
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
    assert client.get("/console-assets/../app.py").status_code == 404
