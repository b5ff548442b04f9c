"""What a visit is called in the console's lists: by device, browser, system, country, referrer and campaign."""

from collections.abc import Callable
from dataclasses import dataclass

from tracker.core.linking import host_of
from tracker.core.model import Json
from tracker.core.tally import LONGEST_NAME, About, page_of
from tracker.core.touchpoint import CLICK_IDS

_TABLETS = ("iPad", "Tablet", "Kindle", "Silk/")
_PHONES = ("Mobi", "iPhone", "iPod")
_SCREENS = ("SmartTV", "SMART-TV", "AppleTV", "CrKey", "GoogleTV", "HbbTV", "Web0S")


@dataclass(frozen=True, slots=True)
class Agent:
    """What a User-Agent header says of who sent it."""

    bot: bool
    browser: str
    system: str


Describe = Callable[[str], Agent]


def about(source: str, context: Json, touchpoint: Json, device: Json, describe: Describe) -> About:
    """Return what is known of a visit from the row of its session."""
    header = _text(device.get("user_agent"))
    agent = describe(header)
    names = {"device": device_of(header), "browser": agent.browser, "system": agent.system}
    if country := _text(device.get("country")):
        names["country"] = country
    return About(source, agent.bot or is_driven(context), names, _arrival(context, touchpoint))


def device_of(header: str) -> str:
    """Return ``mobile``, ``tablet``, ``tv``, ``desktop`` or ``unknown``."""
    if not header:
        return "unknown"
    if any(mark in header for mark in _SCREENS):
        return "tv"
    # Android says "Mobile" on phones alone.
    if any(mark in header for mark in _TABLETS) or ("Android" in header and "Mobi" not in header):
        return "tablet"
    return "mobile" if any(mark in header for mark in _PHONES) else "desktop"


def is_driven(context: Json) -> bool:
    """Return True where the browser said that a program drives it (``navigator.webdriver``)."""
    place: object = context.get("browser")
    for inner in ("local", "browser"):
        if not isinstance(place, dict):
            return False
        if place.get("webdriver") is True:
            return True
        place = place.get(inner)
    return isinstance(place, dict) and place.get("webdriver") is True


def _arrival(context: Json, touchpoint: Json) -> dict[str, str]:
    found = {}
    referrer = _text(touchpoint.get("referrer"))
    # A visit that begins anew after a break was sent by nobody else.
    if referrer and referrer != host_of(page_of(context) or ""):
        found["referrer"] = referrer
    told = [_text(touchpoint.get(name)) for name in ("origin", "medium", "campaign")]
    clicked = [name for name in CLICK_IDS if touchpoint.get(name)]
    if campaign := " / ".join([part for part in told if part] or clicked[:1]):
        found["campaign"] = campaign[:LONGEST_NAME]
    return found


def _text(value: object) -> str:
    return value[:1024] if isinstance(value, str) else ""
