"""What the tests of the HTTP side share: posting payloads, and two sites of one owner."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import orjson
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from tracker.core.account_rules import Role
from tracker.ingest import passwords
from tracker.ingest.fresh import Clock, NewId
from tracker.settings import Settings
from tracker.store import accounts
from tracker.store.accounts import User
from tracker.store.engine import Engine, transaction
from tracker.web.services import services

Body = dict[str, Any]


@pytest.fixture
def another(settings: Settings, clock: Clock, new_id: NewId) -> Iterator[Callable[..., FlaskClient]]:
    """Make a client of a further application, whose settings differ as told."""
    made: list[Flask] = []

    def make(**changes: Any) -> FlaskClient:
        made.append(create_app(replace(settings, **changes), clock=clock, new_id=new_id))
        return made[-1].test_client()

    yield make
    for app in made:
        with app.app_context():
            services().engine.dispose()


@pytest.fixture
def post(client: FlaskClient) -> Callable[..., TestResponse]:
    """Post a body to ``/track`` as JSON; other keywords are headers, with ``_`` for ``-``."""

    def go(body: object, path: str = "/track", **headers: str) -> TestResponse:
        return client.post(path, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return go


@pytest.fixture
def payload() -> Callable[..., Body]:
    """Write a payload in short: ``payload("e1", session="s", profile="p", source="shop", …)``."""

    def write(*event_ids: str, source: str = "shop", **fields: Any) -> Body:
        body: Body = {"source": {"id": source}}
        for name in ("session", "profile"):
            if name in fields:
                body[name] = {"id": fields.pop(name)}
        return body | {"events": [{"type": "page-view", "id": event_id} for event_id in event_ids]} | fields

    return write


@pytest.fixture
def track(post: Callable[..., TestResponse], payload: Callable[..., Body]) -> Callable[..., Body]:
    """Post a payload written in short, and return the answer, which must be a success."""

    def go(*event_ids: str, headers: dict[str, str] | None = None, **fields: Any) -> Body:
        answer = post(payload(*event_ids, **fields), **(headers or {}))
        assert answer.status_code == 200, answer.text
        found: Body = answer.get_json()
        return found

    return go


@pytest.fixture
def sites(make_source: Callable[..., Any]) -> Callable[..., None]:
    """Make two sites of one owner, linked both ways."""

    def make(referrals: str = "plain", **options: Any) -> None:
        for name, other in (("shop", "blog"), ("blog", "shop")):
            domains = (f"{name}.example",)
            make_source(name, domains=domains, links=(f"{other}.example",), referrals=referrals, **options)

    return make


@pytest.fixture
def arriving() -> Callable[..., Body]:
    """Return the context of a page that a visitor reached by a link carrying a profile."""

    def write(profile: str, *, source: str = "shop", at: str = "blog.example", **passed: Any) -> Body:
        handed = {"profile": profile, "source": source, "referrer": f"{source}.example"} | passed
        return {"page": {"url": f"https://{at}/article"}, "tracardi": {"pass": handed}}

    return write


PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Console:
    """A browser in front of the console: it keeps cookies, and sends the token of the page it has seen last."""

    client: FlaskClient
    seen: list[str]

    def get(self, path: str, **options: Any) -> TestResponse:
        answer = self.client.get(path, **options)
        if found := re.search(r'name="csrf" value="([^"]+)"', answer.text):
            self.seen[:] = [found[1]]
        return answer

    def post(self, path: str, /, **fields: Any) -> TestResponse:
        return self.client.post(path, data={"csrf": self.seen[0]} | fields)

    def sure(self, path: str, /, **fields: Any) -> TestResponse:
        """Post what is asked about first, with the answer to the question."""
        return self.post(path, **{"sure": "yes"} | fields)

    def log_in(self, name: str = "anna", password: str = PASSWORD) -> TestResponse:
        self.get("/login")
        answer = self.post("/login", name=name, password=password)
        if answer.status_code == 303:
            self.get("/account")
        return answer


@pytest.fixture(scope="module", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hash passwords with little effort; what the real one is, and that it is made, tests/ingest and tests/cli see."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", cache(lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))
        passwords._nobodys.cache_clear()
        yield
        passwords._nobodys.cache_clear()


@pytest.fixture(scope="module")
def kept_password(quick_hashes: None) -> str:
    """The hash of the password that all users of these tests have."""
    return passwords.hashed(PASSWORD)


@pytest.fixture
def make_user(engine: Engine, clock: Clock, kept_password: str) -> Callable[..., User]:
    """Store a user, ``anna`` the owner unless told otherwise, and return it."""

    def make(name: str = "anna", role: Role = "owner") -> User:
        user = User(f"id-of-{name}", name, role, clock())
        transaction(engine, lambda conn: accounts.add(conn, user, kept_password))
        return user

    return make


@pytest.fixture
def browser_of(app: Flask) -> Callable[[], Console]:
    """Open another browser that nobody is logged in with."""
    return lambda: Console(app.test_client(), [""])


@pytest.fixture
def stranger(browser_of: Callable[[], Console]) -> Console:
    """A browser that nobody is logged in with."""
    return browser_of()


@pytest.fixture
def console(browser_of: Callable[[], Console], make_user: Callable[..., User]) -> Console:
    """A browser in which ``anna``, an owner, is logged in."""
    make_user()
    mine = browser_of()
    assert mine.log_in().status_code == 303
    return mine


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that calls the admin API with a bearer token."""

    client: FlaskClient
    token: str

    def __call__(self, method: str, path: str, json: object = None, **options: Any) -> TestResponse:
        headers = {"Authorization": f"bearer {self.token}"} | options.pop("headers", {})
        # As the original's own tests post: JSON without a content type.
        data = orjson.dumps(json) if json is not None else options.pop("data", None)
        return self.client.open(path, method=method, data=data, headers=headers, **options)

    def ok(self, method: str, path: str, json: object = None) -> Any:
        answer = self(method, path, json)
        assert answer.status_code in (200, 201, 204), f"{answer.status_code} {answer.text}"
        return answer.get_json() if answer.data else None


@pytest.fixture
def tool_of(app: Flask) -> Callable[..., Tool]:
    """Log a program in."""

    def make(name: str = "anna") -> Tool:
        client = app.test_client()
        answer = client.post("/user/token", data={"username": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return Tool(client, answer.get_json()["access_token"])

    return make


@pytest.fixture
def tool(tool_of: Callable[..., Tool], make_user: Callable[..., User]) -> Tool:
    """A program that ``anna``, an owner, has given a token."""
    make_user()
    return tool_of()
