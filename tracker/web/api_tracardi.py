"""The addresses that tools made for Tracardi call, with the shapes they expect: logging in, sources, single things."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request

from tracker.core.model import Source
from tracker.core.refusal import Refusal, TooMany
from tracker.store import accounts, deleting, listing, reports
from tracker.store import sources as kept
from tracker.web import api_schemas as schemas
from tracker.web.api_people import deleted_event, erased, import_profiles
from tracker.web.api_reading import NotThere, about, answered, body_of, sound, wrong
from tracker.web.bearer import api, new_token, the_caller
from tracker.web.credentials import TooManyTries, proven
from tracker.web.guard import ask, change, own_affair, public
from tracker.web.schemas import load
from tracker.web.services import services

tracardi_blueprint = api(Blueprint("tracardi", __name__))
_TYPES = frozenset({"rest", "api-call", "javascript", "web-page", "webpage", "mobile", "mobile-app", "internal"})
_NULL = {"type": ["object", "null"]}


class WrongLogin(Refusal):
    """The name and the password do not go together."""

    status = 400


@tracardi_blueprint.post("/token", endpoint="older_token")
@tracardi_blueprint.post("/user/token")
@public
@about("Get a bearer token for a name and a password", gives=schemas.Token, form=schemas.Credentials, may=(400, 429))
def token() -> Response:
    """Give out a bearer token; wrong passwords are counted as at the console's door."""
    given = load(schemas.Credentials(), request.form.to_dict(), "body")
    try:
        user = proven(given["username"], given["password"])
    except TooManyTries as error:
        raise TooMany("Too many wrong passwords; try again later.", retry_after=error.wait) from None
    if user is None:
        raise WrongLogin("Incorrect username or password.")
    # Tools of the original look for its own name of who may do everything.
    roles = [user.role, "admin"] if user.owns else [user.role]
    return answered({"access_token": new_token(user), "token_type": "bearer", "roles": roles})


@tracardi_blueprint.post("/user/logout")
@own_affair
@about("End the token that this is asked with", gives={"type": "boolean"})
def logout() -> Response:
    """End the caller's own token."""
    mine = the_caller()
    change(lambda conn: accounts.log_out(conn, mine.id, mine.user.id))
    return answered(True)


@tracardi_blueprint.post("/resource", endpoint="save_resource")
@tracardi_blueprint.post("/event-source")
@about("Make an event source, or change its name and state", gives=schemas.Saved, body=schemas.ResourceBody)
def save_event_source() -> Response:
    """Make a source that any origin may send to, or change the name and state of the one that is there."""
    given = body_of(schemas.ResourceBody)
    _check_type(given.get("type"))
    found = _source(given["id"])
    meant = Source(id=given["id"], name=(given.get("name") or "").strip() or given["id"], enabled=given["enabled"])
    if problems := kept.problems(meant):
        raise wrong("body", *next(iter(problems.items())))
    kept.put(
        services().engine,
        meant if found is None else replace(found, name=meant.name, enabled=meant.enabled),
        services().clock(),
    )
    return answered({"saved": 1, "errors": [], "ids": [meant.id]})


@tracardi_blueprint.get("/resource/<path:source_id>", endpoint="show_resource")
@tracardi_blueprint.get("/event-source/<path:source_id>")
@about("Show an event source; null where there is none", gives=_NULL, may=(404,))
def show_event_source(source_id: str) -> Response:
    """Show one source."""
    found = _source(source_id)
    if found is None:
        return _nothing()
    return answered(kept.shown(found) | {"type": ["rest"], "description": "", "tags": [], "groups": []})


@tracardi_blueprint.delete("/resource/<path:source_id>", endpoint="delete_resource")
@tracardi_blueprint.delete("/event-source/<path:source_id>")
@about("Delete an event source; null where there is none", gives={"type": ["boolean", "null"]}, may=(404,))
def delete_event_source(source_id: str) -> Response:
    """Delete one source's configuration."""
    return answered(True) if kept.remove(services().engine, sound(source_id)) else _nothing()


