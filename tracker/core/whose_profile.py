"""Which profile the events of a payload belong to, and which ids come to name it (protocol §4-§6)."""

from collections.abc import Iterable

from tracker.core.case import Case, live_now, weight_now
from tracker.core.event_fates import all_stored
from tracker.core.identity import note_person, note_unsaved, person_named, recognised
from tracker.core.ids import has_uuid_form, names_nobody
from tracker.core.known import Known
from tracker.core.linking import Verdict, judge
from tracker.core.merging import survivor
from tracker.core.model import Profile, Referral, StoredEvent
from tracker.core.person_limits import MOST_NAMES, fits
from tracker.core.steps import AddAlias, CountHandOver, CreateProfile, MergeProfiles, SpendPass, TouchProfile
from tracker.core.which_session import own_session_id, rows_that_lead

_TOO_MUCH = "The two profiles hold more ids or traits than one may; they were not merged."
_MOST_NAMED = "This profile has as many ids as one may have; the one sent was not kept."


def stored_before(case: Case, client_session: str | None, named: Profile | None) -> tuple[StoredEvent, ...]:
    """Return where events of this payload already went: their answer was lost, so the client repeats them.

    What went to a session that the client's own does not stand for is left out: an id used twice by mistake must
    not fuse two visitors.
    """
    names = [client_session]
    if case.payload.referral is not None and not case.known.sessions.get(client_session or ""):
        names.append(case.payload.referral.session_id)
    found = [
        (event.id, stored)
        for event in case.payload.events
        if event.id and (stored := case.known.events.get((case.source.id, event.id)))
    ]
    if not found:
        return ()
    if client_session is not None:
        leads = {session_id for name in names for session_id in _led_to(case, name)}
        # Who knows an event's id that nobody can guess has sent that event, with a session of any source.
        any_source = {row.id for name in names for row in case.known.sessions.get(name or "", [])} | set(names)
        return tuple(
            stored
            for event_id, stored in found
            if stored.session_id in (any_source | leads if has_uuid_form(event_id) else leads)
        )
    return tuple(stored for event_id, stored in found if _may_lead(case, event_id, stored, named))


def _led_to(case: Case, client_session: str | None) -> set[str | None]:
    """Return the ids of sessions that a session id leads to: its own too, where no other source has taken it."""
    leads: set[str | None] = {row.id for row in rows_that_lead(case, client_session)}
    if client_session is None or not case.known.sessions.get(client_session):
        return leads | {client_session}
    # Where saveSession kept the session of this source from being written, its events name it all the same.
    return leads or {own_session_id(case.source.id, client_session)}


def _may_lead(case: Case, event_id: str, stored: StoredEvent, named: Profile | None) -> bool:
    """Return whether a repeated event alone says whose it is.

    An id like "order-1001" can be guessed, and whoever guessed it would be given a stranger's profile and session.
    """
    ours = named is not None and case.known.live(stored.profile_id) == named
    return ours or case.source.trusted or has_uuid_form(event_id)


def of_session(case: Case, client_session: str | None) -> Profile | None:
    rows = rows_that_lead(case, client_session)
    return case.known.live(rows[0].profile_id) if rows else None


def of_events(known: Known, before: Iterable[StoredEvent]) -> Profile | None:
    return next((live for stored in before if (live := known.live(stored.profile_id))), None)


def decide_profile(case: Case, here: Profile | None) -> Profile | None:
    """Return the profile the events belong to: the one here, the one handed over, their union, or a new one."""
    if case.payload.claims:
        note_unsaved(case)
    if not case.saves_profile:
        return here
    if case.payload.referral is not None:
        here = _handed_over(case, case.payload.referral, here)
    person = person_named(case) if case.payload.claims else None
    if person is not None:
        here = recognised(case, person, here)
    if here is None:
        here = _create(case)
    else:
        case.steps.append(TouchProfile(here.id, case.fresh.now))
    if person is not None:
        note_person(case, person, here)
    return here


def _handed_over(case: Case, referral: Referral, here: Profile | None) -> Profile | None:
    """Return the profile here once the referral was judged: adopted, merged, or as it was."""
    verdict = judge(referral, case.source, here, case.known)
    if verdict.warning:
        case.warnings.append(verdict.warning)
    if verdict.error:
        case.errors.append(verdict.error)
    if verdict.spend:
        case.steps.append(SpendPass(referral.link_pass.nonce, case.source.id, referral.link_pass.expires))
    if here is not None and verdict.profile is not None and not fits(weight_now(case, here.id, verdict.profile.id)):
        verdict = Verdict(spend=verdict.spend, warning=_TOO_MUCH)
        case.warnings.append(_TOO_MUCH)
    profile = here or verdict.profile
    if here is not None and verdict.profile is not None:
        profile = _merge(case, referral, here, verdict.profile)
    if outcome := _outcome(case, referral, verdict, here):
        origin = referral.source_id if referral.source_id in case.known.sources else ""
        case.steps.append(CountHandOver(origin, case.source.id, outcome, case.fresh.task, case.fresh.now))
    return profile


def _outcome(case: Case, referral: Referral, verdict: Verdict, here: Profile | None) -> str | None:
    """Return what to count this hand-over as; None for a repeat, which was counted when it came first."""
    if all_stored(case):
        return None
    if verdict.warning:
        return verdict.warning
    if verdict.profile is not None:
        return "adopted" if here is None else "merged"
    # The visitor is known here by the same profile already. A pass that was spent says that the page was loaded again.
    return "recognised" if verdict.spend or referral.link_pass.state == "absent" else None


def _merge(case: Case, referral: Referral, here: Profile, referred: Profile) -> Profile:
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


def _create(case: Case) -> Profile:
    times, now = case.payload.profile_times, case.fresh.now
    created = times.create or times.insert or now
    case.steps.append(CreateProfile(case.fresh.profile, created, times.update or now))
    return Profile(case.fresh.profile)


def give_names(case: Case, sent: str | None, profile_id: str | None) -> None:
    """Give the profile the ids that were sent for it and that nobody owns yet."""
    if profile_id is None or not case.saves_profile:
        if case.payload.profile_ids:
            case.warnings.append("profile.ids was ignored, because this request saves no profile.")
        return
    extras = case.payload.profile_ids if case.source.trusted else ()
    # What names somebody but does not lead there is answered like what names nobody, so that trying ids tells nothing.
    is_new = sent not in case.known.aliases or case.known.named(case.source, sent) is None
    if sent is not None and is_new and sent not in extras:
        if weight_now(case, profile_id).names >= MOST_NAMES:
            case.warnings.append(_MOST_NAMED)
        elif has_uuid_form(sent):
            case.steps.append(AddAlias(sent, profile_id))
        else:
            case.warnings.append("The profile id sent is unknown and was not kept; store the one in this answer.")
    if case.payload.profile_ids and not case.source.trusted:
        case.warnings.append("profile.ids is taken from trusted sources only; it was ignored.")
    for extra in dict.fromkeys(extras):
        _add_extra(case, extra, profile_id)


def _add_extra(case: Case, extra: str, profile_id: str) -> None:
    if names_nobody(extra) or extra in case.known.erased:
        case.warnings.append("An entry of profile.ids names nobody; it was ignored.")
    elif extra not in case.known.aliases and weight_now(case, profile_id).names >= MOST_NAMES:
        case.warnings.append(_MOST_NAMED)
    elif extra not in case.known.aliases:
        case.steps.append(AddAlias(extra, profile_id))
    elif live_now(case, extra) != profile_id:
        case.warnings.append("An entry of profile.ids belongs to another profile; it was ignored.")
