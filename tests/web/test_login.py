"""Getting into the console and out of it."""

import re

import pytest
from click.testing import CliRunner
from web.conftest import PASSWORD

from tracker.cli import main
from tracker.store import accounts
from tracker.store.engine import transaction
from tracker.web.credentials import TRIES_BY_ACCOUNT, TRIES_BY_NAME, TRIES_BY_NETWORK

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
pytestmark = ONE_DATABASE


@pytest.fixture
def link(engine, clock) -> str:
    """The link that the server has printed."""
    transaction(engine, lambda conn: accounts.offer_setup(conn, "the-token", clock()))
    return "/setup?token=the-token"


def cookie_of(answer) -> str:
    [cookie] = [one for one in answer.headers.getlist("Set-Cookie") if "-device=" not in one]
    return cookie


def test_the_link_leads_to_a_user_who_is_logged_in_and_is_then_over(stranger, link, browser_of) -> None:
    assert "Nobody has been here yet" in stranger.get("/login").text
    assert stranger.get(link).status_code == 200
    answer = stranger.post("/setup", token="the-token", name="Anna", password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/")
    assert stranger.get("/account").status_code == 200
    late = browser_of()
    assert late.get(link).status_code == 404
    late.get("/login")
    assert late.post("/setup", token="the-token", name="eve", password=PASSWORD).status_code == 404


@pytest.mark.parametrize("token", ["", "wrong", "the-token2"])
def test_another_token_makes_nobody(stranger, link, token: str, read) -> None:
    stranger.get(link)
    assert stranger.get(f"/setup?token={token}").status_code == 404
    assert stranger.post("/setup", token=token, name="eve", password=PASSWORD).status_code == 404
    assert not read(accounts.anybody)


def test_a_weak_password_is_named_at_its_field_and_the_name_is_kept(stranger, link, read) -> None:
    stranger.get(link)
    answer = stranger.post("/setup", token="the-token", name="Anna & Co", password="short")
    assert answer.status_code == 422
    assert "at least 10 characters" in answer.text
    assert 'value="Anna &amp; Co"' in answer.text
    assert "short" not in answer.text
    assert not read(accounts.anybody)


def test_name_and_password_let_in(stranger, make_user) -> None:
    make_user()
    answer = stranger.log_in("  ANNA ")
    assert (answer.status_code, answer.location) == (303, "/")
    assert "anna" in stranger.get("/account").text


@pytest.mark.parametrize(
    ("name", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("", ""), ("anna", ""), ("a\0b", "\0")]
)
def test_what_is_wrong_is_not_told(stranger, make_user, name: str, password: str) -> None:
    make_user()
    answer = stranger.log_in(name, password)
    assert answer.status_code == 403
    assert "do not go together" in answer.text
    assert "login" not in str(answer.headers.getlist("Set-Cookie"))
    assert stranger.get("/account").status_code == 302


def test_after_too_many_tries_not_even_the_right_password_lets_in_for_a_while(stranger, make_user, clock) -> None:
    make_user()
    for _ in range(TRIES_BY_ACCOUNT):
        assert stranger.log_in(password="wrong").status_code == 403
    refused = stranger.log_in()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert "15 minutes" in refused.text
    clock.forward(900)
    assert stranger.log_in().status_code == 303


def test_who_sits_at_the_machine_lets_a_locked_out_user_in_at_once(stranger, make_user, settings) -> None:
    make_user()
    for _ in range(TRIES_BY_ACCOUNT):
        stranger.log_in(password="wrong")
    assert stranger.log_in().status_code == 429
    env = {"DATABASE_URL": settings.database_url, "DATA_DIR": str(settings.data_dir)}
    said = [CliRunner(env=env).invoke(main, ["admin", "unlock", name]) for name in ("Anna", "anna", "ben")]
    assert [result.exit_code for result in said] == [0, 0, 1]
    assert [result.output.splitlines()[0] for result in said] == [
        "anna may log in again.",
        "anna was not locked out by wrong passwords.",
        "There is no user 'ben'; make one: tracker admin create",
    ]
    assert stranger.log_in().status_code == 303


def test_a_network_that_tries_many_names_has_to_wait(stranger, make_user, engine, clock, browser_of) -> None:
    make_user()
    stranger.get("/login")
    answers = [stranger.post("/login", name=f"name{n}", password="x").status_code for n in range(TRIES_BY_NETWORK + 1)]
    assert answers == [403] * TRIES_BY_NETWORK + [429]
    elsewhere = browser_of()
    elsewhere.client.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    assert elsewhere.log_in().status_code == 303


def test_the_cookie_is_for_this_host_over_tls_alone_and_for_no_script(stranger, make_user) -> None:
    make_user()
    cookie = cookie_of(stranger.log_in())
    assert cookie.startswith("__Host-handoff=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(re.split("; ", cookie))
    assert "Domain" not in cookie


def test_on_plain_http_the_cookie_has_a_plain_name(another, make_user) -> None:
    make_user()
    answer = another(public_url="http://localhost:8686").get("/login")
    assert cookie_of(answer).startswith("handoff=")
    assert "Secure" not in cookie_of(answer)


def test_logging_in_changes_the_token_of_the_forms_and_forgets_what_the_cookie_said(stranger, make_user) -> None:
    make_user()
    stranger.get("/login")
    [before] = stranger.seen
    stranger.log_in()
    assert stranger.seen != [before]
    assert stranger.client.post("/logout", data={"csrf": before}).status_code == 403


def test_who_logs_out_leaves_nothing_that_a_kept_cookie_could_use(console, browser_of) -> None:
    kept = console.client.get_cookie("__Host-handoff").value
    assert console.post("/logout").status_code == 303
    thief = browser_of()
    thief.client.set_cookie("__Host-handoff", kept)
    assert thief.get("/account").status_code == 302


def test_a_login_can_be_ended_from_another_browser(console, browser_of) -> None:
    other = browser_of()
    other.log_in()
    page = console.get("/account").text
    [end] = re.findall(r"/account/logins/\w+/end", page)
    console.sure(end)
    assert other.get("/account").status_code == 302
    assert console.get("/account").status_code == 200


def test_all_other_logins_end_at_once(console, browser_of) -> None:
    others = [browser_of(), browser_of()]
    for other in others:
        other.log_in()
    console.sure("/account/logins/end")
    assert [other.get("/account").status_code for other in others] == [302, 302]
    assert console.get("/account").status_code == 200


def test_a_new_password_needs_the_old_one_and_ends_every_login(console) -> None:
    refused = console.post("/account/password", current="wrong", new="staple horse battery")
    assert (refused.status_code, "not your password" in refused.text) == (422, True)
    short = console.post("/account/password", current=PASSWORD, new="short")
    assert (short.status_code, "at least 10" in short.text) == (422, True)
    assert console.post("/account/password", current=PASSWORD, new="staple horse battery").status_code == 303
    assert console.get("/account").status_code == 302
    assert console.log_in().status_code == 403
    assert console.log_in(password="staple horse battery").status_code == 303


def test_an_owner_lets_others_in_changes_their_role_and_removes_them(console, browser_of) -> None:
    assert console.post("/account/users", name="Ben", password=PASSWORD, role="viewer").status_code == 303
    ben = browser_of()
    assert ben.log_in("ben").status_code == 303
    assert "Add a user" not in ben.get("/account").text
    [path] = set(re.findall(r"/account/users/[\w-]+", console.get("/account").text)) - {"/account/users/id-of-anna"}
    console.sure(path, role="owner")
    assert "Add a user" in ben.get("/account").text
    console.sure(path, role="remove")
    assert ben.get("/account").status_code == 302
    assert console.sure(path, role="viewer").status_code == 404


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": "anna", "password": PASSWORD, "role": "viewer"}, "is a user &#39;anna&#39; already"),
        ({"name": "ben", "password": "short", "role": "viewer"}, "at least 10"),
        ({"name": "ben", "password": PASSWORD, "role": "admin"}, "not one of"),
    ],
)
def test_a_user_who_cannot_be_made_is_named_at_the_field(console, fields: dict[str, str], problem: str) -> None:
    answer = console.post("/account/users", **fields)
    assert answer.status_code == 422
    assert problem in answer.text


