"""What may be kept of a payload: the visitor's consent, Global Privacy Control, Do Not Track, private parameters."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise

from tracker.core.case import Case
from tracker.core.claims import named
from tracker.core.consents import CONSENTING, Consents, Heard, hear, problems, room_for, stated
from tracker.core.merging import combined
from tracker.core.model import Event, Payload, Profile, Source
from tracker.core.scrub import read_names, scrubbed, scrubber
from tracker.core.steps import MergeProfiles, SetConsents, TouchProfile

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
        keeps = _under_consent(case, need, here)
        warning = None if all(keeps) else NO_CONSENT
    if warning is not None:
        case.warnings.append(warning)
    if any(keeps):
        case.payload = _narrowed(payload, keeps)
        return True
    if here is not None:
        _take_back(case, here)
    return False


def note_consents(case: Case, profile: Profile) -> None:
    """Write to the profile what its visitor has agreed to, and what not, by the events of this payload.

    Where no profile is saved, that is what was taken back alone.
    """
    need = required_consent(case.source)
    if not need and CONSENTING.isdisjoint([event.type for event in case.payload.events]):
        return
    if not case.saves_profile:
        _take_back(case, profile)
        return
    known = _known(case, profile)
    # What the page states counts where it was said before the profile was made, or before it was forgotten.
    before, left = _before(case, need, known)
    heard = _heard(case, need, before)
    said = {name: value for name, value in before.items() if name not in known} | heard.said
    _warn_of_full(case, (*left, *heard.left))
    if said:
        case.steps.append(SetConsents(profile.id, said, case.fresh.now))


def _take_back(case: Case, profile: Profile) -> None:
    """Write to the profile what the payload takes back, and nothing else that it says."""
    heard = _heard(case, required_consent(case.source), _known(case, profile))
    if taken_back := {name: value for name, value in heard.said.items() if not value}:
        case.steps.append(TouchProfile(profile.id, case.fresh.now))
        case.steps.append(SetConsents(profile.id, taken_back, case.fresh.now))
    _warn_of_full(case, heard.left)


def _warn_of_full(case: Case, left: Iterable[str]) -> None:
    """Name the consents for which the profile has no room, each once."""
    if names := list(dict.fromkeys(left)):
        case.warnings.append(_FULL.format(named(names)))


def required_consent(source: Source) -> str | bool:
    """Return the name of the consent that a source requires, True where any one will do, False where it needs none."""
    need = source.settings.get("requireConsent")
    return need if isinstance(need, str) else bool(need)


def objection(source: Source, *, gpc: bool, dnt: bool) -> str | None:
    """Return the sentence, GPC or DNT, that says why the visitor's browser forbids to keep anything, or None."""
    if gpc and source.settings.get("respectGPC") is not False:
        return GPC
    return DNT if dnt and source.settings.get("respectDoNotTrack") is True else None


def _under_consent(case: Case, need: str | bool, here: Profile | None) -> tuple[bool, ...]:
    """Return for each event whether it may be kept.

    What is known of the profile counts more than what the browser remembers, because the visitor may have taken it
    back elsewhere. What was tracked before the visitor agreed has waited in the browser for that; a withdrawal is
    itself kept, as the last thing that the consent covers.
    """
    before, _ = _before(case, need, _known(case, here))
    agreed = [_agrees(need, state) is True for state in _heard(case, need, before).states]
    agreed[0] = any(agreed)
    return tuple(before or after for before, after in pairwise(agreed))


def _before(case: Case, need: str | bool, known: Consents) -> tuple[Consents, list[str]]:
    """Return what holds before the payload's events, and the names of what its page states and has no room.

    The page is asked where nothing is known of the consent that is needed, and then for names of which nothing is.
    """
    if not need or _agrees(need, known) is not None:
        return known, []
    return room_for({**stated(case.payload), **known}, known, need)


def _heard(case: Case, need: str | bool, before: Consents) -> Heard:
    """Return what the payload's consent events say, to a visitor of whom this holds before them."""
    known, source_id = case.known, case.source.id
    given = [event.id for event in case.payload.events if event.type in CONSENTING]
    repeats = {
        one for one in given if one and ((source_id, one) in known.events or (source_id, one) in known.forgotten)
    }
    return hear(case.payload.events, need, before, repeats)


def _agrees(need: str | bool, consents: Consents) -> bool | None:
    """Return what was said to the consent that is needed; None where nothing was."""
    if isinstance(need, str):
        return consents.get(need)
    return any(consents.values()) if consents else None


def _known(case: Case, profile: Profile | None) -> dict[str, bool]:
    """Return what is known of a visitor's consents, with those of profiles that this payload merges into this one."""
    if profile is None:
        return {}
    losers = [step.loser for step in case.steps if isinstance(step, MergeProfiles) and step.survivor == profile.id]
    both = combined(case.known.consents.get(one, {}) for one in (profile.id, *losers))
    return {name: bool(value) for name, (value, _) in both.items()}


def _narrowed(payload: Payload, keeps: tuple[bool, ...]) -> Payload:
    """Return the payload with the events that may not be kept marked as such, and without what they claim."""
    if all(keeps):
        return payload
    events = tuple(
        event if keep else event._replace(options=replace(event.options, save_event=False))
        for event, keep in zip(payload.events, keeps, strict=True)
    )
    return payload._replace(events=events, claims=tuple(claim for claim in payload.claims if keeps[claim.position]))
