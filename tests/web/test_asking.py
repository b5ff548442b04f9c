"""What asks before it acts, what says what it has done, what can be undone, and what a role is not shown."""

import html
import re
from collections import deque
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from web.conftest import PASSWORD, Console
from web.test_console_rules import of_console
from werkzeug.test import TestResponse

from tracker.core.model import Event
from tracker.core.steps import MergeProfiles
from tracker.store import accounts, event_types, identify_secrets, journeys, sources
from tracker.store.applying import apply
from tracker.store.engine import transaction
from tracker.store.live import TEST_TAG
from tracker.store.removed_users import RESTORABLE
from tracker.web.guard import is_marked

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

ASKS = {
    "account.end_login": "Programs lose their token.",
    "account.end_other_logins": "Programs lose their token.",
    "account.change_user": "A user loses or gets rights.",
    "people.undo_merge": "A person becomes two.",
    "merges.merge": "Two people become one.",
    "people.erase": "There is no undo.",
    "sources.switch_source": "Events are refused; enabling asks nothing.",
    "sources.new_secret": "Backends are refused.",
    "sources.delete_source": "There is no undo.",
    "event_types.forget": "How much a type was used is gone.",
    "identify_secrets.rotate": "There is no undo.",
    "identify_secrets.retire": "Signatures under older secrets are not believed.",
}
ACTS_AT_ONCE = {
    "login.log_in": "It breaks nothing.",
    "login.set_up": "There is nothing yet that it could break.",
    "login.log_out": "Logging in again brings it back.",
    "account.change_password": "It asks for the present password and the new one.",
    "account.add_user": "It is a filled form; removing the user undoes it.",
    "account.restore_user": "It is an undo.",
    "builder.make_source": "It is a filled form; deleting the source undoes it.",
    "builder.change_source": "It is a filled form that shows what will be.",
    "builder.build": "It stores nothing.",
    "waiting.send_test": "It stores a test visitor, and erasing that undoes it.",
    "waiting.erase_test": "It is an undo: it erases nothing but test visitors.",
    "live.replay_one": "It stores what was sent, once.",
    "live.replay_all": "It stores what was sent, once.",
}


@pytest.fixture
def scene(make_source, record, make_user, engine, clock, console) -> Callable[[], dict[str, object]]:
    """A source of each kind, a merged person and a second user; the returned call reads the state of all of them."""
    make_source("shop", name="The Shop")
    make_source("back", kind="server", name="The Backend")
    loser, survivor = record("e1", session="s1").profile_id, record("e2", session="s2").profile_id
    record("e3", session="s3")
    transaction(engine, lambda conn: apply(conn, [MergeProfiles("m1", loser, survivor, "referral", clock())]))
    make_user("ben", "viewer")

    make_source("blog", name="The Blog")
    transaction(engine, lambda conn: identify_secrets.rotate(conn, "blog", clock()))

    def types_of(conn):
        return {one: event_types.listed(conn, one) for one in ("shop", "back", "blog")}

    def state() -> dict[str, object]:
        def work(conn):
            return {
                "users": {user.name: user.role for user in accounts.users(conn)},
                "person": (person := journeys.person(conn, survivor)) and person.ids,
                "loser": (person := journeys.person(conn, loser)) and person.id,
                "third": (person := journeys.person(conn, "profile-3")) and person.id,
            }

        types = transaction(engine, types_of)
        kept = {
            one.id: (one.enabled, one.secret_hash, one.identify_generations, types.get(one.id))
            for one in sources.all_sources(engine)
        }
        return {"sources": kept, **transaction(engine, work)}

    return state


ASKED: list[tuple[str, dict[str, str], str, str, str, str]] = [
    # address, fields, what the question names, what it says breaks, what the message says, the label of the undo
    ("/source/switch?id=shop", {"enabled": "no"}, "The Shop", "refused", "The Shop is disabled", "Enable again"),
    ("/source/secret?id=back", {}, "The Backend", "Backends that use the present secret are refused", "shown this", ""),
    ("/source/delete?id=shop", {"typed": "shop"}, "The Shop", "Its pages are refused", "The Shop is deleted", ""),
    ("/source/delete?id=back", {"typed": "back"}, "The Backend", "Its backends are", "The Backend is deleted", ""),
    ("/person/unmerge?id=profile-1", {}, "Visitor", "profile-1 gets back the ids", "is undone", "Merge again"),
    (
        "/person/merge?id=profile-2&other=profile-3",
        {},
        "Visitor",
        "name one person from now on",
        "is merged into",
        "Undo",
    ),
    ("/source/types/forget?id=shop", {"type": "page-view"}, "The Shop", "page-view", "1 event type of The Shop", ""),
    ("/source/identify-secret/rotate?id=shop", {}, "The Shop", "signs with the new one", "new identify secret", ""),
    ("/source/identify-secret/retire?id=blog", {}, "The Blog", "not believed from now on", "Only the present", ""),
    ("/person/erase?id=profile-2", {"typed": "profile-2"}, "Visitor profile-", "no undo", "of them is gone", ""),
    ("/account/users/id-of-ben", {"role": "remove"}, "ben", "API token of this user ends", "ben is removed", "Undo"),
    ("/account/users/id-of-ben", {"role": "owner"}, "ben", "An owner changes", "ben is an owner now", "Undo"),
]


