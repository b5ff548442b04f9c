"""What the views work with, put together once in app.py and found again through the app they belong to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app

from tracker.core.model import Micros
from tracker.ingest.attempts import Attempts
from tracker.ingest.committer import Committer
from tracker.ingest.countries import CountryOf
from tracker.ingest.disk import Disk
from tracker.ingest.feed import Feed
from tracker.ingest.fresh import Clock, NewId
from tracker.ingest.identities import IdentityOffice
from tracker.ingest.lane import Lane
from tracker.ingest.limiter import Key
from tracker.ingest.new_types import NewTypes
from tracker.ingest.passes import PassOffice
from tracker.ingest.quotas import Quotas
from tracker.ingest.usage import Usage
from tracker.script.render import Scripts
from tracker.settings import Settings
from tracker.store.directory import Directory
from tracker.store.engine import Engine
from tracker.web.counting import Metrics

_KEY = "handoff"


@dataclass(slots=True)
class Readiness:
    """What the last look at the database and the disk found: empty where nothing is in the way."""

    problem: str = ""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one running service."""

    settings: Settings
    engine: Engine
    clock: Clock
    new_id: NewId
    sources: Directory
    committer: Committer
    new_types: NewTypes
    passes: PassOffice
    scripts: Scripts
    identities: IdentityOffice
    limit: Callable[[Key, int], Micros]
    limit_network: Callable[[Key, int], Micros]
    opens: Callable[[Key], Micros]
    """Takes a token of (user, what is opened) and says how many microseconds to wait, mostly 0."""
    quotas: Quotas
    usage: Usage
    disk: Disk
    metrics: Metrics
    attempts: Attempts
    feed: Feed
    lane: Lane = field(default_factory=Lane)
    readiness: Readiness = field(default_factory=Readiness)
    country_of: CountryOf | None = None
    """From an address to its country, where the operator has named a database."""


def install(app: Flask, services: Services) -> None:
    """Make the parts known to the views of this app."""
    app.extensions[_KEY] = services


def services_of(app: Flask) -> Services:
    """Return the parts of this app."""
    return cast("Services", app.extensions[_KEY])


def services() -> Services:
    """Return the parts of the app that handles the current request."""
    return services_of(current_app)
