"""Which hosts are owned, and whether a handed-over profile may be believed: the twin of the script's linker."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tracker.core.known import Known
from tracker.core.merging import may_merge
from tracker.core.model import Profile, Referral, Source
from tracker.core.setting_rules import REQUIRE_REFERRER
from tracker.core.urls import ascii_host, split_url

_NAME = re.compile(r"[a-z0-9._-]+")
_ADDRESS = re.compile(r"\[[0-9a-f:.]+\]|\d+\.\d+\.\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comes of a referral: the profile to adopt, or to merge the one here with, or why not."""

    profile: Profile | None = None
    spend: bool = False
    warning: str | None = None
    error: str | None = None


def host_of(url: str) -> str | None:
    """Return the lower-cased host of a URL in its ASCII form, without port or trailing dot; None where it has none."""
    try:
        host = split_url(url).hostname
    except ValueError:
        return None
    try:
        host = ascii_host(host or "").rstrip(".")
    except UnicodeError:
        return None
    if ":" in host:
        return f"[{host}]" if _ADDRESS.fullmatch(f"[{host}]") else None
    return host if _NAME.fullmatch(host) else None


def owned(host: str | None, entries: Iterable[str]) -> bool:
    """Return True where the host is an entry or a subdomain of one; never for an address or an empty entry (§5)."""
    name = (host or "").lower().rstrip(".")
    if not name or _ADDRESS.fullmatch(name):
        return False
    wanted = (entry.strip().lower().strip(".") for entry in entries)
    return any(entry and (name == entry or name.endswith(f".{entry}")) for entry in wanted)


def domains_of(source: Source) -> tuple[str, ...]:
    """Return every host that a source's site answers on: its domains and the hosts of its web origins."""
    # The host of an app's or an extension's origin, such as localhost, is a name that anybody may use.
    web = (origin for origin in source.origins if origin.startswith(("https://", "http://")))
    return (*source.domains, *(host for host in map(host_of, web) if host))


def judge(referral: Referral, landing: Source, here: Profile | None, known: Known) -> Verdict:
    """Return what comes of a referral; the checks run in the order of protocol §5 and the first that fails ends it."""
    referred = known.named(landing, referral.profile_id)
    if here is not None and referred == here:
        # A reload, a double click or a retry: there is nothing to do, and a pass in hand is still spent, so that
        # the same link does nothing in another browser either.
        return Verdict(spend=_pass_holds(referral, known) and _unspent(referral, landing, known))
    referring = known.sources.get(referral.source_id)
    if referring is None or not referring.enabled:
        reason = "The referring source is unknown or disabled; the profile was not passed on."
        return Verdict(warning=reason, error=reason)
    warning = (
        _landing_problem(referral, referring, landing)
        or _pass_problem(referral, referring, landing, known)
        or ("The referred profile does not exist." if referred is None else None)
        or _referrer_problem(referral, referring, landing, here)
    )
    if warning or referred is None:
        return Verdict(warning=warning)
    if here is not None and not may_merge(here, referred):
        return Verdict(warning="Both profiles are identified as different people; a link does not merge them.")
    return Verdict(referred, spend=_pass_holds(referral, known))


def _landing_problem(referral: Referral, referring: Source, landing: Source) -> str | None:
    if owned(referral.landing_host, (*referring.links, *domains_of(landing))):
        return None
    return "The landing host is not among the linked domains of the referring source nor a domain of this source."


def _pass_problem(referral: Referral, referring: Source, landing: Source, known: Known) -> str | None:
    modes = {referring.referrals, landing.referrals}
    if "off" in modes:
        return "Passing profiles between domains is switched off for this source."
    if referral.link_pass.state == "absent":
        return "The link carries no pass, and this source takes signed links only." if "signed" in modes else None
    if referral.link_pass.state == "expired":
        return "The link pass has expired."
    if not _pass_holds(referral, known):
        return "The link pass is not valid."
    return None if _unspent(referral, landing, known) else "The link pass was used before."


def _pass_holds(referral: Referral, known: Known) -> bool:
    link_pass = referral.link_pass
    if link_pass.state != "valid" or link_pass.source_id != referral.source_id:
        return False
    # A browser may still go by an id that was merged into the profile which the pass was issued for.
    signed, named = known.live(link_pass.profile_id), known.live(referral.profile_id)
    return link_pass.profile_id == referral.profile_id or (signed is not None and signed == named)


def _unspent(referral: Referral, landing: Source, known: Known) -> bool:
    return (referral.link_pass.nonce, landing.id) not in known.spent


def _referrer_problem(referral: Referral, referring: Source, landing: Source, here: Profile | None) -> str | None:
    if referral.referrer_host:
        if owned(referral.referrer_host, domains_of(referring)):
            return None
        return "The referring page is not on a domain of the referring source."
    if here is not None:
        # A link copied into a mail opens without a referrer: it must not fuse two people.
        return "The link was opened without a referring page; the profiles were not merged."
    if referral.link_pass.state != "valid":
        # A raw id proves nothing by itself: without a referrer of an owned domain anybody could have written it.
        return "A plain link was opened without a referring page; the profile was not passed on."
    if any(source.settings.get(REQUIRE_REFERRER) is True for source in (landing, referring)):
        return (
            "The link was opened without a referring page, and requireReferrer is set; the profile was not passed on."
        )
    return None
