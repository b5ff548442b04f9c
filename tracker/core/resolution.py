"""Whose event is it: the table of protocol §4, and the hand-over of a profile between domains (§5), as decisions."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tracker.core.ids import has_uuid_form, names_nobody
from tracker.core.known import Known
from tracker.core.linking import judge
from tracker.core.merging import survivor
from tracker.core.model import Event, Fresh, Payload, Profile, Referral, Session, Source, StoredEvent
from tracker.core.steps import (
    AddAlias,
    ContinueSession,
    CountRepeats,
    CreateProfile,
    Fate,
    MergeProfiles,
    OpenSession,
    Quarantine,
    RepointSession,
    Resolution,
    SpendPass,
    Step,
    StoreEvent,
    TouchProfile,
)
from tracker.core.touchpoint import touchpoint

SESSION_LASTS = 30 * 60 * 1_000_000
"""Microseconds without activity after which a visit is over: as long as the script's session cookie slides."""


_FAULTS = {
    "event-too-large": "it is larger than one event may be.",
    "not-storable": "the database does not take what it holds.",
}


@dataclass(slots=True)
class _Case:
    """One payload while it is being decided: what was asked, what is known, and what was decided so far."""

    payload: Payload
    source: Source
    known: Known
    fresh: Fresh
    steps: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def saves_profile(self) -> bool:
        return any(event.options.save_profile for event in self.payload.events)

    @property
    def saves_session(self) -> bool:
        return any(event.options.save_session for event in self.payload.events)


def resolve(payload: Payload, known: Known, fresh: Fresh) -> Resolution:
    """Return everything to write for one payload and what to answer; the payload's source must be in ``known``."""
    case = _Case(payload, known.sources[payload.source_id], known, fresh, warnings=list(payload.warnings))
    sent = _meaningful(case, payload.profile_id, "profile")
    client_session = _meaningful(case, payload.session_id, "session")
    if sent in known.erased:
        case.warnings.append("The profile id sent belongs to an erased profile; it names nobody now.")
        sent = None
    if not payload.events or _all_erased(case):
        # A late retry of what was erased must not open the session again with all that the context says.
        there = known.live(sent)
        return _resolution(case, there.id if there else None, client_session or fresh.session, _repeated(payload))
    before = _stored_before(case, client_session)
    here = known.live(sent) or _of_session(known, client_session) or _of_events(known, before)
    profile = _profile(case, here)
    profile_id = profile.id if profile else None
    _name(case, sent, profile_id)
    session_id = _session(case, client_session, profile_id, before)
    fates = _events(case, profile_id, session_id)
    return _resolution(case, profile_id if case.saves_profile else None, session_id, fates)


def _repeated(payload: Payload) -> tuple[tuple[str, Fate], ...]:
    return tuple((event.id or "", "duplicate") for event in payload.events)


def _all_erased(case: _Case) -> bool:
    return all((case.source.id, event.id) in case.known.forgotten for event in case.payload.events)


def _resolution(
    case: _Case, profile_id: str | None, session_id: str | None, fates: tuple[tuple[str, Fate], ...]
) -> Resolution:
    return Resolution(
        task=case.fresh.task,
        steps=tuple(case.steps),
        profile_id=profile_id,
        session_id=session_id,
        fates=fates,
        warnings=tuple(case.warnings),
        errors=tuple(case.errors),
        debugger=any(event.options.debugger for event in case.payload.events),
    )


def _meaningful(case: _Case, given: str | None, noun: str) -> str | None:
    if given and names_nobody(given):
        case.warnings.append(f"The {noun} id sent names nobody; it was treated as absent.")
        return None
    return given or None


# Which profile ----------------------------------------------------------------------------------------------------


