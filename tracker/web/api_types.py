"""The types of event of a source in the admin API: listed, and forgotten to make room for others."""

from typing import Any

from flask import Blueprint, Response
from marshmallow import EXCLUDE, Schema, fields, validate

from tracker.core.event_types import MOST_TYPES
from tracker.core.times import iso
from tracker.store import event_types
from tracker.store.event_types import KnownType
from tracker.web.api_reading import about, answered, body_of, query_of, sound
from tracker.web.api_sources import the_source
from tracker.web.bearer import api
from tracker.web.guard import ask, change
from tracker.web.schemas import Id

api_types_blueprint = api(Blueprint("api_types", __name__, url_prefix="/api/event-types"))


class TypesQuery(Schema):
    """Of which source."""

    class Meta:
        unknown = EXCLUDE

    source = fields.String(required=True)


class TypeShown(Schema):
    """A type of event that a source has."""

    type = fields.String(required=True)
    first_seen = fields.String(required=True)
    last_used = fields.String(
        required=True, metadata={"description": "When it was used first in the last hour in which it was used."}
    )
    hours = fields.Integer(required=True, metadata={"description": "In how many different hours it was used."})


class ForgetTypes(Schema):
    """Which types to forget."""

    class Meta:
        unknown = EXCLUDE

    source = Id(required=True)
    types = fields.List(fields.String(), required=True, validate=validate.Length(1, MOST_TYPES))


class Forgotten(Schema):
    """How many types were there and are forgotten."""

    forgotten = fields.Integer(required=True)


@api_types_blueprint.get("")
@about("List the types of event of a source, the most used first", gives=[TypeShown], query=TypesQuery, may=(404,))
def list_types() -> Response:
    """List the types that a source has."""
    source = the_source(query_of(TypesQuery)["source"])
    found = ask(lambda conn: event_types.listed(conn, source.id))
    return answered({"items": [_shown(one) for one in found], "next": None})


@api_types_blueprint.post("/forget")
@about("Forget types of event to make room for others; events stay", gives=Forgotten, body=ForgetTypes, may=(404,))
def forget_types() -> Response:
    """Forget types of a source; one that comes again is noted again."""
    asked = body_of(ForgetTypes)
    source, names = the_source(asked["source"]), [sound(name) for name in asked["types"]]
    return answered({"forgotten": change(lambda conn: event_types.forget(conn, source.id, names))})


def _shown(one: KnownType) -> dict[str, Any]:
    return {
        "type": one.type,
        "first_seen": iso(one.first_seen),
        "last_used": iso(one.last_used),
        "hours": one.hours,
    }