def test_the_last_owner_stays(console) -> None:
    for role in ("remove", "viewer"):
        answer = console.sure("/account/users/id-of-anna", role=role)
        assert (answer.status_code, "only owner" in answer.text) == (422, True)
    assert console.post("/account/users/id-of-anna", role="king").status_code == 403


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/account", "/account"),
        ("/sources/a?b=c", "/sources/a?b=c"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_after_the_door_one_goes_on_where_one_was_but_never_elsewhere(stranger, make_user, wanted, led_to) -> None:
    make_user()
    stranger.get("/login")
    assert stranger.post("/login", name="anna", password=PASSWORD, next=wanted).location == led_to
    assert stranger.client.get("/login", query_string={"next": wanted}).location == led_to


def test_the_door_remembers_where_somebody_wanted_to_go(stranger, make_user) -> None:
    make_user()
    assert stranger.get("/account?a=1").location == "/login?next=/account?a%3D1"
    part = stranger.get("/account", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"]) == (401, "/login")


def test_a_browser_without_cookies_is_told_where_the_console_is(client, make_user) -> None:
    make_user()
    answer = client.post("/login", data={"name": "anna", "password": PASSWORD})
    assert answer.status_code == 403
    assert "https://collect.example/" in answer.text


def from_elsewhere(browser, network: int = 0):
    """Let a browser come from another network."""
    browser.client.environ_base["REMOTE_ADDR"] = f"198.51.{network}.7"
    return browser


def test_wrong_passwords_from_elsewhere_do_not_lock_an_owner_out(console, make_user, browser_of) -> None:
    attacker = from_elsewhere(browser_of())
    answers = [attacker.log_in(password="wrong").status_code for _ in range(TRIES_BY_ACCOUNT + 1)]
    assert answers == [403] * TRIES_BY_ACCOUNT + [429]
    assert attacker.log_in().status_code == 429, "not even the right one, from there"
    assert browser_of().log_in().status_code == 303, "from a network of its own"


def test_a_name_that_is_tried_from_everywhere_has_to_wait_but_for_a_device_of_its_user(console, browser_of) -> None:
    console.client.post("/logout", data={"csrf": console.seen[0], "sure": "yes"})
    for network in range(TRIES_BY_NAME // TRIES_BY_ACCOUNT):
        attacker = from_elsewhere(browser_of(), network)
        assert {attacker.log_in(password="wrong").status_code for _ in range(TRIES_BY_ACCOUNT)} == {403}
    assert from_elsewhere(browser_of(), 99).log_in().status_code == 429
    assert browser_of().log_in().status_code == 429, "a new browser, wherever it is"
    assert from_elsewhere(console, 99).log_in().status_code == 303


def test_a_known_device_has_tries_of_its_own_and_no_more(console) -> None:
    console.client.post("/logout", data={"csrf": console.seen[0], "sure": "yes"})
    answers = [console.log_in(password="wrong").status_code for _ in range(TRIES_BY_ACCOUNT + 1)]
    assert answers == [403] * TRIES_BY_ACCOUNT + [429]


@pytest.mark.parametrize("forged", ["x", "WyJhbm5hIiwieCIsMF0.AAAA", "x" * 3000])
def test_a_device_that_is_made_up_or_somebody_elses_is_not_known(forged: str, browser_of, make_user) -> None:
    make_user()
    make_user("eve", "viewer")
    eve = browser_of()
    assert eve.log_in("eve").status_code == 303
    made_up = browser_of()
    made_up.client.set_cookie("__Host-handoff-device", forged, domain="localhost")
    for browser in (eve, made_up):
        from_elsewhere(browser, 1)
    answers = [browser.log_in(password="wrong").status_code for browser in (eve, made_up) * (TRIES_BY_ACCOUNT // 2)]
    assert set(answers) == {403}
    assert [browser.log_in().status_code for browser in (eve, made_up)] == [429, 429]


def test_the_devices_cookie_is_for_this_host_for_a_long_time_and_opens_nothing(stranger, make_user, browser_of) -> None:
    make_user()
    [cookie] = [one for one in stranger.log_in().headers.getlist("Set-Cookie") if "-device=" in one]
    assert cookie.startswith("__Host-handoff-device=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=34560000"} <= set(re.split("; ", cookie))
    other = browser_of()
    other.client.set_cookie("__Host-handoff-device", cookie.partition("=")[2].partition(";")[0], domain="localhost")
    assert other.get("/account").status_code == 302


def test_the_present_password_cannot_be_tried_out_on_the_account_page(console, read) -> None:
    answers = [console.post("/account/password", current="wrong", new="another good password") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * TRIES_BY_ACCOUNT + [429]
    assert answers[-1].headers["Retry-After"] == "900"
    assert "15 minutes" in answers[-1].text
    assert console.post("/account/password", current=PASSWORD, new="another good password").status_code == 429