def _stored_before(case: _Case, client_session: str | None) -> tuple[StoredEvent, ...]:
    """Return where events of this payload already went: their answer was lost, so the client repeats them.

    What went to a session that the client's own does not stand for is left out: an id used twice by mistake must
    not fuse two visitors.
    """
    rows = case.known.sessions.get(client_session or "", [])
    sessions = {client_session, *(row.id for row in rows)}
    if case.payload.referral is not None and not rows:
        sessions.add(case.payload.referral.session_id)
    found = (case.known.events.get((case.source.id, event.id or "")) for event in case.payload.events)
    return tuple(stored for stored in found if stored and (client_session is None or stored.session_id in sessions))


def _of_session(known: Known, client_session: str | None) -> Profile | None:
    rows = known.sessions.get(client_session or "", [])
    return known.live(rows[0].profile_id) if rows else None


def _of_events(known: Known, before: Iterable[StoredEvent]) -> Profile | None:
    return next((live for stored in before if (live := known.live(stored.profile_id))), None)


def _profile(case: _Case, here: Profile | None) -> Profile | None:
    """Return the profile the events belong to: the one here, the one handed over, their union, or a new one."""
    if not case.saves_profile:
        return here
    if case.payload.referral is not None:
        here = _handed_over(case, case.payload.referral, here)
    if here is None:
        return _create(case)
    case.steps.append(TouchProfile(here.id, case.fresh.now))
    return here


def _handed_over(case: _Case, referral: Referral, here: Profile | None) -> Profile | None:
    """Return the profile here once the referral was judged: adopted, merged, or as it was."""
    verdict = judge(referral, case.source, here, case.known)
    if verdict.warning:
        case.warnings.append(verdict.warning)
    if verdict.error:
        case.errors.append(verdict.error)
    if verdict.spend:
        case.steps.append(SpendPass(referral.link_pass.nonce, case.source.id, referral.link_pass.expires))
    if here is None or verdict.profile is None:
        return here or verdict.profile
    return _merge(case, referral, here, verdict.profile)


def _merge(case: _Case, referral: Referral, here: Profile, referred: Profile) -> Profile:
    lives_on = survivor(here, referred)
    loser = referred if lives_on is here else here
    note = {
        "source": referral.source_id,
        "landing_source": case.source.id,
        "referrer": referral.referrer_host,
        "landing": referral.landing_host,
    }
    case.steps.append(MergeProfiles(case.fresh.merge, loser.id, lives_on.id, "referral", case.fresh.now, note))
    return lives_on


def _create(case: _Case) -> Profile:
    times, now = case.payload.profile_times, case.fresh.now
    created = times.create or times.insert or now
    case.steps.append(CreateProfile(case.fresh.profile, created, times.update or now))
    return Profile(case.fresh.profile)


def _name(case: _Case, sent: str | None, profile_id: str | None) -> None:
    """Give the profile the ids that were sent for it and that nobody owns yet."""
    if profile_id is None or not case.saves_profile:
        return
    extras = case.payload.profile_ids if case.source.trusted else ()
    if sent is not None and sent not in case.known.aliases and sent not in extras:
        if has_uuid_form(sent):
            case.steps.append(AddAlias(sent, profile_id))
        else:
            case.warnings.append("The profile id sent is unknown and was not kept; store the one in this answer.")
    if case.payload.profile_ids and not case.source.trusted:
        case.warnings.append("profile.ids is taken from trusted sources only; it was ignored.")
    for extra in dict.fromkeys(extras):
        _add_extra(case, extra, profile_id)


def _add_extra(case: _Case, extra: str, profile_id: str) -> None:
    if names_nobody(extra) or extra in case.known.erased:
        case.warnings.append("An entry of profile.ids names nobody; it was ignored.")
    elif extra not in case.known.aliases:
        case.steps.append(AddAlias(extra, profile_id))
    elif _live_now(case, extra) != profile_id:
        case.warnings.append("An entry of profile.ids belongs to another profile; it was ignored.")


# Which session ----------------------------------------------------------------------------------------------------


