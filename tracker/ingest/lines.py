"""From one line of a file to one event of the past: this program's own export, Tracardi's documents, or a table."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import orjson

from tracker.core.csv_cells import plain
from tracker.core.identity_keys import IDENTIFYING
from tracker.core.ids import id_problem
from tracker.core.limits import Limits
from tracker.core.model import Event, Micros, Options, Payload, Times
from tracker.core.refusal import Malformed, Refusal
from tracker.core.times import parse
from tracker.ingest.decode import decode, event_size
from tracker.ingest.identities import IdentityOffice

_SPACE = re.compile(r"\s+")
_LONGEST_TIME = 18  # digits; what a JSON reader takes for a number has 64 bits
_OBJECTS = ("properties", "context")


class BadLine(ValueError):
    """A line that is no event, and why; ``text`` is the line where nobody else has it."""

    def __init__(self, why: str, text: bytes = b"") -> None:
        super().__init__(why)
        self.text = text


@dataclass(frozen=True, slots=True)
class Past:
    """An event as a payload of its own, and the moment at which it was received."""

    payload: Payload
    at: Micros

    def clock(self) -> Micros:
        """Return the time as it was then."""
        return self.at


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads lines under one set of rules; ``source_id`` stands in for the source that a line does not name."""

    now: Micros
    limits: Limits
    identities: IdentityOffice
    source_id: str | None = None

    def event(self, raw: bytes) -> Past:
        """Return the event of one JSON object, or raise BadLine."""
        try:
            body = decode(BytesIO(raw), content_type=None, content_encoding=None, limits=self.limits).body
        except Malformed as malformed:
            problem = malformed.problems[0]
            where = ".".join(str(part) for part in problem.loc[1:])
            raise BadLine(f"{where}: {problem.msg}" if where else problem.msg) from malformed
        except Refusal as refusal:
            raise BadLine(refusal.detail) from refusal
        # What dumps an index of Elasticsearch puts each document into an envelope.
        return self._past(_object(body, "_source") or body, raw)

    def _past(self, given: Mapping[str, Any], raw: bytes) -> Past:
        if (size := event_size(given)) > self.limits.event:
            raise BadLine(f"The event is larger than {self.limits.event} bytes ({size}).")
        times, at = self._times(given)
        source_id = self._id(given, "source") or self.source_id
        if source_id is None:
            raise BadLine("source: is missing; name one for all lines with --source.")
        event = Event(
            type=self._type(given),
            id=self._id(given, "id") or _made_of(raw),
            properties=_object(given, "properties"),
            context=_object(given, "context"),
            tags=_tags(given),
            time=times,
            # A line that says null came from an event that was not to make a profile.
            options=Options(save_profile=given.get("profile", "") is not None),
        )
        claims = (self.identities.claim(source_id, 0, event.properties),) if event.type in IDENTIFYING else ()
        payload = Payload(
            source_id=source_id,
            events=(event,),
            session_id=self._id(given, "session"),
            profile_id=self._id(given, "profile"),
            claims=claims,
        )
        return Past(payload, at)

    def _times(self, given: Mapping[str, Any]) -> tuple[Times, Micros]:
        """Return the event's own times and when it was received, which is what reports and retention go by."""
        said = given.get("time") or _object(_object(given, "metadata"), "time")
        named = said if isinstance(said, Mapping) else {"insert": said or None}
        moments = {name: self._moment(named.get(name), f"time.{name}") for name in ("create", "insert", "update")}
        received = self._moment(given.get("received_at"), "received_at") or moments["insert"] or moments["create"]
        if received is None:
            raise BadLine("received_at: is missing, and so is time: nothing says when it was.")
        return Times(**moments), received

    def _moment(self, given: Any, name: str) -> Micros | None:
        if given is None or given == "":
            return None
        moment = parse(given, now=self.now)
        if moment is None:
            raise BadLine(f"{name}: is no time between 2000 and now.")
        return moment

    def _type(self, given: Mapping[str, Any]) -> str:
        text = given.get("type")
        if not isinstance(text, str):
            raise BadLine("type: must be text.")
        return self._checked(_SPACE.sub("-", text.strip().lower()), "type")

    def _id(self, given: Mapping[str, Any], name: str) -> str | None:
        """Return an id that is written as text, or as an object that has one; None where there is none."""
        value = given.get(name)
        text = value.get("id") if isinstance(value, Mapping) else value
        if text is None or text == "":
            return None
        if not isinstance(text, str):
            raise BadLine(f"{name}: must be text.")
        return self._checked(text.strip(), name)

    def _checked(self, text: str, name: str) -> str:
        if problem := id_problem(text, self.limits.id_chars):
            raise BadLine(f"{name}: {problem}.")
        return text


def _object(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadLine(f"{name}: must be an object.")
    return value


def _tags(given: Mapping[str, Any]) -> tuple[str, ...]:
    tags = given.get("tags")
    values = tags.get("values") if isinstance(tags, Mapping) else tags
    if not isinstance(values or [], list) or not all(isinstance(tag, str) for tag in values or ()):
        raise BadLine("tags: must be a list of text.")
    return tuple(dict.fromkeys(values or ()))


def _made_of(raw: bytes) -> str:
    """Return an id for an event that has none, the same whenever this line is read, so that it is stored once."""
    return f"line-{hashlib.blake2b(raw.strip(), digest_size=16).hexdigest()}"


def from_row(names: Sequence[str], row: Sequence[str]) -> bytes:
    """Return one row of a table as the JSON object that it stands for; BadLine where it has more columns than names.

    ``properties``, ``context`` and ``tags`` hold JSON; a column ``properties.NAME`` is one property, as text.
    """
    if len(row) > len(names):
        raise BadLine("There are more columns than names for them.")
    found: dict[str, Any] = {}
    # A row that is too short says nothing in its last columns.
    for name, cell in dict(zip(names, row, strict=False)).items():
        value = plain(cell)
        if value == "":
            continue
        head, dot, rest = name.partition(".")
        if name in (*_OBJECTS, "tags"):
            given = _json(name, value)
            found[name] = given | found.get(name, {}) if isinstance(given, dict) else given
        elif dot and head in (*_OBJECTS, "time"):
            parts = found.setdefault(head, {})
            if not isinstance(parts, dict):
                raise BadLine(f"{head}: is given as a whole and in parts; leave one of them out.")
            parts[rest] = _cell(head, value)
        else:
            found[name] = _cell(name, value)
    return orjson.dumps(found)


def _cell(name: str, text: str) -> str | int:
    """Return what a cell says: a number of seconds where a time is asked for, else text."""
    # A longer one is no time, and Python refuses to read one of thousands of digits.
    if name in ("time", "received_at") and text.isascii() and text.isdigit() and len(text) <= _LONGEST_TIME:
        return int(text)
    return text


def _json(name: str, text: str) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadLine(f"{name}: holds no JSON.") from error
    if not isinstance(value, list if name == "tags" else dict):
        raise BadLine(f"{name}: must be {'a list' if name == 'tags' else 'an object'}.")
    return value
