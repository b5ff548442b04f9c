"""``make bench``: what our script and five others cost the same busy page, in rounds that take turns.

What the columns say, medians over the rounds, milliseconds being CPU time of the page's main thread:

- bytes: of all scripts that the page loads for the tracker from the start, each packed by gzip -9.
- ms to start: compiling and evaluating what is pasted into the page and the scripts, with their ``onload`` handlers,
  and what the tracker does on the page's own loading events.
- ms afterwards: all else it does until a second and a half after the load, while the page goes on changing: sending,
  reading the answer, looking at what was added.
- long tasks, forced layouts: tasks over 50 ms that would not have been without it; layouts in the midst of its work.
- scripts + requests: what it asks the collector for, from the load to what it sends when the visitor leaves.
- ms a click: what all listeners do from pressing the button on an owned link to the click. The page's own, which is
  all that "no tracker" has, is among them.

Nobody is attached to a page while it loads: under an inspector Chromium notes where each timer, listener and request
was made, which costs a tracker more than all it does itself.
"""

import argparse
import gzip
import os
import shutil
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

from chrome import Chromium, chromium
from figures import CATEGORIES, Visit, clicks, timeline, visit
from standin import StandIn, standing_in
from trackers import OTHERS, Tracker, trackers

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
SITE = "http://shop.test"
PAGE_SCRIPT = f"{SITE}/busy.js"
# Long enough for the load and the second and a half after it, also on a slow machine; the trace says when that was.
VISIT_S, LEAVING_S = 3.0, 0.4
CLICKS = 20
HEADING = (
    "| 5 000 links, 2 000 changes a second | bytes, gzip -9 | ms to start | ms afterwards | long tasks |"
    " forced layouts | scripts + requests | ms a click |\n|---|---|---|---|---|---|---|---|"
)
OWNED_LINKS = """[...document.querySelectorAll('main a[href*="//blog.test"]')].map((link) => {
  const box = link.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2, box.bottom];
}).filter(([, , bottom]) => bottom < innerHeight)"""


@dataclass
class Found:
    """The figures of one tracker, one of a kind for each round."""

    visits: list[Visit] = field(default_factory=list)
    click_ms: list[float] = field(default_factory=list)
    scripts: int = 0
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Bench:
    """One browser and one server; each visit is a new visitor's first."""

    browser: Chromium
    served: StandIn
    known: dict[str, Tracker]

    def count(self, path: str, found: Found) -> None:
        """Visit the page and leave: what is asked for, the farewell included."""
        with self._visitor() as visitor:
            self.served.asked.clear()
            session = self._attach(self._visit(path, visitor))
            self.browser.send("Page.navigate", session, url="about:blank")
            Event().wait(LEAVING_S)
        found.scripts = sum(kind == "script" for kind in self.served.asked)
        found.requests = len(self.served.asked) - found.scripts
        if self.known[path].files and not found.requests:
            sys.exit(f"{self.known[path].name} has sent nothing; its figures would mean nothing.")

    def measure(self, path: str, found: Found) -> None:
        """Visit the page under the browser's trace, then click links to the owner's other domain."""
        with self._visitor() as visitor:
            with self.browser.traced(CATEGORIES) as trace:
                tab = self._visit(path, visitor)
            found.visits.append(visit(timeline(trace, PAGE_SCRIPT), PAGE_SCRIPT))
            session = self._attach(tab)
            boxes = self.browser.evaluate(session, OWNED_LINKS)
            with self.browser.traced(CATEGORIES) as trace:
                for number in range(CLICKS):
                    self.browser.click(session, *boxes[number % len(boxes)][:2])
            if self.browser.evaluate(session, "document.hidden ? 0 : clicks") != CLICKS:
                sys.exit(f"{self.known[path].name}: not every click was one.")
            found.click_ms += clicks(timeline(trace, PAGE_SCRIPT))

    def _visit(self, path: str, visitor: str) -> str:
        """Open the page in a tab, stay for a while, and return the tab."""
        made = self.browser.send("Target.createTarget", url=f"{SITE}/{path}", browserContextId=visitor)
        Event().wait(VISIT_S)
        return str(made["targetId"])

    def _attach(self, tab: str) -> str:
        return str(self.browser.send("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"])

    @contextmanager
    def _visitor(self) -> Iterator[str]:
        made = str(self.browser.send("Target.createBrowserContext")["browserContextId"])
        # What a browser does once for every profile is done before anything is measured.
        self.browser.send("Target.createTarget", url=f"{SITE}/blank", browserContextId=made)
        Event().wait(LEAVING_S)
        yield made
        self.browser.send("Target.disposeBrowserContext", browserContextId=made)


def measure(rounds: int, chosen: Sequence[Tracker]) -> Iterator[tuple[Tracker, Found]]:
    """Yield the chosen trackers with their figures, after rounds in which each had its turn."""
    known = {str(number): tracker for number, tracker in enumerate(chosen)}
    found = {path: Found() for path in known}
    with standing_in(known) as served:
        resolver = f"--host-resolver-rules=MAP *.test 127.0.0.1:{served.port}"
        secure = f"--unsafely-treat-insecure-origin-as-secure={SITE}"
        with chromium(CHROMIUM or "chromium", resolver, secure) as browser:
            bench = Bench(browser, served, known)
            for path in known:
                bench.count(path, found[path])
            for number in range(rounds):
                for path in known:
                    bench.measure(path, found[path])
                sys.stderr.write(f"round {number + 1} of {rounds}\n")
    for path, tracker in known.items():
        yield tracker, found[path]


def row(tracker: Tracker, found: Found) -> str:
    """Return one line of the table: medians over the rounds."""
    size = sum(len(gzip.compress(body, 9, mtime=0)) for body in tracker.files.values())
    start, after, long_tasks, layouts = (
        statistics.median(getattr(one, name) for one in found.visits)
        for name in ("start_ms", "after_ms", "long_tasks", "layouts")
    )
    return (
        f"| {tracker.name}{', links decorated' if tracker.links else ''} | {size:,} | {start:.1f} | {after:.1f} |"
        f" {long_tasks:.0f} | {layouts:.0f} | {found.scripts} + {found.requests} |"
        f" {statistics.median(found.click_ms):.2f} |"
    )


def main() -> None:
    """Measure, and print the table that the README quotes."""
    parser = argparse.ArgumentParser(description="What our browser script and five others cost the same busy page.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ours", action="store_true", help="leave the others out")
    given = parser.parse_args()
    if not OTHERS.is_dir():
        sys.exit("The other trackers are not installed; call this by `make bench`, or `npm ci` in bench/others.")
    print(HEADING)  # noqa: T201
    for tracker, found in measure(given.rounds, trackers(others=not given.ours)):
        print(row(tracker, found))  # noqa: T201


if __name__ == "__main__":
    main()
