"""The forms of a source's snippet, as the console shows them."""

from dataclasses import dataclass

from tracker.core.model import Source
from tracker.script.render import FORMS

NONCE = "{{ csp_nonce }}"


@dataclass(frozen=True, slots=True)
class Form:
    """One form of the snippet: what it is called, and which pages it is for."""

    title: str
    about: str


TOLD = {
    "stub": Form(
        "For most pages", "As high in the <head> as you can: calls made before the tracker has loaded are kept."
    ),
    "line": Form("One line", "For pages that make no calls before the tracker has loaded."),
    "inline": Form("The configuration in the page", "For pages that differ from one another; what the page says wins."),
    "gtm": Form("Google Tag Manager", "A custom HTML tag, fired on all pages."),
    "esm": Form("Modules", "For pages that are made of modules."),
    "nonce": Form(
        "With a nonce",
        "For pages with a Content-Security-Policy; put in what your templates write the nonce with.",
    ),
}


def snippet_of(source: Source, api: str, name: str) -> str:
    """Return one form of a source's snippet for pages that reach the collector at this address."""
    made = FORMS["stub"](source, api, NONCE) if name == "nonce" else FORMS[name](source, api, None)
    return made.strip()
