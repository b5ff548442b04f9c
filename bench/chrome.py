"""Chromium by its debugging protocol, attached to no page that is not clicked: an inspector costs a page its time."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from threading import Thread
from typing import IO, Any

from websockets.sync.client import ClientConnection, connect

ARGUMENTS = (
    "--headless=new",
    "--window-size=1280,800",
    "--no-first-run",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A browser that is driven says so, and most trackers leave those alone.
    "--disable-blink-features=AutomationControlled",
    "--remote-debugging-port=0",
)
PATIENCE = 60

Json = dict[str, Any]


class Chromium:
    """A running browser: commands go out one by one, and of what it reports only a trace is kept."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.numbers = count(1)

    def send(self, method: str, session: str | None = None, **params: Any) -> Json:
        """Return the browser's answer to a command; fails with what it says where it refuses."""
        number = next(self.numbers)
        to = {"sessionId": session} if session else {}
        self.connection.send(json.dumps({"id": number, "method": method, "params": params, **to}))
        while (answer := self._hear()).get("id") != number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        found: Json = answer["result"]
        return found

    @contextmanager
    def traced(self, categories: Sequence[str]) -> Iterator[list[Json]]:
        """Yield a list that everything which happens in the block is in afterwards."""
        events: list[Json] = []
        self.send("Tracing.start", transferMode="ReportEvents", traceConfig={"includedCategories": [*categories]})
        yield events
        self.send("Tracing.end")
        while (said := self._hear()).get("method") != "Tracing.tracingComplete":
            if said.get("method") == "Tracing.dataCollected":
                events += said["params"]["value"]

    def evaluate(self, session: str, expression: str) -> Any:
        """Return the value of an expression in a page."""
        found = self.send("Runtime.evaluate", session, expression=expression, returnByValue=True)
        return found["result"].get("value")

    def click(self, session: str, x: float, y: float) -> None:
        """Move the mouse to a place in a page and click there."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self.send("Input.dispatchMouseEvent", session, type=kind, x=x, y=y, **button)

    def _hear(self) -> Json:
        said: Json = json.loads(self.connection.recv(timeout=PATIENCE))
        return said


@contextmanager
def chromium(executable: str, *arguments: str) -> Iterator[Chromium]:
    """Run Chromium without a window on a new profile until the block ends."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [executable, *ARGUMENTS, *arguments, f"--user-agent={_user_agent(executable)}"]
        command.append(f"--user-data-dir={profile}")
        running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603
        try:
            with connect(_address(running.stderr), max_size=None, compression=None) as connection:
                yield Chromium(connection)
        finally:
            running.terminate()
            running.wait(timeout=PATIENCE)


def _user_agent(executable: str) -> str:
    """Return what this browser says of itself when it has a window; without one, some trackers take it for a robot."""
    said = subprocess.run([executable, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    major = next(iter(re.findall(r"\d+", said.stdout)))
    return f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"


def _address(said: IO[str] | None) -> str:
    """Return where the browser listens, and read on what it says, lest it waits for somebody to do so."""
    for line in said or ():
        if found := re.search(r"DevTools listening on (ws://\S+)", line):
            Thread(target=lambda: [None for _ in said or ()], daemon=True).start()
            return found[1]
    raise RuntimeError("Chromium has ended before it listened.")
