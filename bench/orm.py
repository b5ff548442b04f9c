"""The yardstick for the write path: the same rows by SQLAlchemy's ORM, one transaction a request, the ordinary way."""

import os
import time
import uuid
from typing import Any

from flask import Flask, jsonify, request
from sqlalchemy.orm import Session

from tracker.settings import Settings
from tracker.store.engine import connect
from tracker.store.tables import AliasRow, EventRow, ProfileRow, SessionRow


def create_app() -> Flask:
    """Return the WSGI application; it knows returning visitors, new ones and repeated events, and nothing else."""
    app = Flask("orm", static_folder=None)
    engine = connect(os.environ.get("DATABASE_URL") or Settings.from_env().database_url)

    @app.post("/track")
    def track() -> Any:
        body = request.get_json(force=True)
        with Session(engine) as database, database.begin():
            profile_id, session_id = store(database, body, time.time_ns() // 1000)
        return jsonify(task=[str(uuid.uuid4())], profile={"id": profile_id}, session={"id": session_id})

    return app


def store(database: Session, body: dict[str, Any], now: int) -> tuple[str, str]:
    """Write one payload; returns (profile id, session id)."""
    alias = database.get(AliasRow, body.get("profile", {}).get("id", ""))
    visit = database.get(SessionRow, body["session"]["id"])
    if alias is None:
        profile = ProfileRow(
            id=str(uuid.uuid4()), created=now, updated=now, traits={}, consents={}, identified=False, merged_into=None
        )
        database.add(profile)
        database.flush()
        alias = AliasRow(id=profile.id, profile_id=profile.id, given_to=profile.id)
        database.add(alias)
    else:
        profile = database.get_one(ProfileRow, alias.profile_id)
        profile.updated = now
    if visit is None:
        visit = SessionRow(
            id=body["session"]["id"],
            client_id=body["session"]["id"],
            profile_id=profile.id,
            created=now,
            source_id=body["source"]["id"],
            context=body["context"],
            properties={},
            touchpoint={},
            device={},
        )
        database.add(visit)
    visit.updated, visit.context = now, body["context"]
    batch = str(uuid.uuid4())
    for position, given in enumerate(body["events"]):
        if database.get(EventRow, (body["source"]["id"], given["id"])) is None:
            database.add(
                EventRow(
                    source_id=body["source"]["id"],
                    id=given["id"],
                    type=given["type"],
                    profile_id=profile.id,
                    session_id=visit.id,
                    properties=given.get("properties", {}),
                    context=given.get("context", {}),
                    tags=given.get("tags", []),
                    created=now,
                    inserted=now,
                    updated=None,
                    received_at=now,
                    batch=batch,
                    position=position,
                    batch_size=len(body["events"]),
                )
            )
    return profile.id, visit.id
