"""Reading requests of the admin API: parameters, bodies, cursors; and what its views say of themselves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, TypeVar, cast

from flask import Response, request
from marshmallow import Schema, ValidationError, fields

from tracker.core.limits import Limits
from tracker.core.refusal import Malformed, Problem, Refusal
from tracker.core.times import parse
from tracker.ingest.documents import document
from tracker.store.listing import Listed
from tracker.web.answers import json_answer
from tracker.web.bodies import announced
from tracker.web.cursors import cursor, place
from tracker.web.schemas import Few, load, malformed
from tracker.web.services import services

ONE_THING = 256 * 1024
"""Bytes of a body that says one thing, such as a source; a list of many may be as large as any body."""
View = TypeVar("View", bound=Callable[..., Any])


class NotThere(Refusal):
    """Nothing goes by that id."""

    status = 404


class Conflict(Refusal):
    """What was asked for does not go together with what is there."""

    status = 409


@dataclass(frozen=True, slots=True)
class About:
    """What /openapi.json says of a view: ``gives`` a schema, a list of one in ``[…]``, or a JSON schema as it is."""

    summary: str
    gives: Any = None
    query: type[Schema] | None = None
    body: Any = None
    form: type[Schema] | None = None
    may: tuple[int, ...] = ()
    status: int = 200


def about(summary: str, **more: Any) -> Callable[[View], View]:
    """Note on a view what /openapi.json says of it."""

    def noted(view: View) -> View:
        cast("Any", view).about = About(summary, **more)
        return view

    return noted


def query_of(schema: type[Schema]) -> dict[str, Any]:
    """Return the parameters of the request; Malformed names each that is wrong."""
    found: dict[str, Any] = load(schema(), request.args.to_dict(), "query")
    _refuse_nul(found, "query")
    return found


def body_of(schema: type[Schema], *, many: bool = False) -> Any:
    """Return the body of the request; Malformed names everything that is wrong with it."""
    limits = services().settings.limits
    found = _document(limits if many else replace(limits, body=min(limits.body, ONE_THING)))
    if not many:
        return load(schema(), found, "body")
    try:
        return Few(fields.Nested(schema)).deserialize(found)
    except ValidationError as error:
        raise malformed(error.messages, "body") from None


def _document(limits: Limits) -> Any:
    return document(
        cast("BinaryIO", request.stream),
        content_type=request.headers.get("Content-Type"),
        content_encoding=request.headers.get("Content-Encoding"),
        limits=limits,
        announced=announced(request.environ),
    )


def after(asked: Mapping[str, Any], shape: Sequence[type]) -> tuple[Any, ...] | None:
    """Return where the wanted page begins, or None for the first; Malformed for a cursor that no answer gave."""
    if (text := asked.get("cursor")) is None:
        return None
    found = place(text, shape)
    if found is None:
        raise wrong("query", "cursor", "Send the cursor as the page before gave it.")
    return found


def moment(asked: Mapping[str, Any], name: str) -> int | None:
    """Return the moment that a parameter names, or None where it is absent; Malformed where it names none."""
    if (text := asked.get(name)) is None:
        return None
    found = parse(text, now=services().clock())
    if found is None:
        raise wrong("query", name, "Write a time such as 2026-01-31T12:00:00Z.")
    return found


def wrong(part: str, name: str, sentence: str) -> Malformed:
    """Return the refusal for one parameter or field."""
    return Malformed([Problem((part, name), sentence, "value_error")])


def page_of(listed: Listed) -> Response:
    """Return a page of a list as the API gives it."""
    further = cursor(*listed.further) if listed.further else None
    return answered({"items": listed.items, "next": further})


def answered(body: object, status: int = 200) -> Response:
    """Return a JSON answer."""
    return json_answer(body, status).response()


def sound(name: str) -> str:
    """Return an id from a path; NotThere for one that neither database could know."""
    if not name.isprintable():
        raise NotThere(f"Nothing goes by the id {name[:128]!r}.")
    return name


def _refuse_nul(found: Mapping[str, Any], part: str) -> None:
    for name, value in found.items():
        if isinstance(value, str) and "\0" in value:
            raise wrong(part, name, "A NUL character stands for nothing here.")