@tracardi_blueprint.get("/profile/<path:profile_id>")
@about("Show a profile; null where there is none", gives=_NULL, may=(404,))
def show_profile(profile_id: str) -> Response:
    """Show one person."""
    name = sound(profile_id)
    found = ask(lambda conn: reports.profile(conn, name))
    if found is None:
        return _nothing()
    return answered(found | {"metadata": _metadata(found), "stats": {"visits": found["visits"]}})


@tracardi_blueprint.delete("/profile/<path:profile_id>")
@about("Erase a person for good; null where there is none", gives=_NULL, may=(404,))
def delete_profile(profile_id: str) -> Response:
    """Erase one person."""
    try:
        return answered(erased(sound(profile_id)))
    except NotThere:
        return _nothing()


@tracardi_blueprint.get("/session/<path:session_id>")
@about("Show a session; null where there is none", gives=_NULL, may=(404,))
def show_session(session_id: str) -> Response:
    """Show one visit."""
    name = sound(session_id)
    found = ask(lambda conn: reports.session(conn, name))
    if found is None:
        return _nothing()
    return answered(found | {"profile": _named(found["profile"]), "metadata": _metadata(found)})


@tracardi_blueprint.delete("/session/<path:session_id>")
@about("Delete what is noted of a session; null where there is none", gives=_NULL, may=(404,))
def delete_session(session_id: str) -> Response:
    """Delete one visit's row."""
    name = sound(session_id)
    return answered({"deleted": 1}) if change(lambda conn: deleting.remove_session(conn, name)) else _nothing()


@tracardi_blueprint.get("/event/<path:event_id>")
@about("Show an event; null where there is none", gives=_NULL, may=(404,))
def show_event(event_id: str) -> Response:
    """Show one event."""
    name = sound(event_id)
    found = ask(lambda conn: listing.event(conn, name))
    if found is None:
        return _nothing()
    of = {noun: _named(found[noun]) for noun in ("source", "profile", "session")}
    times = {**found["time"], "insert": found["received_at"]}
    return answered({"event": found | of | {"tags": {"values": found["tags"]}, "metadata": {"time": times}}})


@tracardi_blueprint.delete("/event/<path:event_id>")
@about("Delete an event; null where there is none", gives=_NULL, may=(404,))
def delete_event(event_id: str) -> Response:
    """Delete one event."""
    try:
        return answered(deleted_event(sound(event_id), None))
    except NotThere:
        return _nothing()


@tracardi_blueprint.get("/events/refresh", endpoint="refresh_events")
@tracardi_blueprint.get("/sessions/refresh", endpoint="refresh_sessions")
@tracardi_blueprint.get("/profiles/refresh", endpoint="refresh_profiles")
@tracardi_blueprint.get("/event-sources/refresh", endpoint="refresh_event_sources")
@tracardi_blueprint.get("/resources/refresh", endpoint="refresh_resources")
@about("Nothing to do: what was answered is there to be read", gives={"type": "boolean"})
def refresh() -> Response:
    """Answer at once, because whatever was acknowledged is committed already."""
    return answered(True)


tracardi_blueprint.post("/profiles/import")(import_profiles)


def _check_type(given: Any) -> None:
    """Raise Malformed for a kind of source that nobody could send from; /resource never knew any kinds."""
    kinds = given if isinstance(given, list) else [given]
    if request.path == "/event-source" and not all(isinstance(kind, str) and kind in _TYPES for kind in kinds):
        raise wrong("body", "type", f"The type is one of {', '.join(sorted(_TYPES))}.")


def _source(source_id: str) -> Source | None:
    return {source.id: source for source in kept.all_sources(services().engine)}.get(source_id)


def _named(name: Any) -> dict[str, Any] | None:
    return None if name is None else {"id": name}


def _metadata(found: dict[str, Any]) -> dict[str, Any]:
    return {"time": {"insert": found["created"], "create": found["created"], "update": found["updated"]}}


def _nothing() -> Response:
    return answered(None, 404)
