"""What holds for every address of the admin API, found by walking over all that the application has."""

import re

import pytest
from flask import Flask
from web.conftest import PASSWORD

from app import API
from tracker.ingest import passwords
from tracker.store import accounts
from tracker.store.engine import transaction
from tracker.web.bearer import HEADERS, PREFIX
from tracker.web.credentials import TRIES_BY_ACCOUNT
from tracker.web.guard import is_marked

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PUBLIC = {"tracardi.token", "tracardi.older_token", "openapi.specification"}
OWN_AFFAIRS = {"tracardi.logout"}


def of_api(app: Flask) -> list[tuple[str, str, str]]:
    """Return (endpoint, method, path) of all that the API serves."""
    names = {blueprint.name for blueprint in API}
    return [
        (rule.endpoint, method, re.sub(r"<(?:\w+:)?\w+>", "x", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.partition(".")[0] in names
    ]


def test_only_getting_a_token_and_the_specification_are_public(app) -> None:
    assert len(of_api(app)) >= 30
    for endpoint, _, _ in of_api(app):
        view = app.view_functions[endpoint]
        assert is_marked(view, "public") == (endpoint in PUBLIC), endpoint
        assert is_marked(view, "own_affair") == (endpoint in OWN_AFFAIRS), endpoint


def test_without_a_token_nothing_is_told_or_changed(app, console) -> None:
    for shown in (None, "Bearer", "Bearer x", f"Bearer {PREFIX}x", "Basic YTpi", "Bearer \xe9"):
        for endpoint, method, path in of_api(app):
            if endpoint in PUBLIC:
                continue
            # Not even to a browser that is logged in: a cookie counts for nothing here, so that no page can forge.
            answer = console.client.open(path, method=method, headers={"Authorization": shown} if shown else {})
            assert answer.status_code == 401, f"{method} {path} {shown}"
            assert set(answer.get_json()) == {"detail", "request_id"}
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_browsers_own_token_is_no_bearer_token(tool, console_of) -> None:
    with console_of().client.session_transaction("/") as cookie:
        of_browser = cookie["login"]
    assert tool("GET", "/api/sources", headers={"Authorization": f"Bearer {of_browser}"}).status_code == 401


def test_a_viewer_reads_and_changes_nothing(app, make_user, tool_of) -> None:
    make_user("ben", "viewer")
    viewer = tool_of("ben")
    for endpoint, method, path in of_api(app):
        if endpoint in PUBLIC | OWN_AFFAIRS:
            continue
        status = viewer(method, path).status_code
        assert (status == 403) == (method != "GET"), f"{method} {path} {status}"


def test_every_answer_is_json_that_nobody_keeps_and_no_other_origin_reads(app, tool) -> None:
    for endpoint, method, path in of_api(app):
        if endpoint == "tracardi.logout":
            continue
        answer = tool(method, path, headers={"Origin": "https://evil.example"})
        assert answer.status_code < 500, f"{method} {path}"
        assert answer.status_code == 204 or answer.mimetype == "application/json", f"{method} {path}"
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, f"{method} {path} {name}"


def test_a_token_is_given_for_a_name_and_a_password(client, make_user) -> None:
    make_user()
    make_user("ben", "viewer")
    for path in ("/user/token", "/token"):
        given = client.post(path, data={"username": " Anna ", "password": PASSWORD}).get_json()
        assert given["token_type"] == "bearer"
        assert given["roles"] == ["owner", "admin"]
        assert given["access_token"].startswith(PREFIX)
    assert client.post("/token", data={"username": "ben", "password": PASSWORD}).get_json()["roles"] == ["viewer"]


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_login_is_told_in_one_way(client, make_user, name, password) -> None:
    make_user()
    answer = client.post("/user/token", data={"username": name, "password": password})
    assert answer.status_code == 400
    assert answer.get_json()["detail"] == "Incorrect username or password."


def test_what_is_no_form_is_told_so(client) -> None:
    answer = client.post("/user/token", json={"username": "anna", "password": PASSWORD})
    assert answer.status_code == 422
    assert [problem["loc"] for problem in answer.get_json()["detail"]] == [["body", "username"], ["body", "password"]]
    assert client.post("/user/token", data={"username": "x" * 2_000_000}).status_code == 413


def test_wrong_passwords_are_counted_for_browsers_and_programs_together(
    client, stranger, make_user, monkeypatch
) -> None:
    # How long a password takes to be hashed is another test's business.
    monkeypatch.setattr(passwords, "matches", lambda password, _: password == PASSWORD)
    make_user()
    stranger.get("/login")
    for number in range(TRIES_BY_ACCOUNT):
        if number % 2:
            assert stranger.post("/login", name="anna", password="wrong").status_code == 403
        else:
            assert client.post("/user/token", data={"username": "anna", "password": "wrong"}).status_code == 400
    answer = client.post("/user/token", data={"username": "anna", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_a_token_ends_when_it_is_logged_out_revoked_too_old_or_its_password_changes(
    tool, tool_of, console_of, engine, clock
) -> None:
    again = tool_of()
    assert again.ok("POST", "/user/logout") is True
    assert again("GET", "/api/sources").status_code == 401

    browser = console_of()
    text = browser.get("/account").text
    assert "API token for " in text
    [login_id] = re.findall(r"/account/logins/(\w+)/end", text)
    browser.sure(f"/account/logins/{login_id}/end")
    assert tool("GET", "/api/sources").status_code == 401

    other = tool_of()
    transaction(engine, lambda conn: accounts.change_password(conn, "id-of-anna", passwords.hashed("x" * 12), clock()))
    assert other("GET", "/api/sources").status_code == 401


def test_a_token_lasts_two_weeks_and_says_when_it_was_used(tool, console_of, clock) -> None:
    clock.forward(3600)
    assert tool("GET", "/api/sources").status_code == 200
    assert "last used 2025-06-01 13:00 UTC" in console_of().get("/account").text
    clock.forward(14 * 86_400 - 3600)
    assert tool("GET", "/api/sources").status_code == 401


@pytest.fixture
def console_of(browser_of):
    """Log anna, who is there, in with a browser."""

    def make():
        mine = browser_of()
        assert mine.log_in().status_code == 303
        return mine

    return make


def test_no_id_in_a_path_gets_into_the_log(tool, capfd) -> None:
    tool("GET", "/profile/canary-7")
    tool("GET", "/api/profiles/canary-7")
    said = capfd.readouterr().out
    assert "canary-7" not in said
    assert "/api/profiles/<path:profile_id>" in said
