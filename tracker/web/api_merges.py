"""Merging two profiles by hand in the admin API."""

from flask import Blueprint, Response
from marshmallow import EXCLUDE, Schema, fields

from tracker.core.manual_merge import CannotMerge, Preview, shown
from tracker.store import manual_merge
from tracker.store.people import NoSuchPerson
from tracker.web.api_reading import Conflict, NotThere, about, answered, body_of
from tracker.web.bearer import api, the_caller
from tracker.web.guard import ask, change
from tracker.web.schemas import Bool, Id
from tracker.web.services import services

api_merges_blueprint = api(Blueprint("api_merges", __name__, url_prefix="/api/profiles"))


class Merge(Schema):
    """Which two profiles are one person, each by any of its ids."""

    class Meta:
        unknown = EXCLUDE

    profile = Id(required=True, metadata={"description": "It stays, unless only the other one is identified."})
    other = Id(required=True)
    dry_run = Bool(load_default=False, metadata={"description": "Only say what would come together."})
    different_people = Bool(
        load_default=False, metadata={"description": "Merge also where both are identified as different people."}
    )


class Sides(Schema):
    """A number for each of the two profiles."""

    survivor = fields.Integer(required=True)
    loser = fields.Integer(required=True)


class Kinds(Schema):
    """The kinds of identity keys of each of the two profiles."""

    survivor = fields.List(fields.String(), required=True)
    loser = fields.List(fields.String(), required=True)


class Difference(Schema):
    """A trait or consent on which the two profiles disagree: the newer value is shown after the merge."""

    name = fields.String(required=True)
    kept = fields.Raw(required=True, allow_none=True)
    hidden = fields.Raw(required=True, allow_none=True)
    kept_from = fields.String(required=True)


class Merged(Schema):
    """What came together, or would."""

    merged = Bool(required=True, metadata={"description": "False for a dry run."})
    survivor = fields.String(required=True)
    loser = fields.String(required=True)
    different_people = Bool(required=True, metadata={"description": "Both are identified."})
    ids = fields.List(fields.String(), required=True)
    identities = fields.Nested(Kinds, required=True)
    sessions = fields.Nested(Sides, required=True)
    events = fields.Nested(Sides, required=True)
    traits = fields.Dict(required=True)
    differences = fields.List(fields.Nested(Difference), required=True)


@api_merges_blueprint.post("/merge")
@about("Merge two profiles by hand, or see what would come together", gives=Merged, body=Merge, may=(404, 409))
def merge_profiles() -> Response:
    """Merge two profiles that are one person."""
    return answered(_merged(**body_of(Merge)))


def _merged(profile: str, other: str, *, dry_run: bool, different_people: bool) -> dict[str, object]:
    merge_id, now, note = services().new_id("merge"), services().clock(), {"by": the_caller().user.name}
    try:
        if dry_run:
            found: Preview = ask(lambda conn: manual_merge.preview(conn, profile, other))
        else:
            found = change(
                lambda conn: manual_merge.merge(
                    conn, profile, other, merge_id, now, different_people=different_people, note=note
                )
            )
    except NoSuchPerson as error:
        raise NotThere(str(error)) from error
    except CannotMerge as error:
        raise Conflict(str(error)) from error
    return {"merged": not dry_run} | shown(found)
