"""``/openapi.json``: the contract, generated from the schemas that requests are checked with, when first asked for."""

import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

import orjson
from flask import Blueprint, Flask, Response, current_app
from marshmallow import Schema

from tracker.web import api_schemas as schemas
from tracker.web.api_reading import About
from tracker.web.bearer import api
from tracker.web.guard import SAFE, is_marked, public
from tracker.web.schemas import Bool, EventType, Id, PassSchema, TrackSchema
from tracker.web.services import services_of

if TYPE_CHECKING:
    from apispec import APISpec

openapi_blueprint = api(Blueprint("openapi", __name__))
_KEPT_IN = "handoff.openapi"
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_REFUSALS = {
    400: "The name and the password do not go together.",
    401: "There is no token, or it was ended.",
    403: "The token is a viewer's, and this changes something.",
    404: "Nothing goes by that id.",
    409: "It does not go together with what is there.",
    413: "The body is too large.",
    415: "The body is of another type, compressed, or not UTF-8.",
    429: "Too many requests or wrong passwords; come again after `Retry-After` seconds.",
    503: "The database cannot do this now; come again after `Retry-After` seconds.",
}
_SOURCE_REFUSED = "The source is unknown, disabled, or takes nothing from this origin or without its secret."
_ANY_OBJECT = {"type": "object"}
_STATUS = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}
_TRACKED = {
    "type": "object",
    "properties": {
        "task": {"type": "array", "items": {"type": "string"}},
        "ux": {"type": "array"},
        "response": _ANY_OBJECT,
        "events": {"type": "array", "items": _ANY_OBJECT},
        "profile": {"type": "object", "properties": {"id": {"type": "string"}}},
        "session": {"type": "object", "properties": {"id": {"type": "string"}}},
        "errors": {"type": "array", "items": {"type": "string"}},
        "warnings": {"type": "array", "items": {"type": "string"}},
        "pass": {"type": "string"},
    },
    "required": ["task", "ux", "response", "events", "profile", "session", "errors", "warnings"],
}
_PASSED = {"type": "object", "properties": {"pass": {"type": "string"}}, "required": ["pass"]}
_SOURCE_ID = [{"name": "source_id", "in": "query", "schema": {"type": "string"}}]
_DRY_RUN = [{"name": "dry_run", "in": "query", "schema": {"type": "string", "enum": ["0", "1"]}}]


@openapi_blueprint.get("/openapi.json")
@public
def specification() -> Response:
    """Answer the specification of everything that programs may call."""
    made: dict[str, bytes] = current_app.extensions
    if _KEPT_IN not in made:
        made[_KEPT_IN] = orjson.dumps(specified(current_app).to_dict())
    return Response(made[_KEPT_IN], mimetype=_JSON)


def specified(app: Flask) -> "APISpec":
    """Return the specification of an application, all of whose blueprints are registered."""
    # A start needs none of it, and half a second of it is nothing to whoever asks.
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    described = "Events go to /track, for which a source is enough; everything else is for who has a bearer token."
    path = services_of(app).settings.path
    # Without this, tools take paths for those of the host.
    below: dict[str, Any] = {"servers": [{"url": path}]} if path else {}
    spec = APISpec("Handoff", version("handoff-tracker"), "3.1.0", [plugin], info={"description": described}, **below)
    cast("Any", plugin.converter).add_attribute_function(_of_fields)
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    spec.components.security_scheme("secret", {"type": "http", "scheme": "bearer", "description": "A backend's own."})
    for path, operations in _collecting(spec).items():
        spec.path(path, operations=operations)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        view = app.view_functions[rule.endpoint]
        if about := getattr(view, "about", None):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
                operation = _operation(about, rule.endpoint, public=is_marked(view, "public"))
                if method not in SAFE and not (is_marked(view, "public") or is_marked(view, "own_affair")):
                    operation["x-owners-only"] = True
                operation["parameters"] += [_in_path(name) for name in sorted(rule.arguments)]
                spec.path(path, operations={method.lower(): operation})
    return spec


def _name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")


