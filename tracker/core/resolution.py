"""Whose event is it: the table of protocol §4, and the hand-over of a profile between domains (§5), as decisions."""

from collections.abc import Iterable

from tracker.core.case import Case
from tracker.core.event_fates import all_erased, all_stored, count_repeats, decide_events
from tracker.core.ids import names_nobody
from tracker.core.known import Known
from tracker.core.model import Fresh, Payload
from tracker.core.plurals import counted
from tracker.core.privacy import admitted, note_consents, without_private
from tracker.core.steps import Fate, Resolution
from tracker.core.which_session import decide_session
from tracker.core.whose_profile import decide_profile, give_names, of_events, of_session, stored_before

MOST_WARNINGS = 40


def resolve(payload: Payload, known: Known, fresh: Fresh) -> Resolution:
    """Return everything to write for one payload and what to answer; the payload's source must be in ``known``."""
    source = known.sources[payload.source_id]
    payload = without_private(source, payload)
    case = Case(payload, source, known, fresh, warnings=list(payload.warnings))
    sent = _meaningful(case, payload.profile_id, "profile")
    client_session = _meaningful(case, payload.session_id, "session")
    if sent in known.erased:
        case.warnings.append("The profile id sent belongs to an erased profile; it names nobody now.")
        sent = None
    named = known.named(source, sent)
    before = stored_before(case, client_session, named)
    here = named or of_session(case, client_session) or of_events(known, before)
    if not payload.events or all_erased(case) or (here is None and client_session is None and all_stored(case)):
        # A late retry of what was erased must not open the session again with all that the context says, and a repeat
        # that does not say whose it is neither makes a visitor nor finds one.
        session_id = client_session or next((stored.session_id for stored in before), fresh.session)
        return _resolution(case, named.id if named else None, session_id, count_repeats(case))
    if not admitted(case, here):
        # Not even a session id is made up for who does not want to be known.
        return _resolution(case, None, client_session, tuple((event.id or "", "not-saved") for event in payload.events))
    profile = decide_profile(case, here)
    profile_id = profile.id if profile else None
    if profile:
        note_consents(case, profile)
    give_names(case, sent, profile_id)
    session_id = decide_session(case, client_session, profile_id, before)
    fates = decide_events(case, profile_id, session_id)
    return _resolution(case, profile_id if case.saves_profile else None, session_id, fates)


def _resolution(
    case: Case, profile_id: str | None, session_id: str | None, fates: tuple[tuple[str, Fate], ...]
) -> Resolution:
    return Resolution(
        task=case.fresh.task,
        steps=tuple(case.steps),
        profile_id=profile_id,
        session_id=session_id,
        fates=fates,
        warnings=_bounded(case.warnings),
        errors=tuple(case.errors),
        debugger=any(event.options.debugger for event in case.payload.events),
    )


def _bounded(warnings: Iterable[str]) -> tuple[str, ...]:
    """Return each sentence once, so many of them that the answer stays small."""
    told = tuple(dict.fromkeys(warnings))
    more = len(told) - MOST_WARNINGS
    return (*told[:MOST_WARNINGS], f"And {counted(more, 'further warning')}.") if more > 0 else told


def _meaningful(case: Case, given: str | None, noun: str) -> str | None:
    if given and names_nobody(given):
        case.warnings.append(f"The {noun} id sent names nobody; it was treated as absent.")
        return None
    return given or None
