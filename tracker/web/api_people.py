"""Profiles, sessions, events and reports in the admin API."""

from typing import Any

from flask import Blueprint, Response

from tracker.ingest.fresh import tombstone_digest
from tracker.store import deleting, listing, people, reports, search
from tracker.store.importing import bring_in
from tracker.store.listing import Wanted
from tracker.web import api_schemas as schemas
from tracker.web.api_imports import profiles_to_import
from tracker.web.api_reading import (
    NotThere,
    about,
    after,
    answered,
    body_of,
    moment,
    page_of,
    query_of,
    sound,
)
from tracker.web.bearer import api
from tracker.web.guard import ask, change
from tracker.web.services import services

api_people_blueprint = api(Blueprint("api_people", __name__, url_prefix="/api"))


@api_people_blueprint.get("/profiles")
@about("List people by their ids, or find some", gives=[schemas.ProfileListed], query=schemas.ProfilesQuery)
def list_profiles() -> Response:
    """List people, or find those whom a text names."""
    asked = query_of(schemas.ProfilesQuery)
    text, place = asked.get("q", "").strip(), after(asked, (str,))
    if not text:
        return page_of(ask(lambda conn: listing.profiles(conn, place[0] if place else "", asked["limit"])))
    hashes = services().identities.hashes_of(text)
    found = ask(lambda conn: search.find(conn, text, hashes))
    return answered({"items": [search.shown(person) for person in found[: asked["limit"]]], "next": None})


@api_people_blueprint.get("/profiles/<path:profile_id>")
@about("Show a person, by any of their ids", gives=schemas.ProfileShown, may=(404,))
def show_profile(profile_id: str) -> Response:
    """Show one person."""
    name = sound(profile_id)
    return answered(_there(ask(lambda conn: reports.profile(conn, name)), name))


@api_people_blueprint.delete("/profiles/<path:profile_id>")
@about("Erase a person and everything stored of them, for good", gives=schemas.Erased, may=(404,))
def erase_profile(profile_id: str) -> Response:
    """Erase one person."""
    return answered(erased(sound(profile_id)))


@api_people_blueprint.post("/profiles/import")
@about("Bring people in from elsewhere", gives=schemas.Saved, body=[schemas.ImportedProfile])
def import_profiles() -> Response:
    """Store profiles that come from elsewhere; doing it twice changes nothing."""
    given, now = profiles_to_import(), services().clock()
    digest = tombstone_digest(services().settings.secret_keys)
    plan = change(lambda conn: bring_in(conn, given, digest, now))
    return answered({"saved": len(plan.ids), "errors": list(plan.errors), "ids": list(plan.ids)})


@api_people_blueprint.post("/profiles/unmerge")
@about(
    "Undo the merge in which a profile went into another one", gives=schemas.Unmerged, body=schemas.Unmerge, may=(404,)
)
def unmerge_profile() -> Response:
    """Make a profile that was merged into another one a person of its own again."""
    loser, now = body_of(schemas.Unmerge)["profile"], services().clock()
    try:
        back, survivor = change(lambda conn: people.unmerge(conn, loser, now))
    except people.NothingToUndo as error:
        raise NotThere(str(error)) from error
    return answered({"profile": back, "survivor": survivor})


@api_people_blueprint.get("/sessions")
@about("List visits by their ids", gives=[schemas.SessionShown], query=schemas.SessionsQuery)
def list_sessions() -> Response:
    """List visits, all of them or those of one person."""
    asked = query_of(schemas.SessionsQuery)
    place, profile = after(asked, (str,)), asked.get("profile")
    return page_of(ask(lambda conn: listing.sessions(conn, place[0] if place else "", asked["limit"], profile)))


@api_people_blueprint.get("/sessions/<path:session_id>")
@about("Show a visit", gives=schemas.SessionShown, may=(404,))
def show_session(session_id: str) -> Response:
    """Show one visit."""
    name = sound(session_id)
    return answered(_there(ask(lambda conn: reports.session(conn, name)), name))


@api_people_blueprint.delete("/sessions/<path:session_id>")
@about("Delete what is noted of a visit; its events stay", gives=schemas.Deleted, may=(404,))
def delete_session(session_id: str) -> Response:
    """Delete one visit's row."""
    name = sound(session_id)
    if not change(lambda conn: deleting.remove_session(conn, name)):
        raise _missing(name)
    return answered({"deleted": 1})


@api_people_blueprint.get("/events")
@about(
    "List events, the oldest first; a page may be short or empty and still have a next",
    gives=[schemas.EventShown],
    query=schemas.EventsQuery,
)
def list_events() -> Response:
    """List events of everybody or of one person, visit, source or type."""
    asked = query_of(schemas.EventsQuery)
    names = {name: asked.get(name) for name in ("profile", "session", "source", "type")}
    wanted = Wanted(**names, since=moment(asked, "since"), until=moment(asked, "until"))
    place = after(asked, (int, str, str))
    return page_of(ask(lambda conn: listing.events(conn, wanted, place, asked["limit"])))


@api_people_blueprint.get("/events/<path:event_id>")
@about("Show an event", gives=schemas.EventShown, query=schemas.OneEventQuery, may=(404,))
def show_event(event_id: str) -> Response:
    """Show one event."""
    name, source = sound(event_id), query_of(schemas.OneEventQuery).get("source")
    return answered(_there(ask(lambda conn: listing.event(conn, name, source)), name))


@api_people_blueprint.delete("/events/<path:event_id>")
@about(
    "Delete an event; a late retry does not bring it back",
    gives=schemas.Deleted,
    query=schemas.OneEventQuery,
    may=(404,),
)
def delete_event(event_id: str) -> Response:
    """Delete one event."""
    return answered(deleted_event(sound(event_id), query_of(schemas.OneEventQuery).get("source")))


@api_people_blueprint.get("/reports/quarantine")
@about(
    "List events that their own content kept out, the oldest first",
    gives=[schemas.QuarantinedShown],
    query=schemas.PageQuery,
)
def report_quarantine() -> Response:
    """List quarantined events."""
    asked = query_of(schemas.PageQuery)
    place = after(asked, (int, str, str))
    return page_of(ask(lambda conn: listing.quarantined(conn, place, asked["limit"])))


def erased(profile_id: str) -> dict[str, int]:
    """Erase a person and return how much is gone; NotThere for an id that names nobody."""
    digest, now = tombstone_digest(services().settings.secret_keys), services().clock()
    try:
        gone = people.erase_person(services().engine, profile_id, now, digest)
    except people.NoSuchPerson as error:
        raise NotThere(str(error)) from error
    return {"deleted": 1} | gone


def deleted_event(event_id: str, source: str | None) -> dict[str, int]:
    """Delete an event and say so; NotThere where there is none of that id."""
    found = _there(ask(lambda conn: listing.event(conn, event_id, source)), event_id)
    digest, now = tombstone_digest(services().settings.secret_keys), services().clock()
    if not change(lambda conn: deleting.remove_event(conn, found["source"], event_id, digest, now)):
        raise _missing(event_id)
    return {"deleted": 1}


def _there(found: dict[str, Any] | None, name: str) -> dict[str, Any]:
    if found is None:
        raise _missing(name)
    return found


def _missing(name: str) -> NotThere:
    return NotThere(f"Nothing goes by the id {name[:128]!r}.")
