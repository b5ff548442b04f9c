"""Which names the collector answers to: a page may point a name of its own at this machine (DNS rebinding)."""

from dataclasses import replace

import pytest
from web.conftest import Console

from tracker.settings import Settings

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
OURS = ("collect.example", "COLLECT.example.:443", "localhost:8686", "127.0.0.1:8686", "[::1]:8686", "192.0.2.7")
OTHERS = ("attacker.example", "attacker.example:8686", "collect.example.attacker.example", "localhost.attacker.example")
CONSOLE = ("/", "/login", "/account", "/live/stream", "/setup?token=x", "/docs")
API = ("/openapi.json", "/api/sources", "/metrics", "/no/such/page")


@pytest.mark.parametrize("host", OURS)
def test_it_answers_to_its_public_name_to_loopback_and_to_numbers(host: str, stranger: Console) -> None:
    for path in ("/login", "/openapi.json", "/metrics"):
        assert stranger.get(path, headers={"Host": host}).status_code == 200, path


@pytest.mark.parametrize("host", OTHERS)
def test_any_other_name_gets_a_page_that_says_what_to_set(host: str, console: Console) -> None:
    for path in CONSOLE:
        answer = console.get(path, headers={"Host": host})
        assert (answer.status_code, answer.mimetype) == (421, "text/html"), path
        assert "set PUBLIC_URL" in answer.text
        assert "https://collect.example/" in answer.text
        assert "Set-Cookie" not in answer.headers
        assert "anna" not in answer.text
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("host", OTHERS)
def test_programs_are_told_the_same_as_json(host: str, client, tool) -> None:
    for path in API:
        for headers in ({}, {"Authorization": f"Bearer {tool.token}"}):
            answer = client.get(path, headers={"Host": host} | headers)
            assert answer.status_code == 421, path
            assert "set PUBLIC_URL" in answer.get_json()["detail"]
    answer = client.post("/user/token", data={"username": "anna", "password": "x"}, headers={"Host": host})
    assert answer.status_code == 421


@pytest.mark.parametrize("host", OTHERS)
def test_an_unsafe_request_by_another_name_changes_nothing(host: str, console: Console) -> None:
    answer = console.client.post("/logout", data={"csrf": console.seen[0]}, headers={"Host": host})
    assert answer.status_code == 421
    assert console.get("/account").status_code == 200


@pytest.mark.parametrize("host", [*OTHERS, *OURS, "any.thing", "["])
def test_pages_and_probes_may_use_any_name(host: str, client, make_source) -> None:
    make_source()
    body = {"source": {"id": "shop"}, "events": [{"type": "page-view"}], "profile": {"id": "p1"}}
    for options in ({}, {"Origin": "https://shop.example"}):
        headers = {"Host": host} | options
        answer = client.post("/track", json=body, headers=headers)
        assert answer.status_code == 200
        profile = answer.get_json()["profile"]["id"]
        assert client.options("/track", headers=headers).status_code in (200, 204)
        passed = {"source": {"id": "shop"}, "profile": {"id": profile}, "session": {"id": "s"}}
        assert client.post("/pass", json=passed, headers=headers).status_code != 421
        for path in ("/tracker?source_id=shop", "/tracker/liliput.min.js", "/healthz", "/readyz"):
            assert client.get(path, headers=headers).status_code == 200, path
            assert client.head(path, headers=headers).status_code == 200, path
    script = client.get("/tracker?source_id=shop", headers={"Host": host})
    assert script.data == client.get("/tracker?source_id=shop").data


def test_a_request_without_a_host_is_from_no_browser(client) -> None:
    assert client.get("/metrics", environ_overrides={"HTTP_HOST": ""}).status_code == 200


class TestWithAToken:
    """Who shows the token of the metrics is believed from anywhere, also by the name of a container."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, metrics_token="a token for the metrics")

    def test_the_token_decides_about_the_metrics(self, client) -> None:
        headers = {"Host": "handoff:8686"}
        assert client.get("/metrics", headers=headers).status_code == 403
        headers["Authorization"] = "Bearer a token for the metrics"
        assert client.get("/metrics", headers=headers).status_code == 200
        assert client.get("/openapi.json", headers=headers).status_code == 421
