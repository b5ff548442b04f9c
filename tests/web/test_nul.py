"""A NUL in whatever an address, a form or a body may hold: PostgreSQL refuses it, and no answer may be a 5xx."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

TEXTS = ("a\0b", "\0")
NAMES = ("id", "source", "type", "q", "other", "event", "profile", "before", "cursor", "name", "user", "token", "next")
FIELDS = (*NAMES, "password", "role", "again", "survivor", "loser", "days", "span", "types", "reason", "csrf_x")
# Logging out would leave every address after it without an answer of its own.
ENDS_THE_LOGIN = {"login.log_out", "tracardi.logout"}


def addresses(app: Flask, text: str) -> Iterator[tuple[str, str]]:
    """Yield (method, path) of everything that is served, with a text in each part of a path that is free."""
    quoted = text.replace("\0", "%00")
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in ENDS_THE_LOGIN:
            for method in sorted(rule.methods or ()):
                yield method, re.sub(r"<(?:\w+:)?\w+>", quoted, rule.rule)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_no_address_fails_for_a_nul_from_a_browser(app, console, make_source, text) -> None:
    make_source()
    query = "&".join(f"{name}={text.replace(chr(0), '%00')}" for name in NAMES)
    for method, path in addresses(app, text):
        form = {} if method == "GET" else dict.fromkeys(FIELDS, text) | {"csrf": console.seen[0], "sure": "yes"}
        for address in (path, f"{path}?{query}", f"{path}?id=shop&source=shop"):
            with console.client.open(address, method=method, data=form) as answer:
                assert answer.status_code < 500, f"{method} {address}"


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_no_address_fails_for_a_nul_from_a_tool(app, tool, make_source, text) -> None:
    make_source()
    query = "&".join(f"{name}={text.replace(chr(0), '%00')}" for name in NAMES)
    bodies = (dict.fromkeys(FIELDS, text), dict.fromkeys(FIELDS, text) | {"source": "shop", "id": "shop"}, [text], text)
    for method, path in addresses(app, text):
        for address in (path, f"{path}?{query}", f"{path}?id=shop&source=shop"):
            for body in bodies if method != "GET" else (None,):
                with tool(method, address, body) as answer:
                    assert answer.status_code < 500, f"{method} {address} {body}"
