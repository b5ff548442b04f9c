"""What a payload of the right shape means: the frozen Payload that the rest of the house works with."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tracker.core.claims import beside_identify
from tracker.core.identity_keys import IDENTIFYING
from tracker.core.ids import names_nobody
from tracker.core.limits import Limits
from tracker.core.linking import host_of
from tracker.core.model import NOTHING_SAID, Claim, Event, LinkPass, Micros, Options, Payload, Referral, Times
from tracker.core.times import parse
from tracker.core.touchpoint import first_page, referrer_host
from tracker.ingest.decode import Decoded, oversized
from tracker.web import tagging

_BAD_TIME = "A time was unreadable or out of range; the server's was used."
_BAD_PASS = "context.tracardi.pass could not be read; no profile was passed on."  # noqa: S105 - a sentence
_MOST_CLAIMS = 10
_TOO_MANY_CLAIMS = (
    "Only the first 10 identify events of a request say who the visitor is; the others were stored as events."
)
_NO_ID = "An event id that names nothing was replaced by a new one."
# A client's clock may be years off, and its reading of the present must be readable all the same.
_ANY_CLOCK: Micros = 100 * 366 * 86_400 * 1_000_000
# Less than this is the way the request took, not the clock; shifting by it would only blur the times given.
_CLOCK_NOISE: Micros = 2_000_000
# Nearly every payload has several of these, and making one takes as long as reading an event's type.
_NO_TIMES, _NO_OPTIONS = Times(), Options()
_LONGEST_IN_PASS = {"profile": 128, "source": 128, "session": 128, "pass": 1024, "referrer": 4096}


class Arrival(NamedTuple):
    """How a payload came in: what the request says besides its body."""

    now: Micros
    limits: Limits
    read_pass: Callable[[str | None], LinkPass]
    read_claim: Callable[[str, int, Mapping[str, Any]], Claim]
    origin_host: str | None = None
    headers: Mapping[str, str] = NOTHING_SAID
    """What may be kept of the request's headers."""
    country: str | None = None


@dataclass(slots=True)
class _Reading:
    arrival: Arrival
    shift: Micros
    warnings: list[str] = field(default_factory=list)

    def times(self, given: Any) -> Times:
        """Return the times of a ``time`` or ``metadata`` object, a warning for each kind that cannot be read."""
        if not isinstance(given, Mapping):
            if given is not None:
                self.warnings.append(_BAD_TIME)
            return _NO_TIMES
        return Times(*(self._moment(given.get(name)) for name in ("create", "insert", "update")))

    def _moment(self, given: Any) -> Micros | None:
        if given is None:
            return None
        moment = parse(given, now=self.arrival.now, shift=self.shift)
        if moment is None:
            self.warnings.append(_BAD_TIME)
        return moment


def payload_from(decoded: Decoded, body: Mapping[str, Any], arrival: Arrival) -> Payload:
    """Return the payload that a decoded body is, once ``body`` is what the schema has loaded of it."""
    reading = _Reading(arrival, _shift(body.get("metadata"), arrival.now), list(decoded.warnings))
    session, profile = body.get("session") or {}, body.get("profile") or {}
    context, given_pass = _without_pass(body.get("context") or {})
    options = body.get("options") or {}
    tags = _inherited(body, decoded.size, reading)
    large = oversized(decoded, arrival.limits, tagging.length(tags) if tags else 0)
    events = tuple(
        _event(event, reading, options, tags, large.get(place)) for place, event in enumerate(body["events"])
    )
    referral = _referral(given_pass, context, events, reading)
    identifying = [place for place, event in enumerate(events) if event.type in IDENTIFYING]
    if unread := beside_identify(decoded.body, identifying):
        reading.warnings.append(unread)
    return Payload(
        source_id=body["source"]["id"],
        events=events,
        session_id=session.get("id") or None,
        session_times=reading.times(session.get("metadata")),
        profile_id=profile.get("id") or None,
        profile_ids=tuple(profile.get("ids") or ()),
        profile_times=reading.times(profile.get("metadata")),
        context=context,
        properties=body.get("properties") or {},
        referral=referral,
        claims=_claims(body["source"]["id"], events, identifying, reading),
        device={**arrival.headers, "country": arrival.country} if arrival.country else arrival.headers,
        gpc=arrival.headers.get("sec_gpc") == "1",
        dnt=arrival.headers.get("dnt") == "1",
        warnings=tuple(dict.fromkeys(reading.warnings)),
    )


def _shift(metadata: Any, now: Micros) -> Micros:
    """Return how far to move the client's times: received − sent, where ``metadata.sentAt`` can be read (§2)."""
    sent = parse(metadata.get("sentAt"), now=now + _ANY_CLOCK) if isinstance(metadata, Mapping) else None
    shift = now - sent if sent is not None else 0
    return shift if abs(shift) >= _CLOCK_NOISE else 0


