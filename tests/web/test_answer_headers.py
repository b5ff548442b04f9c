"""What answers tell browsers and caches: TLS alone, windows apart, and that a refusal is not to be kept."""

import re
from dataclasses import replace

import pytest
from flask import Flask

from app import create_app
from tracker.settings import Settings

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
HSTS = "Strict-Transport-Security"


@pytest.mark.parametrize(
    ("public_url", "told"),
    [
        ("https://collect.example", "max-age=31536000"),
        ("http://collect.example", None),
        ("http://localhost:8686", None),
        # What is said here holds for the whole host, of which these have a part.
        ("https://example.com/handoff", None),
        ("https://example.com:8443", None),
        ("https://localhost", None),
    ],
)
def test_browsers_are_told_to_use_tls_alone_where_the_host_is_the_collector_s(
    public_url: str, told: str | None, settings: Settings, clock, new_id
) -> None:
    client = create_app(replace(settings, public_url=public_url), clock=clock, new_id=new_id).test_client()
    for path in ("/login", "/", "/tracker/liliput.min.js", "/openapi.json", "/no/such/page"):
        assert client.get(path).headers.get(HSTS) == told, path


@pytest.mark.parametrize(
    ("public_url", "told"),
    [
        ("https://collect.example", "same-origin"),
        ("https://example.com/handoff", "same-origin"),
        ("http://localhost:8686", "same-origin"),
        ("http://127.0.0.1:8686", "same-origin"),
        # Browsers ignore it there, and complain.
        ("http://collect.example", None),
    ],
)
def test_a_window_that_opens_the_console_keeps_no_hand_on_it(
    public_url: str, told: str | None, settings: Settings, clock, new_id
) -> None:
    client = create_app(replace(settings, public_url=public_url), clock=clock, new_id=new_id).test_client()
    for path in ("/login", "/account", "/event?source=x&id=y"):
        assert client.get(path).headers.get("Cross-Origin-Opener-Policy") == told, path


@pytest.mark.parametrize(
    "path",
    [
        "/console-assets/no-such-file.css",
        "/console-assets/no-such-file.css?v=1",
        "/console-assets/vendor/no-such-file.js",
        "/console-assets/../../app.py",
        "/console-assets/",
        "/tracker?source_id=nobody",
        "/tracker",
        "/tracker/no-such-file.js",
        "/no/such/page",
        "/openapi.jso",
    ],
)
def test_no_cache_keeps_a_refusal(path: str, client, app: Flask) -> None:
    answer = client.get(path)
    assert answer.status_code in (404, 422)
    assert answer.headers.getlist("Cache-Control") == ["no-store"]


@pytest.mark.parametrize("path", ["/tracker", "/console-assets/console.css", "/openapi.json", "/healthz"])
def test_no_cache_keeps_the_refusal_of_a_method(path: str, client) -> None:
    answer = client.delete(path)
    assert answer.status_code == 405
    assert answer.headers.getlist("Cache-Control") == ["no-store"]


def test_a_file_is_kept_for_long_under_the_address_of_its_own_version_alone(client) -> None:
    page = client.get("/login").text
    [own] = {part.split('"')[0] for part in page.split('href="') if part.startswith("/console-assets/console.css")}
    with client.get(own) as answer:
        assert "immutable" in answer.headers["Cache-Control"]
    for other in ("/console-assets/console.css", "/console-assets/console.css?v=of-tomorrow"):
        with client.get(other) as answer:
            assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache"), other


@pytest.mark.parametrize("name", ["no-such-file.css", ".", "../../tests", "../../../../../../../../proc/self/mem"])
def test_to_say_what_may_be_asked_of_an_asset_no_file_is_read(name: str, client) -> None:
    # Each of these fails where it is read, and what can be read without end would take all the memory.
    answer = client.options(f"/console-assets/{name}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


def test_a_file_has_one_address_under_which_it_is_kept(client) -> None:
    page = client.get("/login").text
    [version] = re.findall(r"/console-assets/console\.css\?v=(\w+)", page)
    with client.get(f"/console-assets/./console.css?v={version}") as answer:
        assert answer.headers["Cache-Control"] == "no-cache"
