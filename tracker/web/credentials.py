"""Who somebody is by name and password, for a browser and for the API alike, and how often they may be wrong."""

import random
import time

from flask import Response, render_template, request

from tracker.core import account_rules
from tracker.core.client_address import client_network
from tracker.core.plurals import counted
from tracker.core.storable import storable
from tracker.ingest import passwords
from tracker.store import accounts, throttle
from tracker.store.accounts import User
from tracker.web.guard import ask, change
from tracker.web.known_devices import known_device
from tracker.web.services import services

TRIES_BY_ACCOUNT = 10
"""For one name from one network, or from a device that its user has logged in with."""
TRIES_BY_NETWORK = 50
TRIES_BY_NAME = 200
"""From everywhere together; a known device does not count, so that nobody is locked out by others."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 0.4
"""Seconds before a refusal: a client waits for it before it sends again, and its connections come back spread out.

A waiting greenlet costs nothing, while 16 connections that are refused at once keep all others waiting.
"""


class TooManyTries(Exception):
    """Too many wrong passwords came for this account or from this network; ``wait`` is in seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait

    @property
    def advice(self) -> str:
        """What a person is told."""
        return f"Too many wrong passwords; try again in {counted(-(-self.wait // 60), 'minute')}."


def proven(name: str, password: str) -> User | None:
    """Return the user who has this name and password; an unknown name takes the same time and gets the same answer."""
    name, now = storable(name.strip().casefold()), services().clock()
    own, shared = _counted_under(name)
    limits = {own: TRIES_BY_ACCOUNT} | shared
    if wait := change(lambda conn: throttle.spend(conn, limits, now)):
        time.sleep(random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))  # noqa: S311 - spreads load, no secret
        raise TooManyTries(wait)
    found = ask(lambda conn: accounts.named(conn, name))
    if not passwords.matches(password, found[1] if found else None) or found is None:
        return None
    change(lambda conn: throttle.forgive(conn, own, shared))
    return found[0]


def refused(error: TooManyTries, back: str) -> Response:
    """Return the short page for too many tries, with a link to the path ``back``; the database is not asked again."""
    text = render_template("too_many_tries.html", advice=error.advice, back=back)
    headers = {"Retry-After": str(error.wait)}
    return Response(text, 429, headers, content_type="text/html; charset=utf-8")


def _counted_under(name: str) -> tuple[str, dict[str, int]]:
    """Return what a try is counted under: the key of its place alone, and the limits by key that it shares."""
    if device := known_device(name):
        return account_rules.tries_from(name, f"device {device}"), {}
    own = account_rules.tries_from(name, f"network {network()}")
    return own, {account_rules.tries_of(name): TRIES_BY_NAME, f"network:{network()}": TRIES_BY_NETWORK}


def network() -> str:
    """Return the network that the current request comes from."""
    trusted = services().settings.trusted_proxies
    return client_network(request.remote_addr, request.headers.get("X-Forwarded-For"), trusted)
