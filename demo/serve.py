"""``make demo``: the collector, and a shop and a blog on two domains that hand a visitor over to each other."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

HERE = Path(__file__).resolve().parent
TRACKER = Path(sys.executable).with_name("tracker")
SITES = {"shop": ("Kiln & Kettle", "blog.localhost"), "blog": ("The Kettle Journal", "shop.localhost")}
TYPES = {".css": "text/css", ".js": "text/javascript", "": "text/html; charset=utf-8"}
AUTO = {
    "events": [["page-view"]],
    "triggers": [
        {"tag": "product", "trigger": "onVisible", "threshold": 0.6, "once": True, "data": {"event": "product-seen"}},
        {"tag": "quote", "trigger": "onTextSelect", "data": {"event": "text-selected"}},
    ],
}


def free_port(wanted: int) -> int:
    """Return the wanted port of the loopback, or any other where it is taken."""
    for port in (wanted, 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as found:
                return int(found.getsockname()[1])
        except OSError:
            continue
    raise SystemExit("No port is free on 127.0.0.1.")


def tracker(*arguments: str) -> str:
    """Return what ``tracker …`` prints, nothing where it fails."""
    return subprocess.run([TRACKER, *arguments], capture_output=True, text=True, check=False).stdout


def journey(profile_id: str) -> dict[str, Any]:
    """Return what the command line knows of a visitor: the profile, and its events, the oldest first."""
    lines = [json.loads(line) for line in tracker("profile", "export", "--", profile_id).splitlines()]
    return {
        "profile": next((line for line in lines if line["kind"] == "profile"), None),
        "events": [line for line in lines if line["kind"] == "event"],
    }


def files_of(site: str, port: int, folder: str) -> dict[str, str]:
    """Make the source of a site and return its files by path, the page with the source's snippet in place."""
    name, other = SITES[site]
    config = Path(folder, f"{site}.json")
    config.write_text(json.dumps({"auto": AUTO}))
    host = f"{site}.localhost"
    identity = ["--id", site, "--name", name, "--origin", f"http://{host}:{port}", "--domain", host]
    tracker("source", "create", *identity, "--link", other, "--config", str(config))
    page = HERE.joinpath(site, "index.html").read_text().replace("<!-- snippet -->", tracker("snippet", site))
    for mark, value in (("SHOP_URL", f"//shop.localhost:{port}"), ("BLOG_URL", f"//blog.localhost:{port}")):
        page = page.replace(mark, f"http:{value}")
    shared = {f"/{file.name}": file.read_text() for file in HERE.glob("shared/*")}
    return {"/": page.replace("DATA_FOLDER", folder), **shared}


class Handler(BaseHTTPRequestHandler):
    """Serves the site that the Host header names, and ``/journey?profile=ID`` on both."""

    sites: dict[str, dict[str, str]]

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        files = self.sites.get(self.headers.get("Host", "").partition(".")[0], {})
        if files and url.path == "/journey":
            found = journey(parse_qs(url.query).get("profile", [""])[0])
            return self.answer(json.dumps(found), "application/json")
        if url.path not in files:
            return self.send_error(404)
        return self.answer(files[url.path], TYPES[Path(url.path).suffix])

    def answer(self, text: str, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Cache-Control", "no-store")
        with suppress(ConnectionError):  # The visitor went on before the answer was there.
            self.end_headers()
            self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Keep the terminal for what the collector and this file have to say."""


@contextmanager
def collector(url: str) -> Iterator[None]:
    """Run the collector for as long as the block lasts, which begins when it takes events."""
    running = subprocess.Popen([TRACKER, "serve"], stdout=subprocess.DEVNULL)
    try:
        while not _answers(f"{url}/readyz"):
            if running.poll() is not None:
                raise SystemExit("The collector did not start.")
            time.sleep(0.05)
        yield
    finally:
        running.terminate()
        running.wait()


def _answers(url: str) -> bool:
    try:
        urlopen(url, timeout=5).close()
    except OSError:
        return False
    return True


def main() -> None:
    """Serve until Ctrl-C; nothing is left behind."""
    port, own = free_port(8690), free_port(8691)
    url = f"http://127.0.0.1:{own}"
    for number in (signal.SIGINT, signal.SIGTERM):
        # A shell that puts this in the background lets it ignore Ctrl-C.
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="handoff-demo-") as folder:
        # A database, a key or a port that the operator has set for the real collector is not the demo's to touch.
        for name in ("SECRET_KEY_FILE", "DATABASE_URL_FILE", "SECRET_KEY", "WORKERS"):
            os.environ.pop(name, None)
        os.environ |= {"DATA_DIR": folder, "DATABASE_URL": f"sqlite:///{folder}/handoff.db"}
        os.environ |= {"HOST": "127.0.0.1", "PORT": str(own), "PUBLIC_URL": url}
        with collector(url):
            with ThreadPoolExecutor() as pool:
                Handler.sites = dict(zip(SITES, pool.map(files_of, SITES, [port] * 2, [folder] * 2), strict=True))
            print(f"The shop is http://shop.localhost:{port}/ - click from there to the journal and watch who you are.")
            print(f"To see the same here:  DATA_DIR={folder} .venv/bin/tracker profile show YOUR_PROFILE_ID")
            print("Ctrl-C stops both sites and the collector and forgets everything.", flush=True)
            ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
