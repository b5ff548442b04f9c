"""One server for the browser bench: the busy page, and a collector that takes everything and answers 200."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from trackers import OTHERS, Tracker

LINKS = 5_000
# Two thousand changes a second, in the small bursts in which a busy page makes them.
BUSY = """
var started = performance.now(), made = 0, list = document.getElementById('feed'), clicks = 0;
setInterval(function () {
  for (; made < (performance.now() - started) * 2; made += 2) {
    var item = document.createElement('p');
    item.innerHTML = '<a href="http://blog.test/late/' + made + '">late ' + made + '</a>';
    list.appendChild(item);
    if (list.childElementCount > 200) list.firstElementChild.remove();
  }
}, 10);
document.addEventListener('click', function (event) { event.preventDefault(); clicks++; });
"""
PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Busy</title><link rel="icon" href="data:,">
<style>#feed { height: 100px; overflow: hidden }</style>HEAD</head>
<body><div id="feed"></div><main>LINKS</main><script src="/busy.js"></script></body></html>"""
# What the triggers of ours are about: a hundred products, of which a screen shows one or two, and five offers.
PRODUCT, TAGS = " data-tracardi-tag=product", {7: " data-tracardi-tag=offer"}
ANSWERS: dict[str, object] = {
    "/track": {
        "task": ["0"], "ux": [], "response": {}, "events": [], "errors": [], "warnings": [], "pass": "p" * 120,
        "profile": {"id": "3ee63fc6-490a-4fd8-bfb3-bf0c8c8d3387"},
        "session": {"id": "5c5a6b1e-aaaa-4bbb-8ccc-1234567890ab"},
    },
    "/v1/projects/bench/settings": {"integrations": {"Segment.io": {"apiKey": "bench"}}, "plan": {}},
    "/array/phc_bench/config": {"token": "phc_bench", "supportedCompression": ["gzip-js"]},
}  # fmt: skip


@dataclass
class StandIn:
    """The server's port, and what the tracker under test asked the collector for: scripts and other requests."""

    port: int
    asked: list[str] = field(default_factory=list)


@contextmanager
def standing_in(known: Mapping[str, Tracker]) -> Iterator[StandIn]:
    """Serve ``http://shop.test/NAME`` for each tracker, and ``http://collect.test``, until the block ends."""
    seen = StandIn(0)
    handler = type("Handler", (_Handler,), {"known": known, "seen": seen})
    server = _Server(("127.0.0.1", 0), handler)
    seen.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def page(head: str) -> bytes:
    """Return the page: 5 000 links, one in five to another domain of the owner, and what keeps it busy."""
    links = "".join(
        f"<p{TAGS.get(number % 1000, PRODUCT if not number % 50 else '')}>"
        f'<a id="l{number}" href="http://{"shop" if number % 5 else "blog"}.test/{number}">Item {number}</a></p>\n'
        for number in range(LINKS)
    )
    return PAGE.replace("HEAD", head).replace("LINKS", links).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A browser that hangs up is no error of this server."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    known: Mapping[str, Tracker]
    seen: StandIn

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        if self.headers["Host"] != "collect.test":
            tracker = self.known.get(path.strip("/"))
            if path == "/busy.js":
                return self.answer(BUSY.encode(), "text/javascript")
            return self.answer(page(tracker.head) if tracker else b"<!doctype html>", "text/html")
        files = {name: body for tracker in self.known.values() for name, body in tracker.files.items()}
        # Segment's bundle fetches parts of itself from the collector's host.
        part = OTHERS / "@segment/analytics-next/dist/umd" / Path(path).name
        is_script = path in files or (path.endswith(".js") and part.is_file())
        self.seen.asked.append("script" if is_script else "request")
        if is_script:
            return self.answer(files.get(path) or part.read_bytes(), "text/javascript")
        return self.answer(json.dumps(ANSWERS.get(path, {"status": 1, "error": None})).encode(), "application/json")

    do_POST = do_OPTIONS = do_GET

    def answer(self, body: bytes, kind: str) -> None:
        self.send_response_only(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin", "*"))
        self.send_header("Access-Control-Allow-Credentials", "true")
        self.send_header("Access-Control-Allow-Headers", self.headers.get("Access-Control-Request-Headers", "*"))
        self.send_header("Access-Control-Max-Age", "600")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """What was asked for is kept as data."""
