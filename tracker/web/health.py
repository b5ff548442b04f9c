"""``/healthz`` and ``/readyz``: for the load balancer and whoever is on call."""

from flask import Blueprint, Response

from tracker.core.refusal import Unavailable
from tracker.store.engine import transaction
from tracker.store.migrations import is_current
from tracker.store.sources import can_write
from tracker.web.answers import json_answer
from tracker.web.services import Services, services

_ALL_WHO_ASK = ("", "/readyz")
TOKENS = 20
"""What a look costs, in tokens of a network: ten looks a second unless RATE_LIMIT says otherwise."""

health_blueprint = Blueprint("health", __name__)


@health_blueprint.get("/healthz")
def healthz() -> Response:
    """Answer 200 as long as the process answers at all."""
    return json_answer({"status": "alive"}).response()


@health_blueprint.get("/readyz")
def readyz() -> Response:
    """Answer 200 where the database is reachable, migrated and writable, else 503 with the first that is not.

    A look writes to the database: a flood of questions gets the answer of the last one.
    """
    parts = services()
    if not parts.limit_network(_ALL_WHO_ASK, TOKENS):
        _look(parts)
    if parts.readiness.problem:
        raise Unavailable(parts.readiness.problem)
    return json_answer({"status": "ready"}).response()


def _look(parts: Services) -> None:
    try:
        if not is_current(parts.engine):
            raise Unavailable("The database is not migrated; run: tracker db upgrade")
        transaction(parts.engine, can_write)
        if parts.disk.is_low():
            raise Unavailable("The disk is nearly full; make room, or lower DISK_LOW_WATER.")
    except Unavailable as unavailable:
        parts.readiness.problem = unavailable.detail
        raise
    parts.readiness.problem = ""
