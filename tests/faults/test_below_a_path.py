"""Below a path behind nginx, as docs/proxy.md has it: with the path kept, and with the path stripped."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, OpenerDirector, Request, build_opener

import pytest
from crawling import Fetched, crawl
from playwright.sync_api import expect, sync_playwright
from ports import free_port
from serving import TRACKER, serving

from faults.serving import ROOT
from faults.waiting import until

PATH, NAME, PASSWORD = "/handoff", "anna", "correct horse battery"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    log_format asked '$status $request_method $request_uri';
    access_log {folder}/asked.log asked;
    client_body_temp_path {folder}; proxy_temp_path {folder};
    fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    large_client_header_buffers 4 32k;
    server {{
        listen 127.0.0.1:{port};
        absolute_redirect off;
        location / {{ return 418; }}
        {location}
    }}
}}
"""


class NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


@dataclass(frozen=True, slots=True)
class Site:
    """The collector behind nginx, and a browser without scripts that has its cookies."""

    url: str
    asked: Path
    browser: OpenerDirector
    cookies: CookieJar

    def fetch(self, path: str, data: dict[str, str] | None = None, json_body: object = None, **headers: str) -> Fetched:
        body = urlencode(data).encode() if data is not None else None
        if json_body is not None:
            body, headers = json.dumps(json_body).encode(), headers | {"Content-Type": "application/json"}
        try:
            answer = self.browser.open(Request(self.url + path, body, headers), timeout=10)
        except HTTPError as error:
            answer = error
        with answer:
            kind = answer.headers.get_content_type()
            text = "" if kind == "text/event-stream" else answer.read().decode(errors="replace")
            return Fetched(answer.status, answer.headers.get("Location", ""), kind, text)

    def log_in(self) -> Fetched:
        page = self.fetch(f"{PATH}/login").text
        [action] = re.findall(r'<form method="post" action="([^"]+)"', page)
        [token] = re.findall(r'name="csrf" value="([^"]+)"', page)
        return self.fetch(action, {"csrf": token, "name": NAME, "password": PASSWORD})

    def requests(self) -> list[tuple[int, str]]:
        """Return (status, path) of everything that nginx was asked for."""
        lines = [line.split(" ", 2) for line in self.asked.read_text().splitlines()]
        return [(int(status), path) for status, _, path in lines]


def locations() -> tuple[str, str]:
    """Return the two recipes of docs/proxy.md: the path kept, the path stripped."""
    kept, stripped = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs" / "proxy.md").read_text(), re.DOTALL)
    return kept, stripped


@pytest.fixture(params=["kept", "stripped"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    port, inner = free_port(), free_port()
    location = locations()[["kept", "stripped"].index(request.param)]
    assert location.count("127.0.0.1:8686") == 1
    location = location.replace("127.0.0.1:8686", f"127.0.0.1:{inner}")
    (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path, port=port, location=location))
    public = f"http://localhost:{port}"
    env = {"DATA_DIR": str(tmp_path / "var"), "PUBLIC_URL": public + PATH, "TRUSTED_PROXIES": "127.0.0.1"}
    for command, given in (
        (("db", "upgrade"), None),
        (("admin", "create", "--name", NAME, "--role", "owner"), f"{PASSWORD}\n{PASSWORD}\n"),
        (("source", "create", "--name", "Shop", "--id", "shop"), None),
    ):
        subprocess.run([TRACKER, *command], env=env, input=given, text=True, check=True, capture_output=True)
    with ExitStack() as stack:
        stack.enter_context(serving(tmp_path, env, port=inner))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        running = subprocess.Popen([program, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)])
        stack.callback(running.wait, 10)
        stack.callback(running.terminate)
        cookies = CookieJar()
        found = Site(public, tmp_path / "asked.log", build_opener(NoRedirects, HTTPCookieProcessor(cookies)), cookies)
        until(lambda: answers(found), "nginx")
        for number in range(3):
            event = {"source": {"id": "shop"}, "events": [{"type": "page-view"}], "session": {"id": f"s{number}"}}
            assert found.fetch(f"{PATH}/track", json_body=event).status == 200
        yield found


def answers(site: Site) -> bool:
    try:
        return site.fetch(f"{PATH}/readyz").status == 200
    except OSError:
        return False


@pytest.mark.chaos
def test_every_page_of_the_console_stays_below_the_path(site: Site) -> None:
    assert (site.fetch(PATH).status, site.fetch(PATH).location) == (301, f"{PATH}/")
    door = site.fetch(f"{PATH}/live")
    assert (door.status, door.location) == (302, f"{PATH}/login?next={PATH}/live")
    assert site.log_in().location == f"{PATH}/"
    assert {cookie.path for cookie in site.cookies} == {PATH}
    found = crawl(site.fetch, PATH)
    assert found.outside == []
    assert {path: status for path, status in found.asked.items() if status >= 400} == {}
    assert len(found.asked) > 25
    for path in ("/tracker?source_id=shop", "/tracker/liliput.min.js", "/healthz"):
        assert site.fetch(PATH + path).status == 200, path
    assert f"{site.url}{PATH}" in site.fetch(f"{PATH}/tracker?source_id=shop").text
    assert site.fetch(f"{PATH}/tracker?source_id=shop", Cookie="a=" + "x" * 12_000).status == 200
    # From outside the metrics are closed, and so they are below a path.
    assert site.fetch(f"{PATH}/metrics").status == 403


@pytest.mark.chaos
def test_what_the_scripts_of_the_console_ask_for_is_below_the_path(site: Site) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(base_url=site.url)
        page.goto(f"{PATH}/sources/new")
        page.get_by_label("Name").fill(NAME)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page).to_have_url(f"{site.url}{PATH}/sources/new")
        # htmx asks for the snippet while one types.
        with page.expect_response(lambda answer: answer.url == f"{site.url}{PATH}/source/build"):
            page.locator("#name").fill("Blog")
        page.goto(f"{PATH}/live")
        expect(page.locator("#stream-state")).to_have_text("listening")
        page.goto(f"{PATH}/docs")
        expect(page.locator("#explorer .opblock").first).to_be_visible()
        servers = page.locator("#explorer .servers")
        expect(servers).to_contain_text(PATH)
        page.goto(f"{PATH}/")
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(f"{site.url}{PATH}/login")
        browser.close()
    asked = site.requests()
    assert [path for _, path in asked if not path.startswith(f"{PATH}/")] == []
    assert [(status, path) for status, path in asked if status >= 400] == []
    assert any("/live/stream" in path for _, path in asked)
