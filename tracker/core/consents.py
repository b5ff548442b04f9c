"""What a payload says of its visitor's consents, and which parts of that cannot be kept."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tracker.core.claims import named
from tracker.core.model import Event, Payload
from tracker.core.setting_rules import LONGEST_CONSENT

GRANTED, REVOKED = "consent-granted", "consent-revoked"
CONSENTING = frozenset({GRANTED, REVOKED})
"""The types of event by which a visitor agrees, and takes that back; the properties are ``{name: true or false}``."""
MOST_CONSENTS = 50
"""Names of consents that a profile may hold, besides the one that a source requires."""

Consents = Mapping[str, bool]
_READ = {True: True, "true": True, "1": True, False: False, "false": False, "0": False}
"""What people and forms write for true and false; the numbers 1 and 0 are equal to those."""
_NO_OBJECT = "context.consents is no object of names with true or false; it was ignored."
_NO_PROFILE = "A consent event with saveProfile false gives no consent; only what it takes back was kept."
_TAKEN_BACK = "A withdrawal says neither true nor false of these consents; they count as taken back: {}."


@dataclass(slots=True)
class Heard:
    """What consent events say: the last word on each name, the names there is no room for, and what holds after each.

    ``states`` holds what the visitor agrees to before the first event and after each of them.
    """

    said: dict[str, bool] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    states: list[Consents] = field(default_factory=list)


def stated(payload: Payload) -> dict[str, bool]:
    """Return what the page says that its visitor has agreed to so far: ``context.consents``, as far as it is read."""
    given = payload.context.get("consents")
    if not isinstance(given, Mapping):
        return {}
    return {name: value for name, value in _read(given).items() if value is not None}


def hear(events: Iterable[Event], need: str | bool, before: Consents, repeats: Collection[str | None]) -> Heard:
    """Return what some events say to a visitor's consents so far.

    A grant that is repeated (its id is among ``repeats``) says nothing: it may have been taken back since it came.
    """
    heard, now = Heard(), before
    heard.states.append(now)
    for event in events:
        if event.type in CONSENTING and not (event.type == GRANTED and event.id in repeats):
            kept, left = room_for(_said_by(event, need, now), now, need)
            now = {**now, **kept}
            heard.said |= kept
            heard.left += left
        heard.states.append(now)
    return heard


def room_for(said: Consents, held: Collection[str], need: str | bool) -> tuple[dict[str, bool], list[str]]:
    """Return the consents that a profile which holds these names has room for, and the names of the others.

    There is always room for the one that the source requires and for those that are held: their visitor must be able
    to take them back, whatever else stands beside them.
    """
    names, kept = set(held), dict[str, bool]()
    for name, value in said.items():
        if name in names or name == need or len(names) < MOST_CONSENTS:
            names.add(name)
            kept[name] = value
    return kept, [name for name in said if name not in kept]


def problems(payload: Payload, need: str | bool, *, saves_profile: bool) -> Iterator[str]:
    """Yield a sentence for each kind of what a payload says of consents and what is not kept, with the names.

    ``context.consents`` is read where the source requires consent (``need``), and is no more than context elsewhere.
    """
    events = [event for event in payload.events if event.type in CONSENTING]
    if events and not saves_profile:
        yield _NO_PROFILE
    if events:
        yield from _unread([event.properties for event in events if event.type == REVOKED], _TAKEN_BACK)
        yield from _left_out("A consent event", events)
    if need and (given := payload.context.get("consents")) is not None:
        if isinstance(given, Mapping):
            yield from _left_out("context.consents", [Event(GRANTED, properties=given)])
        else:
            yield _NO_OBJECT


def _read(given: Mapping[str, object]) -> dict[str, bool | None]:
    """Return what an object says of each consent whose name is not too long; None where that cannot be told."""
    return {name: _reading(value) for name, value in given.items() if len(name) <= LONGEST_CONSENT}


def _reading(value: object) -> bool | None:
    if isinstance(value, str):
        return _READ.get(value.strip().lower())
    return _READ.get(value) if isinstance(value, (bool, int, float)) else None


def _said_by(event: Event, need: str | bool, known: Consents) -> dict[str, bool]:
    """Return the consents that an event gives or takes back.

    A withdrawal that refuses no name is one of all that it names, or of everything where it names none. What is not
    understood gives nothing, and in a withdrawal it takes back.
    """
    said = _read(event.properties)
    if event.type == GRANTED:
        return {name: value for name, value in said.items() if value is not None}
    if False in said.values():
        return {name: bool(value) for name, value in said.items()}
    everything = [*known, *([need] if isinstance(need, str) else [])]
    names_some = any(value is not None or name in everything for name, value in said.items())
    return dict.fromkeys(said if names_some else everything, False)


def _left_out(where: str, events: list[Event]) -> Iterator[str]:
    """Yield what is wrong with some objects that state consents, a sentence a kind."""
    why = "says neither true nor false of these consents"
    yield from _unread(
        [event.properties for event in events if event.type == GRANTED], f"{where} {why}; they were not kept: {{}}."
    )
    if long := {name for event in events for name in event.properties if len(name) > LONGEST_CONSENT}:
        why = f"names consents by more than {LONGEST_CONSENT} characters"
        yield f"{where} {why}; they were not kept: {named(sorted(long))}."


def _unread(given: list[Mapping[str, object]], sentence: str) -> Iterator[str]:
    if ill := {name for one in given for name, value in _read(one).items() if value is None}:
        yield sentence.format(named(sorted(ill)))
