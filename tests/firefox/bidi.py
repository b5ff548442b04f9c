"""Firefox by WebDriver BiDi, which Debian's browser speaks over a WebSocket, with no driver in between."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from browser.web import until
from websockets.sync.client import ClientConnection, connect

Json = dict[str, Any]
# What a fresh profile would otherwise do by itself: look for updates, show pages, send reports.
QUIET: Json = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    # Sites of these tests are secure by decree, and a form that leads from one to the other would ask first.
    "security.warn_submit_secure_to_insecure": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.server": "",
    "remote.active-protocols": 1,
}
KEYS = {"Enter": "\ue007", "Control": "\ue009", "Shift": "\ue008"}
MIDDLE = 1


class Firefox:
    """A running browser: commands go out one by one, and events are of no interest."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.numbers = count(1)
        self.send("session.new", capabilities={})

    def send(self, method: str, **params: Any) -> Json:
        """Return the browser's answer to a command; fails with what it says where it refuses."""
        number = next(self.numbers)
        self.connection.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self.connection.recv(timeout=30))).get("id") != number:
            pass
        assert answer["type"] == "success", f"{method}: {answer}"
        found: Json = answer["result"]
        return found

    def tabs(self) -> dict[str, str]:
        """Return the address that each tab shows, by the tab's id."""
        return {tab["context"]: tab["url"] for tab in self.send("browsingContext.getTree", maxDepth=0)["contexts"]}


class Visitor:
    """A browser profile with nothing in it, and the tabs it has open."""

    def __init__(self, firefox: Firefox) -> None:
        self.firefox = firefox
        self.user: str = firefox.send("browser.createUserContext")["userContext"]

    def open(self, url: str, *, seconds_later: int = 0) -> "Tab":
        """Open a URL in a new tab, whose pages take it to be so much later, and wait until it has loaded."""
        made = self.firefox.send("browsingContext.create", type="tab", userContext=self.user)
        tab = Tab(self.firefox, made["context"])
        if seconds_later:
            later = f"() => {{ const now = Date.now; Date.now = () => now() + {seconds_later * 1000}; }}"
            self.firefox.send("script.addPreloadScript", functionDeclaration=later, contexts=[tab.context])
        tab.goto(url)
        return tab

    @contextmanager
    def opened(self) -> Iterator[list["Tab"]]:
        """Yield a list that the one tab that the block opens is in afterwards."""
        before = self.firefox.tabs()
        tabs: list[Tab] = []
        yield tabs
        (new,) = until(lambda: self.firefox.tabs().keys() - before.keys(), "a new tab")
        tabs.append(Tab(self.firefox, new))

    def leave(self) -> None:
        self.firefox.send("browser.removeUserContext", userContext=self.user)


class Tab:
    """One tab: what is said to it happens as if by hand."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self.firefox, self.context = firefox, context

    def goto(self, url: str) -> None:
        self.firefox.send("browsingContext.navigate", context=self.context, url=url, wait="complete")

    @property
    def url(self) -> str:
        return self.firefox.tabs()[self.context]

    def evaluate(self, expression: str) -> Any:
        """Return what an expression in the page comes to, as JSON carries it."""
        wrapped = f"(async () => JSON.stringify(await ({expression})))()"
        found = self.firefox.send(
            "script.evaluate", expression=wrapped, target={"context": self.context}, awaitPromise=True,
            userActivation=False,
        )  # fmt: skip
        assert found["type"] == "success", found["exceptionDetails"]["text"]
        return json.loads(found["result"].get("value", "null"))

    def wait_for(self, expression: str) -> Any:
        """Return what an expression comes to as soon as that is true, whichever page the tab shows by then."""

        def look() -> Any:
            try:
                return self.evaluate(expression)
            except AssertionError:
                return None  # The page went away while it was asked.

        return until(look, expression)

    def click(self, selector: str, button: int = 0, *, held: str | None = None, times: int = 1) -> None:
        """Click an element with a mouse button, while a key is held down or not."""
        at = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView();"
            "const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2].map(Math.round); })()"
        )
        press = [{"type": "pointerDown", "button": button}, {"type": "pointerUp", "button": button}]
        mouse = [{"type": "pointerMove", "x": at[0], "y": at[1]}, *press * times]
        if held:
            self._act(_keys([("keyDown", held)]))
        self._act({"type": "pointer", "id": "mouse", "actions": mouse})
        if held:
            self._act(_keys([("keyUp", held)]))

    def press(self, selector: str, key: str) -> None:
        """Press a key while an element has the focus."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        self._act(_keys([("keyDown", key), ("keyUp", key)]))

    def close(self) -> None:
        self.firefox.send("browsingContext.close", context=self.context)

    def _act(self, source: Json) -> None:
        self.firefox.send("input.performActions", context=self.context, actions=[source])


def _keys(strokes: list[tuple[str, str]]) -> Json:
    return {
        "type": "key",
        "id": "keyboard",
        "actions": [{"type": kind, "value": KEYS[key]} for kind, key in strokes],
    }


@contextmanager
def firefox(executable: str, profile: Path, preferences: Mapping[str, Any]) -> Iterator[Firefox]:
    """Run Firefox without a window on a new profile until the block ends."""
    profile.mkdir()
    lines = (
        f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in (QUIET | dict(preferences)).items()
    )
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    said = profile / "said"
    command = [executable, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
    with said.open("wb") as out:
        running = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        address = until(
            lambda: re.search(r"WebDriver BiDi listening on (ws://\S+)", said.read_text(errors="replace")),
            "Firefox to start",
        )
        assert address
        with connect(f"{address[1]}/session", max_size=None, compression=None) as connection:
            yield Firefox(connection)
    finally:
        running.terminate()
        running.wait(timeout=30)