def _of_fields(_converter: Any, field: Any, **_: Any) -> dict[str, Any]:
    """Return what is particular about our own kinds of fields."""
    if isinstance(field, Bool):
        return {"type": ["boolean", "null"] if field.allow_none else "boolean"}
    if isinstance(field, (Id, EventType)):
        shortest = 0 if getattr(field, "may_be_empty", False) else 1
        return {"minLength": shortest, "maxLength": 128}
    return {}


def _operation(about: About, endpoint: str, *, public: bool) -> dict[str, Any]:
    blueprint = endpoint.partition(".")[0]
    refused = {*about.may, 503, *(() if public else (401, 403))}
    if about.body or about.form:
        refused |= {413, 415} if about.body else {413}
    operation: dict[str, Any] = {
        "operationId": endpoint.replace(".", "_"),
        "summary": about.summary,
        "tags": ["Tools made for Tracardi" if blueprint == "tracardi" else "Admin"],
        "parameters": [{"in": "query", "schema": about.query}] if about.query else [],
        "responses": {str(about.status): _answer(about)} | _refusals(refused, null=blueprint == "tracardi"),
        "security": [] if public else [{"token": []}],
    }
    if about.query or about.body or about.form:
        operation["responses"]["422"] = {"description": "The request has another shape.", **_body(schemas.Problems)}
    if about.body:
        operation["requestBody"] = {"required": True, **_body(about.body)}
    if about.form:
        operation["requestBody"] = {"required": True, "content": {_FORM: {"schema": about.form}}}
    return operation


def _answer(about: About) -> dict[str, Any]:
    if about.gives is None:
        return {"description": "Done."}
    if isinstance(about.gives, list):
        listed = {"type": "array", "items": about.gives[0]}
        page = {"items": listed, "next": {"type": ["string", "null"]}}
        return {
            "description": "A page.",
            **_body({"type": "object", "properties": page, "required": ["items", "next"]}),
        }
    return {"description": "Done.", **_body(about.gives)}


def _refusals(statuses: set[int], *, null: bool) -> dict[str, Any]:
    return {
        str(status): {
            "description": _REFUSALS[status],
            # A tool of the original finds null where something is not there.
            **({"content": {_JSON: {"schema": {}}}} if null and status == 404 else _body(schemas.Refused)),
        }
        for status in sorted(statuses)
    }


def _body(schema: Any) -> dict[str, Any]:
    if isinstance(schema, list):
        schema = {"type": "array", "items": schema[0], "maxItems": schemas.MOST_IMPORTED}
    return {"content": {_JSON: {"schema": schema}}}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _collecting(spec: "APISpec") -> dict[str, dict[str, Any]]:
    """Return what browsers, backends and monitors call: it is answered without Flask and says nothing of itself."""
    refused = {
        "401": {"description": _SOURCE_REFUSED, **_body({"type": "object"})},
        **_refusals({413, 415, 429, 503}, null=False),
    }
    unfit = {"422": {"description": "The payload has another shape.", **_body(schemas.Problems)}}
    script = {"text/javascript": {"schema": {"type": "string"}}}
    missing = _refusals({404}, null=False)
    return {
        "/track": {"post": _public("Commit a payload, then answer", _TRACKED, TrackSchema, refused | unfit, _DRY_RUN)},
        "/pass": {"post": _public("A fresh link pass", _PASSED, PassSchema, refused | unfit | missing)},
        "/tracker": {
            "get": {
                "summary": "The browser script of a source",
                "tags": ["Collecting"],
                "parameters": _SOURCE_ID,
                "responses": {
                    "200": {"description": "The script.", "content": script},
                    "304": {"description": "As before."},
                    "422": {"description": "No source is named.", **_body(schemas.Problems)},
                }
                | missing
                | _refusals({503}, null=False),
            }
        },
        "/healthz": {"get": _public("Is the process alive?", _STATUS, None, {})},
        "/readyz": {"get": _public("Can it store?", _STATUS, None, _refusals({503}, null=False))},
    }


def _public(
    summary: str, gives: Any, body: type[Schema] | None, refused: dict[str, Any], parameters: list[Any] | None = None
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "tags": ["Collecting"],
        "parameters": parameters or [],
        "responses": {"200": {"description": "Done.", **_body(gives)}} | refused,
        "security": [{}, {"secret": []}] if body else [],
    }
    return operation | ({"requestBody": {"required": True, **_body(body)}} if body else {})
