"""What identifies a person and what does not: one spelling for each user id, e-mail address and phone number."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from tracker.core.ids import names_nobody
from tracker.core.model import IdentityKind

IDENTIFYING = frozenset({"identify", "sign-in", "identification"})
"""The types of event that say who the visitor is."""
UNVERIFIED = "unverified"

_LONGEST = 256
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
# What forms and examples are filled with: these would gather strangers under one key, as the words of ids.py would.
_JUNK = frozenset(
    {"user", "userid", "user_id", "user-id", "id", "email", "test", "default", "nobody", "me", "-", "distinct_id"}
    | {"unidentified", "not_authenticated", "customer", "member"}
)
_JUNK_EMAIL = re.compile(
    r"(null|undefined|none|nobody|anonymous|guest|unknown|no-?reply|test|email|user)@.*|.*@example\.\w+"
)
_JUNK_PHONE = re.compile(r"\+?(\d)\1*|\+?0*1234567(8|89|890)?")


def normalised(kind: IdentityKind, given: Any) -> str | None:
    """Return a user id, e-mail address or phone number in the spelling it is compared in; None where it is none."""
    text = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if not isinstance(text, str):
        return None
    text = unicodedata.normalize("NFKC", text).strip()
    if not 0 < len(text) <= _LONGEST or not text.isprintable() or names_nobody(text) or text.lower() in _JUNK:
        return None
    if kind == "email":
        lowered = text.lower()
        return lowered if _EMAIL.fullmatch(lowered) and not _JUNK_EMAIL.fullmatch(lowered) else None
    if kind == "phone":
        return _phone(text)
    return text


def _phone(text: str) -> str | None:
    """Return the digits of a number, with a plus in front where it says its country."""
    digits = re.sub(r"[^0-9]", "", text)
    number = f"+{digits}" if text.startswith("+") else digits
    number = f"+{number[2:]}" if number.startswith("00") else number
    fits = re.fullmatch(r"[-+0-9 ()./]+", text) and 6 <= len(number) <= 16
    return number if fits and not _JUNK_PHONE.fullmatch(number) else None


def fit_traits(given: Any) -> dict[str, Any]:
    """Return the traits of an identify event, without the names that are kept for what the server itself notes."""
    if not isinstance(given, dict):
        return {}
    kept = ("user_id", "email", "phone", UNVERIFIED)
    return {name: value for name, value in given.items() if name not in kept and not name.startswith(f"{UNVERIFIED}:")}


def shown_traits(traits: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return traits as people read them: those that are only claimed are gathered under ``unverified``."""
    shown: dict[str, Any] = {}
    claimed: dict[str, Any] = {}
    for name, value in traits:
        prefix, colon, rest = name.partition(":")
        if prefix == UNVERIFIED and colon:
            claimed[rest] = value
        else:
            shown[name] = value
    return shown | ({UNVERIFIED: claimed} if claimed else {})
