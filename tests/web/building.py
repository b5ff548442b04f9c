"""The builder's form as a browser without a script handles it."""

import html
import re

from web.conftest import Console

HTMX = {"HX-Request": "true"}
FULL = {
    "name": "Läden & Co",
    "kind": "browser",
    "id": "Source ID",
    "api": "https://collect.example",
    "origins": "HTTPS://Shop.example:443\n\n http://localhost:3000 ",
    "domains": "shop.example\r\nwww.shop.example",
    "links": "blog.example",
    "referrals": "plain",
    "identify": "open",
    "event-0-type": "page-view",
    "event-0-properties": '{"category": "laptops"}',
    "event-1-type": " ",
    "event-2-type": "visited",
    "event-2-options": '{"saveSession": false}',
    "trigger-0-trigger": "onClick",
    "trigger-0-by": "selector",
    "trigger-0-target": "#buy",
    "trigger-0-event": "clicked",
    "trigger-0-properties": '{"place": "top"}',
    "trigger-0-options": '{"once": true}',
    "trigger-1-trigger": "",
    "trigger-1-by": "tag",
    "requireConsent": "named",
    "consentName": " analytics ",
    "respectGPC": "off",
    "retentionDays": " 030 ",
    "settings": '{"linkPosition": "hash", "spa": "hash"}',
    "switch-trackErrors": "on",
}
BARE = {"kind": "browser", "referrals": "signed", "identify": "verified"}


def form_again(page: str) -> dict[str, str]:
    """Return the fields of a form as a browser would send them back."""
    found = {
        name: html.unescape(value)
        for name, value in re.findall(r'<input id="[\w-]+" name="([\w-]+)" value="([^"]*)"', page)
    }
    for name, value in re.findall(r'<textarea id="\w+" name="(\w+)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL):
        found[name] = html.unescape(value)
    for name, options in re.findall(r'<select id="[\w-]+" name="([\w-]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="(\w+)" selected|<option selected>(\w+)', options)
        found[name] = (chosen[1] or chosen[2]) if chosen else ""
    return found | dict.fromkeys(re.findall(r'type="checkbox" name="([\w-]+)" value="on" checked', page), "on")


def below(page: str, field: str) -> str:
    """Return what stands below a field."""
    found = re.search(rf'id="{field}-about"[^>]*>(.*?)</p>', page, re.DOTALL)
    assert found, field
    return html.unescape(found[1])


def snippet(page: str) -> str:
    found = re.search(r'<pre id="snippet"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert found
    return html.unescape(found[1])


def press(console: Console, button: str, /, *, at: str = "", **fields: str) -> str:
    """Press a button of the form, as a browser without a script does, and return the page."""
    answer = console.post(f"/source/build{at}", do=button, **fields)
    assert answer.status_code == 200, answer.text
    return answer.text
