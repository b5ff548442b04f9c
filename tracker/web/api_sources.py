"""Sources in the admin API."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response

from tracker.core import auto_rules
from tracker.core.model import Source
from tracker.core.origins import origin_warnings
from tracker.core.refusal import Malformed, Problem
from tracker.store import sources as kept
from tracker.web.api_reading import Conflict, NotThere, about, after, answered, body_of, page_of, query_of, sound
from tracker.web.api_schemas import PageQuery, SourceBody, SourceShown
from tracker.web.bearer import api
from tracker.web.services import services

api_sources_blueprint = api(Blueprint("api_sources", __name__, url_prefix="/api/sources"))
_TRIGGERS = (("events", auto_rules.events), ("triggers", auto_rules.triggers))


@api_sources_blueprint.get("")
@about("List sources, the oldest first", gives=[SourceShown], query=PageQuery)
def list_sources() -> Response:
    """List sources."""
    asked = query_of(PageQuery)
    listed = kept.listed(services().engine, after(asked, (int, str)), asked["limit"])
    return page_of(listed)


@api_sources_blueprint.post("")
@about("Make a source", gives=SourceShown, body=SourceBody, may=(409,), status=201)
def make_source() -> Response:
    """Make a source; a backend's secret is in this answer and in no other."""
    meant = _meant(body_of(SourceBody), lambda given: given.get("id") or str(uuid.uuid4()))
    try:
        made, secret = kept.create(services().engine, meant, services().clock())
    except kept.SourceExists as error:
        raise Conflict(str(error)) from error
    return answered(_shown(made) | ({"secret": secret} if secret else {}), 201)


@api_sources_blueprint.get("/<path:source_id>")
@about("Show a source", gives=SourceShown, may=(404,))
def show_source(source_id: str) -> Response:
    """Show one source."""
    return answered(kept.shown(the_source(source_id)))


@api_sources_blueprint.put("/<path:source_id>")
@about(
    "Change a source to what the body says; its id and kind stay", gives=SourceShown, body=SourceBody, may=(404, 409)
)
def change_source(source_id: str) -> Response:
    """Replace what a source is configured as."""
    found = the_source(source_id)
    meant = _meant(body_of(SourceBody), lambda _: found.id)
    if meant.kind != found.kind:
        raise Conflict(f"This is a {found.kind} source; make another one to have a {meant.kind} source.")
    if not kept.change(services().engine, meant, services().clock()):
        raise _missing(source_id)
    return answered(_shown(kept.checked(meant)))


@api_sources_blueprint.delete("/<path:source_id>")
@about("Delete a source; the events it has sent stay", may=(404,), status=204)
def delete_source(source_id: str) -> Response:
    """Delete a source's configuration."""
    if not kept.remove(services().engine, sound(source_id)):
        raise _missing(source_id)
    return Response(status=204)


def the_source(source_id: str) -> Source:
    """Return the source of that id; NotThere where there is none."""
    found = {source.id: source for source in kept.all_sources(services().engine)}.get(sound(source_id))
    if found is None:
        raise _missing(source_id)
    return found


def _shown(source: Source) -> dict[str, Any]:
    """Return a source as it was stored, with what its owner should know of it."""
    warnings = origin_warnings(source.origins)
    return kept.shown(source) | ({"warnings": list(warnings)} if warnings else {})


def _missing(source_id: str) -> NotThere:
    return NotThere(f"There is no source with the id {source_id[:128]!r}.")


def _meant(given: Mapping[str, Any], source_id: Callable[[Mapping[str, Any]], str]) -> Source:
    """Return the source that a body means; Malformed names every field that cannot be so."""
    lists = {name: tuple(given[name]) for name in ("origins", "domains", "links")}
    meant = Source(**{**given, **lists, "id": source_id(given)})
    problems = kept.problems(meant)
    for name, check in _TRIGGERS:
        found = meant.auto.get(name) or []
        try:
            if not isinstance(found, list):
                raise ValueError(f"auto.{name} must be a list.")
            check(found)
        except ValueError as error:
            problems["auto"] = str(error)
    if problems:
        raise Malformed([Problem(("body", field), text, "value_error") for field, text in problems.items()])
    return meant
