"""What becomes of each event of a payload: stored, known already, quarantined, or not to be saved."""

from tracker.core.case import Case
from tracker.core.event_types import MOST_TYPES, Types, giving_way, hour_start
from tracker.core.limits import Limits
from tracker.core.model import Event
from tracker.core.plurals import counted
from tracker.core.steps import CountRepeats, Fate, NoteType, Quarantine, StoreEvent, UseType

_MOST_NAMED = 20
_LIMITS = Limits()
TOO_MANY_TYPES = "too-many-event-types"
_FAULTS = {
    "event-too-large": "it is larger than one event may be.",
    "too-many-tags": f"it has more than {_LIMITS.tags} tags, or one of more than {_LIMITS.tag_chars} characters.",
    "not-storable": "the database does not take what it holds.",
    TOO_MANY_TYPES: f"its type is new, and {MOST_TYPES} others are in use or too many new ones came from there today.",
}


def all_erased(case: Case) -> bool:
    """Return True where every event of the payload was erased since it came the first time."""
    return all((case.source.id, event.id) in case.known.forgotten for event in case.payload.events)


def all_stored(case: Case) -> bool:
    """Return True where every event of the payload is stored already."""
    return all((case.source.id, event.id) in case.known.events for event in case.payload.events)


def count_repeats(case: Case) -> tuple[tuple[str, Fate], ...]:
    """Return the fates of events that are all known already, and count those that are not erased."""
    if case.payload.events and not all_erased(case):
        case.steps.append(CountRepeats(case.source.id, len(case.payload.events)))
    return tuple((event.id or "", "duplicate") for event in case.payload.events)


def decide_events(case: Case, profile_id: str | None, session_id: str) -> tuple[tuple[str, Fate], ...]:
    """Decide each event by itself: one that cannot be kept never costs its neighbours."""
    source_id, fresh, events = case.source.id, case.fresh, case.payload.events
    fates: list[tuple[str, Fate]] = []
    faults: dict[int, str] = {}
    seen: set[str] = set()
    for position, event in enumerate(events):
        event_id = event.id or fresh.events[position]
        fate = _fate(case, event, event_id, seen)
        if fate == "stored":
            fault = event.fault or _type_fault(case, event.type)
            if fault is not None:
                fate, faults[position] = "quarantined", fault
        fates.append((event_id, fate))
    kept = sum(fate == "stored" for _, fate in fates)
    if repeats := sum(fate == "duplicate" for _, fate in fates):
        case.steps.append(CountRepeats(source_id, repeats))
    for position, (event_id, fate) in enumerate(fates):
        event = events[position]
        if fate == "stored":
            case.steps.append(
                StoreEvent(event_id, source_id, profile_id, session_id, fresh.task, position, kept, fresh.now, event)
            )
        elif fault := faults.get(position):
            said = event.said or event
            case.steps.append(Quarantine(event_id, source_id, profile_id, session_id, fault, fresh.now, said))
            if len(case.errors) < _MOST_NAMED:
                case.errors.append(f"Event {position} was quarantined: {_FAULTS[fault]}")
    if (unnamed := len(faults) - _MOST_NAMED) > 0:
        # A sentence for each would be larger than the request.
        case.errors.append(f"So were {counted(unnamed, 'further event')}.")
    return tuple(fates)


def _fate(case: Case, event: Event, event_id: str, seen: set[str]) -> Fate:
    """Return what becomes of one sound event, remembering in ``seen`` the ids this payload has used up."""
    if not event.options.save_event:
        return "not-saved"
    key = (case.source.id, event_id)
    if event_id in seen or key in case.known.events or key in case.known.forgotten:
        return "duplicate"
    seen.add(event_id)
    return "stored"


def _type_fault(case: Case, name: str) -> str | None:
    """Return why a type that is new keeps its event out, or None; what is to be written of the type is noted."""
    source_id, now = case.source.id, case.fresh.now
    had = case.known.types.get(source_id)
    if had is None or name in case.types_met:
        return None
    if (use := had.get(name)) is not None:
        case.types_met.add(name)
        if use.last_used < hour_start(now):
            case.steps.append(UseType(source_id, name, now))
        return None
    may = case.payload.new_types
    if may is not None and case.new_types >= may:
        return TOO_MANY_TYPES
    held, instead_of = len(had) + case.new_types, None
    if held >= MOST_TYPES:
        instead_of = _least_used(case, had)
        if instead_of is None:
            return TOO_MANY_TYPES
    case.types_met.add(name)
    case.new_types += 1
    case.steps.append(NoteType(source_id, name, now, held, instead_of))
    return None


def _least_used(case: Case, had: Types) -> str | None:
    """Return the type that gives way to a new one, or None; no two new ones are told the same."""
    if case.giving_way is None:
        mine = {event.type for event in case.payload.events}
        case.giving_way = (name for name in giving_way(had, case.fresh.now) if name not in mine)
    return next(case.giving_way, None)
