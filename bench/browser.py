"""``make bench``: what our script and five others cost the same busy page, in rounds that take turns."""

import argparse
import gzip
import os
import shutil
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from figures import CATEGORIES, Start, clicks, start, timeline
from playwright.sync_api import Browser, Page, sync_playwright
from standin import StandIn, standing_in
from trackers import OTHERS, Tracker, trackers

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A browser that is driven says so, and most trackers leave those alone.
    "--disable-blink-features=AutomationControlled",
    "--unsafely-treat-insecure-origin-as-secure=http://shop.test",
]
SITE = "http://shop.test"
PAGE_SCRIPT = f"{SITE}/busy.js"
START_MS, LEAVING_MS = 1_500, 400
CLICKS = 20
HEADING = (
    "| 5 000 links, 2 000 changes a second | bytes, gzip -9 | its own ms at start | long tasks |"
    " forced layouts | scripts + requests | ms a click |\n|---|---|---|---|---|---|---|"
)
OWNED_LINKS = """() => [...document.querySelectorAll('main a[href*="//blog.test"]')].map((link) => {
  const box = link.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2, box.bottom];
}).filter(([, , bottom]) => bottom < innerHeight)"""


@dataclass
class Found:
    """The figures of one tracker, one of a kind for each round."""

    starts: list[Start] = field(default_factory=list)
    click_ms: list[float] = field(default_factory=list)
    scripts: int = 0
    requests: int = 0


class Bench:
    """One browser and one server; each visit is a new visitor's first."""

    def __init__(self, browser: Browser, served: StandIn, known: dict[str, Tracker]) -> None:
        self.browser, self.served, self.known = browser, served, known
        # Some trackers take a browser without a window for a robot.
        page = browser.new_page()
        self.user_agent = str(page.evaluate("navigator.userAgent")).replace("Headless", "")
        page.close()

    def count(self, path: str, found: Found) -> None:
        """Visit the page and leave: what is asked for, the farewell included."""
        self.served.asked.clear()
        with self._tab() as page:
            self._visit(page, path)
            page.goto("about:blank")
            page.wait_for_timeout(LEAVING_MS)
        found.scripts = sum(kind == "script" for kind in self.served.asked)
        found.requests = len(self.served.asked) - found.scripts
        if self.known[path].files and not found.requests:
            sys.exit(f"{self.known[path].name} has sent nothing; its figures would mean nothing.")

    def traced(self, path: str, found: Found) -> None:
        """Visit the page under the browser's trace, then click links to the owner's other domain."""
        with self._tab() as page:
            self.browser.start_tracing(page=page, categories=CATEGORIES)
            self._visit(page, path)
            found.starts.append(start(timeline(self.browser.stop_tracing(), PAGE_SCRIPT), PAGE_SCRIPT))
            boxes = page.evaluate(OWNED_LINKS)
            self.browser.start_tracing(page=page, categories=CATEGORIES)
            for number in range(CLICKS):
                page.mouse.click(*boxes[number % len(boxes)][:2])
            if page.evaluate("clicks") != CLICKS:
                sys.exit(f"{self.known[path].name}: not every click was one.")
            found.click_ms += clicks(timeline(self.browser.stop_tracing(), PAGE_SCRIPT))

    def _visit(self, page: Page, path: str) -> None:
        page.goto(f"{SITE}/{path}", wait_until="load")
        page.wait_for_timeout(START_MS)

    @contextmanager
    def _tab(self) -> Iterator[Page]:
        context = self.browser.new_context(user_agent=self.user_agent)
        page = context.new_page()
        # The process that will show the page is there before anything is measured.
        page.goto(f"{SITE}/blank")
        yield page
        context.close()


def measure(rounds: int) -> Iterator[tuple[Tracker, Found]]:
    """Yield every tracker with its figures, after rounds in which each had its turn."""
    known = {str(number): tracker for number, tracker in enumerate(trackers())}
    found = {path: Found() for path in known}
    with standing_in(known) as served, sync_playwright() as playwright:
        resolver = f"--host-resolver-rules=MAP *.test 127.0.0.1:{served.port}"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, resolver])
        bench = Bench(browser, served, known)
        for path in known:
            bench.count(path, found[path])
        for number in range(rounds):
            for path in known:
                bench.traced(path, found[path])
            sys.stderr.write(f"round {number + 1} of {rounds}\n")
        browser.close()
    for path, tracker in known.items():
        yield tracker, found[path]


def row(tracker: Tracker, found: Found) -> str:
    """Return one line of the table: medians over the rounds."""
    size = sum(len(gzip.compress(body, 9, mtime=0)) for body in tracker.files.values())
    own = statistics.median(one.own_ms for one in found.starts)
    long_tasks, layouts = (
        statistics.median(getattr(one, name) for one in found.starts) for name in ("long_tasks", "layouts")
    )
    return (
        f"| {tracker.name}{', links decorated' if tracker.links else ''} | {size:,} | {own:.1f} |"
        f" {long_tasks:.0f} | {layouts:.0f} | {found.scripts} + {found.requests} |"
        f" {statistics.median(found.click_ms):.2f} |"
    )


def main() -> None:
    """Measure, and print the table that the README quotes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    if not OTHERS.is_dir():
        sys.exit("The other trackers are not installed; call this by `make bench`, or `npm ci` in bench/others.")
    print(HEADING)  # noqa: T201
    for tracker, found in measure(given.rounds):
        print(row(tracker, found))  # noqa: T201


if __name__ == "__main__":
    main()
