"""What a payload says of its visitor's consents, and which parts of that cannot be kept."""

from collections.abc import Collection, Iterator, Mapping

from tracker.core.claims import named
from tracker.core.model import Event, Payload
from tracker.core.setting_rules import LONGEST_CONSENT

GRANTED, REVOKED = "consent-granted", "consent-revoked"
CONSENTING = frozenset({GRANTED, REVOKED})
"""The types of event by which a visitor agrees, and takes that back; the properties are ``{name: true or false}``."""
MOST_CONSENTS = 50
"""Names of consents that one event, or ``context.consents``, may state, and that a profile may hold."""

Consents = Mapping[str, bool]
_NO_OBJECT = "context.consents is no object of names with true or false; it was ignored."
_NO_PROFILE = "A consent event with saveProfile false says nothing about the profile; what it says was not kept."


def booleans(given: object) -> dict[str, bool]:
    """Return the consents that an object states: true or false under a name that is not too long, 50 at most."""
    if not isinstance(given, Mapping):
        return {}
    found = {name: value for name, value in given.items() if isinstance(value, bool) and len(name) <= LONGEST_CONSENT}
    return dict(list(found.items())[:MOST_CONSENTS])


def stated(payload: Payload) -> dict[str, bool]:
    """Return what the page says that its visitor has agreed to so far: ``context.consents``."""
    return booleans(payload.context.get("consents"))


def said_by(event: Event, need: str | bool, known: Consents) -> dict[str, bool]:
    """Return the consents that an event gives or takes back; a withdrawal that refuses no name is one of all it has."""
    if event.type not in CONSENTING:
        return {}
    found = booleans(event.properties)
    if event.type == REVOKED and all(found.values()):
        return dict.fromkeys(found or known or ([need] if isinstance(need, str) else []), False)
    return found


def problems(payload: Payload, need: str | bool, *, saves_profile: bool) -> Iterator[str]:
    """Yield a sentence for each kind of what a payload says of consents and what is not kept, with the names.

    ``context.consents`` is read where the source requires consent (``need``), and is no more than context elsewhere.
    """
    events = [event for event in payload.events if event.type in CONSENTING]
    if events and not saves_profile:
        yield _NO_PROFILE
    if events:
        yield from _left_out("A consent event", [event.properties for event in events])
    if need and (given := payload.context.get("consents")) is not None:
        if isinstance(given, Mapping):
            yield from _left_out("context.consents", [given])
        else:
            yield _NO_OBJECT


def room_for(said: Consents, held: Collection[str], need: str | bool) -> tuple[dict[str, bool], list[str]]:
    """Return the consents that a profile which holds these names has room for, and the names of the others.

    There is always room for the one that the source requires: its visitor must be able to give it and to take it back.
    """
    names, kept = set(held), dict[str, bool]()
    for name, value in said.items():
        if name in names or name == need or len(names) < MOST_CONSENTS:
            names.add(name)
            kept[name] = value
    return kept, [name for name in said if name not in kept]


def _left_out(where: str, given: list[Mapping[str, object]]) -> Iterator[str]:
    """Yield what is wrong with some objects that state consents, a sentence a kind."""
    ill = [name for one in given for name, value in one.items() if not isinstance(value, bool)]
    fit = [[name for name, value in one.items() if isinstance(value, bool)] for one in given]
    long = [name for names in fit for name in names if len(name) > LONGEST_CONSENT]
    late = [name for names in fit for name in [one for one in names if len(one) <= LONGEST_CONSENT][MOST_CONSENTS:]]
    for names, why in (
        (ill, "says neither true nor false of these consents"),
        (long, f"names consents by more than {LONGEST_CONSENT} characters"),
        (late, f"states more than {MOST_CONSENTS} consents"),
    ):
        if names:
            yield f"{where} {why}; they were not kept: {named(sorted(set(names)))}."
