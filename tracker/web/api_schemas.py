"""What the admin API takes and gives, as marshmallow schemas: what is checked and what /openapi.json says are one."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from tracker.core.account_rules import ROLES
from tracker.web.schemas import Bool, Few, Id

MOST_A_PAGE = 200
MOST_IMPORTED = 500


class _Lenient(Schema):
    """Unknown keys are ignored at every level, as in a tracker payload."""

    class Meta:
        unknown = EXCLUDE


def _texts(**options: Any) -> Few:
    return Few(fields.String(), **options)


class PageQuery(_Lenient):
    """Which piece of a list."""

    limit = fields.Integer(
        load_default=50, validate=validate.Range(1, MOST_A_PAGE), metadata={"description": "How many at most."}
    )
    cursor = fields.String(metadata={"description": "`next` of the page before; leave it out for the first page."})


class ProfilesQuery(PageQuery):
    """Which profiles."""

    q = fields.String(
        validate=validate.Length(1, 512),
        metadata={"description": "Any id, e-mail address, phone number or trait; at most 50 are found, on one page."},
    )


class SessionsQuery(PageQuery):
    """Which visits."""

    profile = fields.String(metadata={"description": "Any id of the person."})


class EventsQuery(SessionsQuery):
    """Which events."""

    session = fields.String(metadata={"description": "The visit."})
    source = fields.String(metadata={"description": "The source."})
    type = fields.String(metadata={"description": "The type."})
    since = fields.String(metadata={"description": "Received at that time or later, such as 2026-01-31T12:00:00Z."})
    until = fields.String(metadata={"description": "Received before that time."})


class OneEventQuery(_Lenient):
    """Of which source the event is."""

    source = fields.String(metadata={"description": "The source; the latest event of that id without it."})


class Credentials(_Lenient):
    """A name and a password, as a form."""

    username = fields.String(required=True)
    password = fields.String(required=True)


class Token(Schema):
    """A bearer token; it lasts two weeks, and a new password or the account page ends it before."""

    access_token = fields.String(required=True)
    token_type = fields.Constant("bearer", required=True)
    roles = fields.List(fields.String(validate=validate.OneOf([*ROLES, "admin"])), required=True)


class SourceBody(_Lenient):
    """A source as it is to be: what is left out is empty or as it is for a new source."""

    id = Id(metadata={"description": "Made up where it is left out; never changes."})
    name = fields.String(required=True, validate=validate.Length(1, 256))
    kind = fields.String(load_default="browser", validate=validate.OneOf(["browser", "server"]))
    enabled = Bool(load_default=True)
    origins = _texts(load_default=list)
    domains = _texts(load_default=list)
    links = _texts(load_default=list)
    referrals = fields.String(load_default="signed", validate=validate.OneOf(["signed", "plain", "off"]))
    identify = fields.String(load_default="verified", validate=validate.OneOf(["verified", "open", "off"]))
    auto = fields.Dict(load_default=dict)
    settings = fields.Dict(
        load_default=dict,
        metadata={
            "description": "As in docs/snippet.md, among them `requireConsent`, `respectGPC` and `retentionDays` (1 to "
            "36500 days that what it sends is kept; without it the installation's number holds)."
        },
    )


class SourceShown(SourceBody):
    """A source."""

    secret = fields.String(metadata={"description": "Of a backend, once: in the answer that made it."})
    warnings = _texts(metadata={"description": "What to know of its origins, where it was made or changed."})


class ProfileListed(Schema):
    """A person in a list."""

    id = fields.String(required=True)
    identified = Bool(required=True)
    traits = fields.Dict(required=True)
    created = fields.String(required=True)
    updated = fields.String(required=True)


class ProfileShown(Schema):
    """A person."""

    id = fields.String(required=True)
    ids = _texts(required=True)
    visits = fields.Integer(required=True)
    sessions = _texts(required=True)
    events = fields.Integer(required=True)
    traits = fields.Dict(required=True)
    consents = fields.Dict(required=True)
    created = fields.String(required=True)
    updated = fields.String(required=True)
    merged_into = fields.String(required=True, allow_none=True)


class SessionShown(Schema):
    """A visit."""

    id = fields.String(required=True)
    client_id = fields.String(required=True)
    profile = fields.String(required=True, allow_none=True)
    source = fields.String(required=True)
    context = fields.Dict(required=True)
    properties = fields.Dict(required=True)
    touchpoint = fields.Dict(required=True)
    device = fields.Dict(required=True)
    created = fields.String(required=True)
    updated = fields.String(required=True)


class EventTimes(Schema):
    """When the client says it happened."""

    create = fields.String(required=True)
    insert = fields.String(required=True)
    update = fields.String(required=True, allow_none=True)


class EventShown(Schema):
    """An event; ``profile`` is the person it belongs to now."""

    id = fields.String(required=True)
    type = fields.String(required=True)
    source = fields.String(required=True)
    profile = fields.String(required=True, allow_none=True)
    session = fields.String(required=True)
    properties = fields.Dict(required=True)
    context = fields.Dict(required=True)
    tags = _texts(required=True)
    time = fields.Nested(EventTimes, required=True)
    received_at = fields.String(required=True)


class QuarantinedShown(Schema):
    """An event that its own content kept out."""

    id = fields.String(required=True)
    source = fields.String(required=True)
    reason = fields.String(required=True)
    size = fields.Integer(required=True)
    beginning = fields.String(required=True)
    received_at = fields.String(required=True)


class ImportedProfile(_Lenient):
    """One profile to bring in; doing it twice changes nothing."""

    id = Id(required=True)
    ids = Few(Id(), most=10, load_default=list, allow_none=True)
    traits = fields.Dict(load_default=dict, allow_none=True)
    metadata = fields.Raw(
        allow_none=True, metadata={"description": "`{time: {create, insert, update}}`, or the three by themselves."}
    )


class Saved(Schema):
    """What was saved, as the original system says it."""

    saved = fields.Integer(required=True)
    errors = _texts(required=True)
    ids = _texts(required=True)


class Unmerge(_Lenient):
    """Which merge to undo: the one in which this profile went into another one."""

    profile = Id(required=True)


class Unmerged(Schema):
    """The profile that is one of its own again, and the one that it was part of."""

    profile = fields.String(required=True)
    survivor = fields.String(required=True)


class Deleted(Schema):
    """How many of what are gone."""

    deleted = fields.Integer(required=True)


class Erased(Deleted):
    """How much of a person is gone."""

    events = fields.Integer(required=True)
    sessions = fields.Integer(required=True)
    ids = fields.Integer(required=True)
    profiles = fields.Integer(required=True)


class ResourceBody(_Lenient):
    """An event source as the original system's tools send it."""

    id = Id(required=True)
    name = fields.String(validate=validate.Length(max=256))
    type = fields.Raw(metadata={"description": "`rest`, `javascript` and so on, by itself or in a list."})
    enabled = Bool(load_default=True)


class Problem(Schema):
    """One thing that is wrong with a request."""

    loc = fields.List(fields.Raw(), required=True)
    msg = fields.String(required=True)
    type = fields.String(required=True)


class Problems(Schema):
    """All that is wrong with the shape of a request, up to 20 things."""

    detail = fields.List(fields.Nested(Problem), required=True)


class Refused(Schema):
    """Why a request was turned away, and its id in the log."""

    detail = fields.String(required=True)
    request_id = fields.String(required=True)
