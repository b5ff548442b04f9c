"""Who somebody is by name and password, for a browser and for the API alike, and how often they may be wrong."""

from flask import request

from tracker.core import account_rules
from tracker.core.client_address import client_network
from tracker.ingest import passwords
from tracker.store import accounts, throttle
from tracker.store.accounts import User
from tracker.web.guard import ask, change
from tracker.web.services import services

TRIES_BY_ACCOUNT = 10
TRIES_BY_NETWORK = 50


class TooManyTries(Exception):
    """Too many wrong passwords came for this account or from this network; ``wait`` is in seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


def proven(name: str, password: str) -> User | None:
    """Return the user who has this name and password; wrong names and wrong passwords are told apart by nobody."""
    name, now = name.strip().casefold(), services().clock()
    account, place = account_rules.tries_of(name), f"network:{network()}"
    limits = {account: TRIES_BY_ACCOUNT, place: TRIES_BY_NETWORK}
    if wait := change(lambda conn: throttle.spend(conn, limits, now)):
        raise TooManyTries(wait)
    found = ask(lambda conn: accounts.named(conn, name))
    if not passwords.matches(password, found[1] if found else None) or found is None:
        return None
    change(lambda conn: throttle.forgive(conn, account, place))
    return found[0]


def network() -> str:
    """Return the network that the current request comes from."""
    trusted = services().settings.trusted_proxies
    return client_network(request.remote_addr, request.headers.get("X-Forwarded-For"), trusted)
