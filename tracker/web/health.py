"""``/healthz`` and ``/readyz``: for the load balancer and whoever is on call."""

from flask import Blueprint, Response

from tracker.core.refusal import Unavailable
from tracker.store.engine import transaction
from tracker.store.migrations import is_current
from tracker.store.sources import can_write
from tracker.web.answers import json_answer
from tracker.web.services import services

health_blueprint = Blueprint("health", __name__)


@health_blueprint.get("/healthz")
def healthz() -> Response:
    """Answer 200 as long as the process answers at all."""
    return json_answer({"status": "alive"}).response()


@health_blueprint.get("/readyz")
def readyz() -> Response:
    """Answer 200 where the database is reachable, migrated and writable, else 503 with the first that is not."""
    engine = services().engine
    if not is_current(engine):
        raise Unavailable("The database is not migrated; run: tracker db upgrade")
    transaction(engine, can_write)
    if services().disk.is_low():
        raise Unavailable("The disk is nearly full; make room, or lower DISK_LOW_WATER.")
    return json_answer({"status": "ready"}).response()
