"""A payload whose content no database takes, without that content: its events are quarantined, as text."""

from dataclasses import replace
from itertools import islice

from tracker.core.consents import MOST_CONSENTS, stated
from tracker.core.model import Event, Json, Payload


def bare(payload: Payload) -> Payload:
    """Return the payload with nothing of what it says but ids; its events are kept as the text of the quarantine.

    The visitor and the visit that they name are found and made as ever.
    """
    events = tuple(_emptied(event) for event in payload.events)
    return payload._replace(events=events, claims=(), context=_agreed(payload), properties={}, device={})


def alone(payload: Payload) -> Payload:
    """Return the payload as one of nobody's: rows of the quarantine are all that is written of it."""
    events = tuple(
        event._replace(options=replace(event.options, save_profile=False, save_session=False))
        for event in bare(payload).events
    )
    return Payload(
        payload.source_id,
        events,
        context=_agreed(payload),
        gpc=payload.gpc,
        dnt=payload.dnt,
        warnings=payload.warnings,
    )


def _agreed(payload: Payload) -> Json:
    """Return of a context what decides whether anything of the payload may be kept."""
    # It must stay small; a name that is cut off is one that nobody has agreed to.
    agreed = dict(islice(stated(payload).items(), MOST_CONSENTS))
    return {"consents": agreed} if agreed else {}


def _emptied(event: Event) -> Event:
    return Event(
        type=event.type,
        id=event.id,
        options=event.options,
        too_large=event.too_large,
        unstorable=True,
        said=event,
    )
