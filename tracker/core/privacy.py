"""What may be kept of a payload: the visitor's consent, Global Privacy Control, Do Not Track, private parameters."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from tracker.core.case import Case
from tracker.core.claims import named
from tracker.core.consents import CONSENTING, Consents, problems, room_for, said_by, stated
from tracker.core.model import Event, Payload, Profile, Source
from tracker.core.scrub import read_names, scrubbed, scrubber
from tracker.core.steps import SetConsents, TouchProfile

NO_CONSENT = "This source requires consent; nothing of what came without it was stored."
GPC = "The browser sends Global Privacy Control; nothing was stored."
DNT = "The browser sends Do Not Track; nothing was stored."
_FULL = "This profile holds as many consents as one may; these were not kept: {}."


def without_private(source: Source, payload: Payload) -> Payload:
    """Return the payload without the URL parameters that this source wants taken out besides everybody's."""
    names = source.settings.get("scrubParameters")
    if not names:
        return payload
    url = scrubber(read_names(" ".join(names), standard=())).url
    return payload._replace(
        context=scrubbed(payload.context, url),
        properties=scrubbed(payload.properties, url),
        events=tuple(_scrubbed_event(event, url) for event in payload.events),
        claims=tuple(replace(claim, traits=scrubbed(claim.traits, url)) for claim in payload.claims),
    )


def _scrubbed_event(event: Event, url: Callable[[str], str]) -> Event:
    said = None if event.said is None else _scrubbed_event(event.said, url)
    return event._replace(properties=scrubbed(event.properties, url), context=scrubbed(event.context, url), said=said)


def admitted(case: Case, here: Profile | None) -> bool:
    """Return whether anything of the payload may be kept, and narrow the case down to that.

    Where nothing may, a visitor who is known is still heard when a consent is taken back.
    """
    source, payload = case.source, case.payload
    need = required_consent(source)
    case.warnings += problems(payload, need, saves_profile=case.saves_profile)
    warning = objection(source, gpc=payload.gpc, dnt=payload.dnt)
    keeps: tuple[bool, ...] = ()
    if warning is None:
        if not need:
            return True
        keeps = _under_consent(need, _known(case, here), payload)
        warning = None if all(keeps) else NO_CONSENT
    if warning is not None:
        case.warnings.append(warning)
    if any(keeps):
        case.payload = _narrowed(payload, keeps)
        return True
    known = _known(case, here)
    taken_back = {name: False for name, value in _said(need, known, payload).items() if not value}
    if here is not None and taken_back:
        case.steps.append(TouchProfile(here.id, case.fresh.now))
        _set(case, here, taken_back, known)
    return False


def note_consents(case: Case, profile: Profile) -> None:
    """Write to the profile what its visitor has agreed to, and what not, by the events of this payload."""
    need = required_consent(case.source)
    if not need and CONSENTING.isdisjoint([event.type for event in case.payload.events]):
        return
    known = _known(case, profile)
    said = _said(need, known, case.payload)
    if need and _agrees(need, known) is None:
        # Said before the profile was made, or before it was forgotten.
        said = stated(case.payload) | said
    _set(case, profile, said, known)


def _set(case: Case, profile: Profile, said: Consents, known: Consents) -> None:
    """Write what was said to a profile that knows so much already, as far as there is room for it."""
    said, left = room_for(said, known, required_consent(case.source))
    if left:
        case.warnings.append(_FULL.format(named(left)))
    if said:
        case.steps.append(SetConsents(profile.id, said, case.fresh.now))


def required_consent(source: Source) -> str | bool:
    """Return the name of the consent that a source requires, True where any one will do, False where it needs none."""
    need = source.settings.get("requireConsent")
    return need if isinstance(need, str) else bool(need)


def objection(source: Source, *, gpc: bool, dnt: bool) -> str | None:
    """Return the sentence, GPC or DNT, that says why the visitor's browser forbids to keep anything, or None."""
    if gpc and source.settings.get("respectGPC") is not False:
        return GPC
    return DNT if dnt and source.settings.get("respectDoNotTrack") is True else None


def _under_consent(need: str | bool, known: Consents, payload: Payload) -> tuple[bool, ...]:
    """Return for each event whether it may be kept.

    What is known of the profile counts more than what the browser remembers, because the visitor may have taken it
    back elsewhere. What was tracked before the visitor agreed has waited in the browser for that; a withdrawal is
    itself kept, as the last thing that the consent covers.
    """
    now = dict(known if _agrees(need, known) is not None else {**stated(payload), **known})
    agreed = [_agrees(need, now) is True]
    for event in payload.events:
        now |= said_by(event, need, now)
        agreed.append(_agrees(need, now) is True)
    agreed[0] = any(agreed)
    return tuple(before or after for before, after in pairwise(agreed))


def _agrees(need: str | bool, consents: Consents) -> bool | None:
    """Return what was said to the consent that is needed; None where nothing was."""
    if isinstance(need, str):
        return consents.get(need)
    return any(consents.values()) if consents else None


def _known(case: Case, profile: Profile | None) -> dict[str, bool]:
    known = case.known.consents.get(profile.id, {}) if profile else {}
    return {name: bool(value) for name, (value, _) in known.items()}


def _said(need: str | bool, known: Consents, payload: Payload) -> dict[str, bool]:
    """Return what the consent events of a payload say, the last word on each name."""
    said: dict[str, bool] = {}
    for event in payload.events:
        said |= said_by(event, need, {**known, **said})
    return said


def _narrowed(payload: Payload, keeps: tuple[bool, ...]) -> Payload:
    """Return the payload with the events that may not be kept marked as such, and without what they claim."""
    if all(keeps):
        return payload
    events = tuple(
        event if keep else event._replace(options=replace(event.options, save_event=False))
        for event, keep in zip(payload.events, keeps, strict=True)
    )
    return payload._replace(events=events, claims=tuple(claim for claim in payload.claims if keeps[claim.position]))
