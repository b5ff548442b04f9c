"""Many sites on one port: serves a case's page for the host that is asked for, and stands in front of the collector.

The browser takes every ``*.test`` to this port. On ``collect.test`` it is the collector's reverse proxy, which can be
told to be slow, to answer 503 or to hang up; every other host shows the page that a test has put there.
"""

import re
import select
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, Literal
from urllib.parse import urlsplit

PAGES = Path(__file__).parent / "pages"
COLLECTOR = "collect.test"
SLOW = 0.25
SNIPPET = "<!-- snippet -->"
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

Fault = Literal["none", "slow", "busy", "down"]


@dataclass(frozen=True, slots=True)
class Site:
    """What a host shows: a page of a case with a snippet in it, and more pages by name (``/next`` is next.html)."""

    page: str
    snippet: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)

    def file(self, path: str) -> Path:
        """Return the file for a path: the one of that name, else the page of the case."""
        named = PAGES / (path.lstrip("/") if "." in path else f"{path.strip('/')}.html")
        return named if re.fullmatch(r"/[\w-]+(\.\w+)?", path) and named.is_file() else PAGES / self.page

    def content(self, path: str) -> bytes:
        """Return the page with the snippet and the values of this test in their places."""
        text = self.file(path).read_text(encoding="utf-8").replace(SNIPPET, self.snippet)
        for name, value in self.values.items():
            text = text.replace(f"{{{{ {name} }}}}", value)
        return text.encode()


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in."""

    method: str
    host: str
    target: str
    referer: str
    origin: str
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


@dataclass
class PageServer:
    """The server, what it shows, what is wrong with the way to the collector, and what it was asked for."""

    collector_port: int
    sites: dict[str, Site] = field(default_factory=dict)
    fault: Fault = "none"
    log: list[Request] = field(default_factory=list)
    answers: list[tuple[Request, int, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        handler = type("Handler", (_Handler,), {"pages": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.port = int(self._server.server_address[1])
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self, host: str, path: str | None = None) -> list[Request]:
        """Return what a host was asked for, in order."""
        return [one for one in tuple(self.log) if one.host == host and path in (None, one.path)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A browser that hangs up is no error of this server."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    pages: PageServer

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").partition(":")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        referer, origin = self.headers.get("Referer", ""), self.headers.get("Origin", "")
        asked = Request(self.command, host, self.path, referer, origin, body)
        self.pages.log.append(asked)
        if host == COLLECTOR:
            return self.forward(asked)
        site, path = self.pages.sites.get(host), urlsplit(self.path).path
        missing = Path(path).suffix and not (PAGES / path.lstrip("/")).is_file()
        if site is None or missing:
            return self.answer(404, {}, b"")
        kind = _TYPES.get(Path(path).suffix, _TYPES[".html"])
        return self.answer(200, {"Content-Type": kind, "Cache-Control": "no-cache", **site.headers}, site.content(path))

    do_POST = do_OPTIONS = do_GET

    def forward(self, asked: Request) -> None:
        """Pass a request on to the collector; what is wrong with the way there is wrong with sending events only."""
        fault = self.pages.fault if self.command == "POST" else "none"
        if fault == "down" or (fault == "slow" and not self.still_there()):
            self.close_connection = True
            return None
        if fault == "busy":
            allowed = {"Access-Control-Allow-Origin": asked.origin or "*"}
            return self.answer(503, {"Content-Type": "application/json", **allowed}, b'{"detail": "busy"}')
        collector = HTTPConnection("127.0.0.1", self.pages.collector_port, timeout=30)
        try:
            collector.request(self.command, self.path, asked.body, {**self.headers, "Connection": "close"})
            got = collector.getresponse()
            kept = {name: value for name, value in got.getheaders() if name.lower() not in _HOP_BY_HOP}
            if got.getheader("Content-Type", "").startswith("text/event-stream"):
                return self.pass_on(got, kept)
            body = got.read()
            self.pages.answers.append((asked, got.status, body))
            return self.answer(got.status, kept, body)
        except (OSError, HTTPException):
            self.close_connection = True
            return None
        finally:
            collector.close()

    def pass_on(self, got: HTTPResponse, headers: Mapping[str, str]) -> None:
        """Pass a stream on, which has no end, as it comes."""
        self.close_connection = True
        self.send_response_only(got.status)
        for name, value in {**headers, "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        while part := got.read1():
            self.wfile.write(part)

    def still_there(self) -> bool:
        """Take as long as a distant collector takes; False where the browser has hung up in the meantime."""
        Event().wait(SLOW)
        readable, _, _ = select.select([self.connection], [], [], 0)
        return not readable or bool(self.connection.recv(1, socket.MSG_PEEK))

    def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        with suppress(OSError):
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """What was asked for is in the server's log, as data."""
