"""The shape of what clients send: marshmallow checks it, and what it means is read in reading.py."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from tracker.core.ids import id_problem
from tracker.core.limits import Limits
from tracker.core.refusal import MOST_PROBLEMS, Location, Malformed, Problem
from tracker.web.plain import plain_event, plainly_checked

_LIMITS = Limits()
_LONGEST_NAME = 8 * _LIMITS.id_chars
"""What is longer is no name of an event, however much of it is space."""
_MISSING = "Missing data for required field."
_INVALID = re.compile(r"^Not a valid|^Invalid (input )?type|^Field may not be null")


class Id(fields.String):
    """An opaque id of 1 to 128 printable characters, trimmed; ``""`` stays as it is where the id may be absent."""

    def __init__(self, *, may_be_empty: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.may_be_empty = may_be_empty

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        trimmed = super()._deserialize(value, attr, data, **options).strip()
        problem = id_problem(trimmed, _LIMITS.id_chars)
        if problem and not (self.may_be_empty and not trimmed):
            raise ValidationError(f"An id {problem}.")
        return trimmed


class EventType(fields.String):
    """The slug of an event's name: trimmed, lower-cased, spaces become hyphens (protocol §2)."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        given = super()._deserialize(value, attr, data, **options).strip()
        if len(given) > _LONGEST_NAME:
            raise ValidationError(f"An event type must not be longer than {_LIMITS.id_chars} characters.")
        slug = re.sub(r"\s+", "-", given.lower())
        if problem := id_problem(slug, _LIMITS.id_chars):
            raise ValidationError(f"An event type {problem}.")
        return slug


class Bool(fields.Field[bool]):
    """A real boolean; ``"false"`` and 0 are refused, because reading them as a wish would be a guess."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Not a valid boolean: write true or false.")
        return value


class Few(fields.List[Any]):
    """A list whose entries are looked at until so many are wrong as an answer tells of.

    ``most`` is how many entries it may have, which is looked at before any of them.
    """

    def __init__(self, inner: fields.Field[Any], *, most: int | None = None, **options: Any) -> None:
        super().__init__(inner, **options)
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise self.make_error("invalid")
        if self.most is not None and len(value) > self.most:
            raise ValidationError(f"Longer than maximum length {self.most}.")
        found: list[Any] = []
        wrong: dict[int, Any] = {}
        told = 0
        for place, entry in enumerate(value):
            try:
                found.append(self.inner.deserialize(entry, **options))
            except ValidationError as error:
                wrong[place] = error.messages
                told += sum(1 for _ in _problems(error.messages, ()))
                if told >= MOST_PROBLEMS:
                    break
        if wrong:
            raise ValidationError(wrong)
        return found


class _Lenient(Schema):
    """Unknown keys are ignored at every level (protocol §2)."""

    class Meta:
        unknown = EXCLUDE


class SourceSchema(_Lenient):
    """``source``."""

    id = Id(required=True)


class SessionSchema(_Lenient):
    """``session``."""

    id = Id(may_be_empty=True, allow_none=True)
    metadata = fields.Raw(allow_none=True)


class ProfileSchema(_Lenient):
    """``profile``: an object without an id is a mistake, null is nobody."""

    id = Id(required=True, may_be_empty=True)
    ids = Few(Id(), most=_LIMITS.ids, allow_none=True)
    metadata = fields.Raw(allow_none=True)


class OptionsSchema(_Lenient):
    """The options that have an effect here."""

    saveEvent = Bool(allow_none=True)
    saveEvents = Bool(allow_none=True)
    saveSession = Bool(allow_none=True)
    saveProfile = Bool(allow_none=True)
    debugger = Bool(allow_none=True)


class EventSchema(_Lenient):
    """One entry of ``events``."""

    type = EventType(required=True)
    id = Id(may_be_empty=True, allow_none=True)
    properties = fields.Dict(allow_none=True)
    context = fields.Dict(allow_none=True)
    options = fields.Nested(OptionsSchema, allow_none=True)
    tags = Few(fields.String(), allow_none=True)
    time = fields.Raw(allow_none=True)


class EventField(fields.Nested):
    """One event; only what is unusual about it is worth marshmallow's time."""

    def __init__(self, **options: Any) -> None:
        super().__init__(EventSchema, **options)

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> Any:
        plain = plain_event(value)
        return super()._deserialize(value, *args, **options) if plain is None else plain


class TrackSchema(_Lenient):
    """The tracker payload."""

    source = fields.Nested(SourceSchema, required=True)
    session = fields.Nested(SessionSchema, allow_none=True)
    profile = fields.Nested(ProfileSchema, allow_none=True)
    events = Few(EventField(), required=True)
    context = fields.Dict(allow_none=True)
    properties = fields.Dict(allow_none=True)
    options = fields.Nested(OptionsSchema, allow_none=True)
    tags = Few(fields.String(), allow_none=True)
    metadata = fields.Raw(allow_none=True)


class PassSchema(_Lenient):
    """What ``POST /pass`` takes."""

    source = fields.Nested(SourceSchema, required=True)
    profile = fields.Nested(ProfileSchema, required=True)


_TRACK = TrackSchema()
_PASS = PassSchema()


def checked(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the known fields of a tracker payload, trimmed and in shape; Malformed names everything wrong."""
    return plainly_checked(body) or load(_TRACK, body)


def pass_request(body: Mapping[str, Any]) -> tuple[str, str]:
    """Return (source id, profile id) of a request for a pass; Malformed where it has another shape."""
    found = load(_PASS, body)
    return found["source"]["id"], found["profile"]["id"]


def named_source(body: Mapping[str, Any]) -> str:
    """Return the source that a malformed payload names, empty where it names none."""
    source = body.get("source")
    given = source.get("id") if isinstance(source, Mapping) else None
    return given if isinstance(given, str) and not id_problem(given, _LIMITS.id_chars) else ""


def load(schema: Schema, given: Any, part: str = "body") -> Any:
    """Return what a part of a request says, in the shape of a schema; Malformed names everything wrong with it."""
    try:
        return schema.load(given)
    except ValidationError as error:
        raise malformed(error.messages, part) from None


def malformed(messages: Any, part: str) -> Malformed:
    """Return the refusal that tells of marshmallow's messages about a part of a request, the first of them."""
    return Malformed([*islice(_problems(messages, (part,)), MOST_PROBLEMS)])


def _problems(messages: Any, loc: Location) -> Iterator[Problem]:
    """Yield a problem for each message in marshmallow's nested answer, with the full path to it."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _problems(inner, loc if key == "_schema" else (*loc, key))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        kind = "missing" if message == _MISSING else "type_error" if _INVALID.match(message) else "value_error"
        yield Problem(loc, str(message), kind)