def shown(answer: TestResponse, console: Console) -> str:
    """Return the text of an answer, or of the page that it leads to."""
    return html.unescape(console.get(answer.location).text if answer.status_code == 303 else answer.text)


def fields_of(form: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}


def form_with(page: str, button: str) -> str:
    [form] = [one for one in re.findall(r"<form.*?</form>", page, re.DOTALL) if f">{button}<" in one]
    return str(form)


def action_of(form: str) -> str:
    return html.unescape(re.findall(r'action="([^"]+)"', form)[0])


@pytest.mark.parametrize(("path", "fields", "name", "breaks", "done", "undo"), ASKED)
def test_an_action_asks_what_it_would_break_then_says_what_it_has_done(
    console, scene, path: str, fields: dict[str, str], name: str, breaks: str, done: str, undo: str
) -> None:
    before, typed = scene(), fields.get("typed")
    first = console.post(path, **{key: value for key, value in fields.items() if key != "typed"})
    text = html.unescape(first.text)
    assert first.status_code == 200
    assert scene() == before, "nothing happens before the answer"
    assert name in re.findall(r"<h1>(.*?)</h1>", text)[0]
    assert breaks in text
    form = form_with(first.text.replace("\n", " "), re.findall(r'<button class="danger solid">([^<]+)<', first.text)[0])
    answer = console.client.post(action_of(form), data=fields_of(form) | ({"typed": typed} if typed else {}))
    after = scene()
    assert after != before
    page = shown(answer, console)
    assert 'role="status"' in page
    assert done in page
    if undo:
        form = form_with(page, undo)
        console.client.post(action_of(form), data=fields_of(form))
        assert scene() == before


@ONE_DATABASE
@pytest.mark.parametrize(("path", "fields"), [(path, fields) for path, fields, *_ in ASKED])
def test_what_a_question_names_is_what_its_form_acts_on(console, scene, path: str, fields) -> None:
    hostile = "user_id=zzz&endpoint=x&values=%ff&_anchor=x&_method=GET&_scheme=javascript&_external=1"
    sent = f"{path}{'&' if '?' in path else '?'}{hostile}"
    answer = console.post(sent, **{key: value for key, value in fields.items() if key != "typed"})
    assert answer.status_code == 200
    button = re.findall(r'<button class="danger solid">([^<]+)<', answer.text)[0]
    assert action_of(form_with(answer.text.replace("\n", " "), button)) == sent


@ONE_DATABASE
def test_every_action_of_the_console_is_known_to_ask_or_says_why_it_does_not(app) -> None:
    unsafe = {endpoint for endpoint, method, _ in of_console(app) if method != "GET"}
    assert unsafe == ASKS.keys() | ACTS_AT_ONCE.keys()
    assert {endpoint for endpoint in unsafe if is_marked(app.view_functions[endpoint], "asks")} == ASKS.keys()


@ONE_DATABASE
def test_what_has_to_be_typed_is_compared_and_what_was_typed_wrong_is_said(console, scene) -> None:
    before = scene()
    for typed in ("", "yes", "Shop", "shopp"):
        answer = console.post("/source/delete?id=shop", typed=typed, sure="yes")
        assert (answer.status_code, "Type shop to go on." in answer.text) == (422, True), typed
    assert console.post("/source/delete?id=shop", sure="yes").status_code == 200
    assert scene() == before


@ONE_DATABASE
def test_a_message_is_shown_once_and_quotes_no_markup(console, make_source) -> None:
    make_source("shop", name="<b>" * 60)
    answer = console.sure("/source/switch?id=shop", enabled="no")
    text = console.get(answer.location).text
    assert "&lt;b&gt;&lt;b&gt;" in text
    assert "<b>" not in text
    assert "is disabled: its events" in text
    assert "is disabled: its events" not in console.get(answer.location).text


@ONE_DATABASE
def test_the_longest_names_fit_into_the_cookie(console, make_source) -> None:
    make_source("\U0001f600" * 128, name="\U0001f600" * 200)
    fields = {"csrf": console.seen[0], "sure": "yes", "enabled": "no"}
    for _ in range(3):
        answer = console.client.post("/source/switch", query_string={"id": "\U0001f600" * 128}, data=fields)
        assert all(len(cookie) < 4_000 for cookie in answer.headers.getlist("Set-Cookie"))
    assert "is disabled" in console.get(answer.location).text


