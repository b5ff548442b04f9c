"""Where a visit came from: campaign parameters, click ids and the referring host."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote

from tracker.core.ids import says_nothing
from tracker.core.linking import host_of
from tracker.core.model import Event, Json
from tracker.core.storable import storable
from tracker.core.urls import split_url

CAMPAIGN = {
    "utm_source": "origin",
    "utm_medium": "medium",
    "utm_campaign": "campaign",
    "utm_term": "term",
    "utm_content": "content",
}
CLICK_IDS = ("gclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "twclid", "li_fat_id", "dclid")
_NAMES = frozenset((*CAMPAIGN, *(name.removeprefix("utm_") for name in CAMPAIGN), *CLICK_IDS))
_LONGEST = 256
_LONGEST_PLACEHOLDER = 64  # characters; looking through 200 values of 256 could take 40 ms
# What an editor makes of "&" in a link, once or several times over, and JSON, too; browsers send it as it stands.
_ESCAPED_AND = re.compile(r"&(?:(?:amp|#0*38|#x0*26)(?:;|%3B))+|(?:\\|%5C)(?:u0026|x26)", re.IGNORECASE)


def touchpoint(context: Json, events: tuple[Event, ...]) -> dict[str, str]:
    """Return what is known of how this visit began; empty where nothing is (a direct visit).

    ``context.utm`` of the payload wins over the parameters of the first page. Names are read as a person would read
    them, for links are written by hand: ``UTM_Source``, ``?utm_source`` and ``amp;utm_source`` are ``utm_source``. A
    value that a template has not filled in, such as ``{{source}}``, says nothing.
    """
    page = first_page(context, events)
    found = _said(_query(page.get("url")))
    utm = context.get("utm")
    if isinstance(utm, dict):
        told = _said((name, value) for name, value in utm.items() if isinstance(value, str))
        found |= {f"utm_{name.removeprefix('utm_')}": value for name, value in told.items()}
    point = {name: found[key] for key, name in CAMPAIGN.items() if found.get(key)}
    point |= {key: found[key] for key in CLICK_IDS if found.get(key)}
    if referrer := referrer_host(page):
        point["referrer"] = referrer
    return point


def first_page(context: Json, events: tuple[Event, ...]) -> Json:
    """Return the page of the first event that has one, else the payload's; a plain URL counts as ``{"url": …}``."""
    for holder in (*(event.context for event in events), context):
        page = holder.get("page")
        if isinstance(page, str):
            return {"url": page}
        if isinstance(page, dict) and page:
            return page
    return {}


def referrer_host(page: Json) -> str | None:
    """Return the referring host a page object names, in this script's spelling or the original snippet's."""
    referrer = page.get("referrer") or page.get("referer")
    if isinstance(referrer, dict):
        referrer = referrer.get("host")
    if not isinstance(referrer, str):
        return None
    return host_of(referrer) if "//" in referrer else host_of(f"//{referrer}")


def _said(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the parameters that are filled in, by the names that they were meant to have; the last one counts."""
    found = ((meant, value.strip()[:_LONGEST]) for name, value in parameters if (meant := _meant(name)) in _NAMES)
    return {name: value for name, value in found if len(value) > _LONGEST_PLACEHOLDER or not says_nothing(value)}


def _meant(name: str) -> str:
    name = name.lower().lstrip("? ").rstrip()
    # What is left of "&amp;" where a page has split its query at every "&".
    while name.startswith("amp;"):
        name = name[4:].lstrip()
    return name


def _query(url: object) -> list[tuple[str, str]]:
    if not isinstance(url, str):
        return []
    try:
        parts = split_url(_ESCAPED_AND.sub("&", url)).query.split("&")
        # A part without "=" is one that was encoded as a whole.
        query = "&".join(part if "=" in part else unquote(part) for part in parts)
        given = parse_qsl(query, max_num_fields=200)
    except ValueError:
        return []
    # What was percent-encoded was not read before.
    return [(name, storable(value)) for name, value in given]
