"""What a visitor does in these tests, as in ``browser.visiting``, said to Firefox."""

import re
from typing import Any

from browser import visiting
from browser.visiting import BLOG, EMPTY, KNOWN, SHOP
from browser.web import Web

from firefox.bidi import Tab, Visitor

__all__ = ["BLOG", "SHOP", "arrived", "known", "settled", "two_sites"]


def two_sites(web: Web, page: str = "leaving.html", **options: Any) -> tuple[str, str]:
    """Open a shop that links to a blog; a Firefox that is driven says so, and is taken for a person here."""
    return visiting.two_sites(web, page, trackBots=True, **options)


def known(tab: Tab) -> str:
    """Return the id that the visitor has on this page, once the collector has given one."""
    return str(tab.wait_for(KNOWN))


def arrived(tab: Tab, url: str) -> Tab:
    """Wait until a tab shows a page, whatever its query and fragment, and the tracker runs there."""
    tab.wait_for(f"location.href.split(/[?#]/)[0] == '{url}' && window.tracker && tracker.version")
    return tab


def settled(tab: Tab) -> Tab:
    """Wait until nothing is left in the outbox of any tab of this site."""
    tab.wait_for(EMPTY)
    return tab


def at_shop(visitor: Visitor) -> tuple[Tab, str]:
    """Open the shop; returns the tab and who the visitor is."""
    tab = visitor.open(SHOP)
    return tab, known(tab)


def bare(url: str) -> bool:
    """True where an address says nothing of a visitor."""
    return re.search("__tr_", url) is None
