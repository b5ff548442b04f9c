"""Messages: what an action has done, on the next page that this browser is shown, with a way to undo it.

They are kept in the console's signed cookie, which holds 4 KB, so they are few and short.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from flask import session as cookie

_KEY = "messages"
_MOST = 2
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Undo:
    """A button beside a message: the address that its form posts to, and the fields of that form."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    label: str = "Undo"


def say(text: str, undo: Undo | None = None) -> None:
    """Show a message on the next page of this browser."""
    message = {"text": text[:_LONGEST], "undo": asdict(undo) if undo else None}
    cookie[_KEY] = [*cookie.get(_KEY, ()), message][-_MOST:]


def said() -> list[dict[str, Any]]:
    """Return the messages that were not shown yet; after this they count as shown."""
    found: list[dict[str, Any]] = cookie.pop(_KEY, [])
    return found


def brief(name: str) -> str:
    """Return a name as a message quotes it."""
    return name if len(name) <= 60 else f"{name[:59]}…"