def _session(case: _Case, client_session: str | None, profile_id: str | None, before: Iterable[StoredEvent]) -> str:
    """Return the id of the session the events belong to, opening, re-pointing or continuing it as §4 says."""
    if client_session is None:
        ours = (stored for stored in before if _live_now(case, stored.profile_id) == profile_id)
        client_session = next((stored.session_id for stored in ours), None)
    if not case.known.sessions.get(client_session or ""):
        # A browser names a session of its own as soon as it lands; what nobody has heard of yet is no visit yet.
        client_session = _handed_over_session(case, profile_id) or client_session
    rows = case.known.sessions.get(client_session or "", [])
    for row in rows:
        if _live_now(case, row.profile_id) == profile_id:
            return _continue(case, row)
    for row in rows:
        if profile_id is not None and _live_now(case, row.profile_id) is None:
            if case.saves_session:
                case.steps.append(RepointSession(row.id, profile_id))
            return _continue(case, row)
    client_id = client_session or case.fresh.session
    if rows:
        case.warnings.append("The session belongs to another profile; a session of this profile stands for it.")
        return _open(case, case.fresh.session, client_id, profile_id)
    return _open(case, client_id, client_id, profile_id)


def _live_now(case: _Case, profile_id: str | None) -> str | None:
    """Return the live profile that an id names once this payload's own merge is taken into account."""
    live = case.known.live(profile_id)
    if live is None:
        return None
    for step in case.steps:
        if isinstance(step, MergeProfiles) and step.loser == live.id:
            return step.survivor
    return live.id


def _handed_over_session(case: _Case, profile_id: str | None) -> str | None:
    """Return the session that came along with an accepted referral, so that the visit stays one visit."""
    referral = case.payload.referral
    if referral is None or referral.session_id is None or profile_id is None:
        return None
    rows = case.known.sessions.get(referral.session_id, [])
    recent = case.fresh.now - SESSION_LASTS
    if any(row.updated >= recent and _live_now(case, row.profile_id) == profile_id for row in rows):
        return referral.session_id
    return None


def _continue(case: _Case, row: Session) -> str:
    if case.saves_session:
        payload = case.payload
        case.steps.append(ContinueSession(row.id, case.fresh.now, payload.context, payload.properties))
    return row.id


def _open(case: _Case, session_id: str, client_id: str, profile_id: str | None) -> str:
    if case.saves_session:
        payload, now = case.payload, case.fresh.now
        times = payload.session_times
        created = times.create or times.insert or now
        case.steps.append(
            OpenSession(
                id=session_id,
                client_id=client_id,
                profile_id=profile_id,
                source_id=case.source.id,
                created=created,
                updated=times.update or now,
                context=payload.context,
                properties=payload.properties,
                touchpoint=touchpoint(payload.context, payload.events),
                device=payload.device,
            )
        )
    return session_id


# Which events -----------------------------------------------------------------------------------------------------


def _events(case: _Case, profile_id: str | None, session_id: str) -> tuple[tuple[str, Fate], ...]:
    """Decide each event by itself: one that cannot be kept never costs its neighbours."""
    source_id, fresh, events = case.source.id, case.fresh, case.payload.events
    fates: list[tuple[str, Fate]] = []
    seen: set[str] = set()
    for position, event in enumerate(events):
        event_id = event.id or fresh.events[position]
        fate = _fate(case, event, event_id, seen)
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
        elif event.fault and fate == "quarantined":
            case.steps.append(Quarantine(event_id, source_id, profile_id, event.fault, fresh.now, event))
            case.errors.append(f"Event {position} was quarantined: {_FAULTS[event.fault]}")
    return tuple(fates)


def _fate(case: _Case, event: Event, event_id: str, seen: set[str]) -> Fate:
    """Return what becomes of one event, remembering in ``seen`` the ids this payload has used up."""
    if not event.options.save_event:
        return "not-saved"
    key = (case.source.id, event_id)
    if event_id in seen or key in case.known.events or key in case.known.forgotten:
        return "duplicate"
    seen.add(event_id)
    return "quarantined" if event.fault else "stored"