def test_a_removed_user_is_restored_within_a_day_with_the_same_password(console, browser_of, make_user, clock) -> None:
    make_user("ben", "viewer")
    ben = browser_of()
    ben.log_in("ben")
    console.sure("/account/users/id-of-ben", role="remove")
    assert ben.get("/account").status_code == 302
    assert ben.log_in("ben").status_code == 403
    assert "Removed within the last day" in console.get("/account").text
    assert "ben is a user again" in shown(console.post("/account/users/id-of-ben/restore"), console)
    assert ben.get("/account").status_code == 302, "a login that was ended stays ended"
    assert ben.log_in("ben").status_code == 303
    assert "Removed within" not in console.get("/account").text
    again = console.post("/account/users/id-of-ben/restore")
    assert (again.status_code, "cannot be restored" in again.text) == (422, True)
    console.sure("/account/users/id-of-ben", role="remove")
    console.post("/account/users", name="ben", password=PASSWORD, role="viewer")
    taken = console.post("/account/users/id-of-ben/restore")
    assert (taken.status_code, "another user &#39;ben&#39; by now" in taken.text) == (422, True)


def test_a_user_who_was_removed_longer_ago_is_gone_for_good(console, make_user, clock, read, engine) -> None:
    make_user("ben")
    make_user("eve")
    console.sure("/account/users/id-of-ben", role="remove")
    clock.forward(RESTORABLE / 1_000_000)
    assert "Restore" not in console.get("/account").text
    assert console.post("/account/users/id-of-ben/restore").status_code == 422
    console.sure("/account/users/id-of-eve", role="remove")
    with engine.connect() as conn:
        assert conn.exec_driver_sql("SELECT name FROM removed_user").scalars().all() == ["eve"]


@ONE_DATABASE
def test_the_only_owner_is_shown_no_button_that_would_be_refused(console, make_user) -> None:
    assert 'name="role" value="remove"' not in console.get("/account").text
    make_user("ben", "owner")
    assert console.get("/account").text.count('name="role" value="remove"') == 2


def pages_of(browser: Console, *further: str) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of every page that links lead to from the first one on; no link is refused."""
    found = deque(["/", "/account", *further])
    seen = set(found)
    while found and len(seen) < 400:
        path = found.popleft()
        with browser.client.get(path, follow_redirects=True) as answer:
            assert answer.status_code == 200, f"{path} {answer.status_code}"
            text = answer.text if answer.mimetype == "text/html" else ""
        yield path, text
        for link in re.findall(r'<a [^>]*href="(/[^"#]*)', text):
            new = html.unescape(link)
            if new not in seen:
                seen.add(new)
                found.append(new)


@ONE_DATABASE
@pytest.mark.parametrize("role", ["viewer", "owner"])
def test_no_page_offers_a_form_or_a_link_that_this_role_is_refused(
    app: Flask, console, browser_of, make_user, scene, record, track, role: str
) -> None:
    record(events=(Event("test-event", "t1", tags=(TEST_TAG,)),), session="s3")
    track(events=[{"type": "whole", "id": "whole", "more": ["y" * 10_000] * 8}], source="shop")
    console.sure("/account/users/id-of-ben", role="remove")
    make_user("cleo", role)
    browser_of().log_in("cleo")
    browser = browser_of()
    browser.log_in("cleo")
    # What a form leads to, and no link does.
    found_by_form = ("/person/merge?id=profile-2&other=profile-3", "/person/merge?id=profile-2&q=s3")
    pages = dict(pages_of(browser, *(found_by_form if role == "owner" else ())))
    walked = {path.partition("?")[0] for path in pages}
    assert walked >= {"/", "/account", "/live", "/event", "/people", "/person", "/quarantine", "/source", "/sources"}
    actions: dict[str, tuple[str, dict[str, str]]] = {}
    for path, text in pages.items():
        for form in re.findall(r'<form [^>]*method="post".*?</form>', text, re.DOTALL):
            for action in (action_of(form), *map(html.unescape, re.findall(r'formaction="([^"]+)"', form))):
                actions.setdefault(action, (path, fields_of(form)))
    assert len(actions) >= (4 if role == "viewer" else 15)
    for action, (path, fields) in sorted(actions.items(), key=lambda one: one[0] == "/logout"):
        answer = browser.client.post(action, data=fields | {"csrf": browser.seen[0]})
        assert answer.status_code != 403, f"{path} offers {action}"
    # The walk has seen every action that there is for this role.
    adapter = app.url_map.bind("")
    offered = {adapter.match(action.partition("?")[0], "POST")[0] for action in actions}
    every = {
        endpoint
        for endpoint in ASKS.keys() | ACTS_AT_ONCE.keys()
        if not is_marked(app.view_functions[endpoint], "public")
    }
    own = {endpoint for endpoint in every if is_marked(app.view_functions[endpoint], "own_affair")}
    assert offered == (every if role == "owner" else own)


@ONE_DATABASE
def test_a_viewer_is_refused_the_owners_forms_and_pages_all_the_same(console, browser_of, make_user, scene) -> None:
    make_user("cleo", "viewer")
    viewer = browser_of()
    viewer.log_in("cleo")
    before = scene()
    for path in (
        "/sources/new",
        "/source/edit?id=shop",
        "/source/identify-secret?id=shop",
        "/person/merge?id=profile-2&other=profile-3",
    ):
        assert viewer.get(path).status_code == 403
        assert console.get(path).status_code == 200
    for path, fields, *_ in ASKED:
        assert viewer.client.post(path, data={"csrf": viewer.seen[0], "sure": "yes"} | fields).status_code == 403
    assert scene() == before
