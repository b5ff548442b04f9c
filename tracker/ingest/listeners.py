"""Pages that listen: what each of them watches, what it was told, and how many places there are for them."""

import queue
from contextlib import suppress
from dataclasses import dataclass, field

from tracker.core.model import Micros
from tracker.core.times import SECOND
from tracker.store.accounts import Login
from tracker.store.live import Happening, Wanted

OVERLAP: Micros = 15 * SECOND
"""How long after it was received an event may be committed and still be told of."""
FURTHEST: Micros = 300 * SECOND
"""How far back somebody is told who comes back after having been cut off."""
MOST = 50
"""Pages that one process reads for."""
MOST_OF_USER = 6
"""Of these, pages of one user: the oldest gives its place to a new one, for a page that was closed is noticed late."""
_BEHIND = 16

PLACE_TAKEN = (
    f"This is the oldest of more than {MOST_OF_USER} live pages of yours, and has stopped. Close one, reload this."
)
LOGGED_OUT = "Your login has ended. Reload this page to log in again."
OTHER_ROLE = "Your role has changed. Reload this page."
FULL = "Too many pages are live at once on this server. Reload this page in a while."


News = list[Happening]


class Full(Exception):
    """This process has as many listeners as it can read for; the text is for the person in front of the page."""


@dataclass(slots=True, eq=False)
class Listener:
    """A page that watches: what, by which login, what was told already, and what is still to be told."""

    wanted: Wanted
    login: Login
    waiting: "queue.Queue[News | None]" = field(default_factory=lambda: queue.Queue(_BEHIND))
    told: dict[str, Micros] = field(default_factory=dict)
    over: str = ""
    """Why it has ended, for the person in front of the page; empty where the page should just come back."""

    def tell(self, found: News, now: Micros) -> None:
        """Pass on what was not told yet; who does not listen for long misses some of it."""
        fresh = [one for one in found if one.key not in self.told]
        self.told = {key: at for key, at in self.told.items() if at > now - FURTHEST - OVERLAP}
        self.told |= {one.key: one.at for one in fresh}
        if fresh:
            with suppress(queue.Full):
                self.waiting.put_nowait(fresh)

    def end(self, over: str = "") -> None:
        """Let this be the last that it hears, for this reason."""
        self.over = over
        with suppress(queue.Full):
            self.waiting.put_nowait(None)


def end_all(listeners: set[Listener], over: str = "") -> None:
    """End each of some listeners, for this reason."""
    for listener in listeners:
        listener.end(over)