def _inherited(body: Mapping[str, Any], size: int, reading: _Reading) -> tuple[str, ...]:
    """Return the tags that each event of a payload takes over, a warning where they are not all that it has."""
    given, limits = body.get("tags") or (), reading.arrival.limits
    if not given:
        return ()
    tags = tagging.fit(given, limits)
    if len(tags) < len(dict.fromkeys(given)):
        reading.warnings.append(tagging.CUT.format(limits.tags, limits.tag_chars))
    if tagging.has_room(tags, body, size, limits):
        return tags
    reading.warnings.append(tagging.LEFT_OUT)
    return ()


def _event(
    given: Mapping[str, Any], reading: _Reading, defaults: Mapping[str, Any], tags: tuple[str, ...], large: int | None
) -> Event:
    event_id = given.get("id") or None
    if event_id is not None and names_nobody(event_id):
        # Under "undefined" as an idempotency key every event after the first would count as a repeat and be lost.
        event_id = None
        reading.warnings.append(_NO_ID)
    own = given.get("tags") or ()
    return Event(
        type=given["type"],
        id=event_id,
        properties=given.get("properties") or {},
        context=given.get("context") or {},
        tags=tuple(dict.fromkeys((*tags, *own))),
        time=reading.times(given.get("time")),
        options=_options(defaults, given.get("options") or {}),
        too_large=large,
        ill_tagged=tagging.ill(own, reading.arrival.limits) if own else False,
    )


def _claims(source_id: str, events: tuple[Event, ...], places: list[int], reading: _Reading) -> tuple[Claim, ...]:
    """Return what the identify events say; one payload speaks for one visitor, so a few of them say it all."""
    if len(places) > _MOST_CLAIMS:
        reading.warnings.append(_TOO_MANY_CLAIMS)
    read_claim = reading.arrival.read_claim
    return tuple(read_claim(source_id, place, events[place].properties) for place in places[:_MOST_CLAIMS])


def _options(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> Options:
    if not defaults and not own:
        return _NO_OPTIONS
    given = {**_said(defaults), **_said(own)}
    return Options(
        save_event=given.get("saveEvent", True),
        save_session=given.get("saveSession", True),
        save_profile=given.get("saveProfile", True),
        debugger=given.get("debugger", False),
    )


def _said(options: Mapping[str, Any]) -> dict[str, bool]:
    """Return the options that were set, the second spelling of ``saveEvent`` folded into the first."""
    said = {name: value for name, value in options.items() if value is not None}
    if (other := said.pop("saveEvents", None)) is not None:
        said.setdefault("saveEvent", other)
    return said


def _without_pass(context: Mapping[str, Any]) -> tuple[Mapping[str, Any], Any]:
    """Return the context without the handed-over profile, which is used once and never stored, and that hand-over."""
    ours = context.get("tracardi")
    if not isinstance(ours, Mapping) or "pass" not in ours:
        return context, None
    rest = {name: value for name, value in ours.items() if name != "pass"}
    outer = {name: value for name, value in context.items() if name != "tracardi"}
    return ({**outer, "tracardi": rest} if rest else outer), ours["pass"]


def _referral(given: Any, context: Mapping[str, Any], events: Iterable[Event], reading: _Reading) -> Referral | None:
    if given is None:
        return None
    texts = _texts(given)
    if not texts.get("profile") or not texts.get("source"):
        reading.warnings.append(_BAD_PASS)
        return None
    page = first_page(context, tuple(events))
    given_url = page.get("url")
    page_host = host_of(given_url) if isinstance(given_url, str) else None
    referrer = texts.get("referrer", "") if "referrer" in texts else referrer_host(page)
    return Referral(
        profile_id=texts["profile"],
        source_id=texts["source"],
        link_pass=reading.arrival.read_pass(texts.get("pass")),
        referrer_host=_bare(referrer),
        landing_host=reading.arrival.origin_host or page_host,
        session_id=texts.get("session") or None,
    )


def _texts(given: Any) -> dict[str, str]:
    """Return the members of a pass that are usable text: ids and hosts are short, a pass is not much longer."""
    if not isinstance(given, Mapping):
        return {}
    return {
        name: value.strip()
        for name, value in given.items()
        if isinstance(value, str) and len(value) <= _LONGEST_IN_PASS.get(name, 0)
    }


def _bare(referrer: str | None) -> str | None:
    """Return the host of a referrer given as a host, a host with a port or a URL."""
    if not referrer:
        return None
    return host_of(referrer if "//" in referrer else f"//{referrer}")
