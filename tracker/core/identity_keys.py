"""What identifies a person and what does not: one spelling for each user id, e-mail address and phone number."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from tracker.core.ids import names_nobody
from tracker.core.model import IdentityKind
from tracker.core.phone_countries import international
from tracker.core.urls import shown_host

IDENTIFYING = frozenset({"identify", "sign-in", "identification"})
"""The types of event that say who the visitor is."""
UNVERIFIED = "unverified"

_LONGEST = 256
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_MAILBOX = re.compile(r"[^<>@]*<\s*([^<>]+?)\s*>")
_MAILTO = re.compile(r"(?:mailto:\s*)+([^?]+)(?:\?.*)?", re.IGNORECASE | re.DOTALL)
# What forms and examples are filled with: these would gather strangers under one key, as the words of ids.py would.
_JUNK = frozenset({"email", "test", "default", "nobody", "me", "distinct"})
_JUNK_EMAIL = re.compile(
    r"(null|undefined|none|nobody|anonymous|guest|unknown|no-?reply|test|email|user)@.*|.*@example\.\w+"
)
_JUNK_PHONE = re.compile(r"\+?(\d)\1*|\+?0*1234567(8|89|890)?")
# What shows which way text runs, and other characters without width: they come along where a number is copied.
_MARKS = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_PHONE = re.compile(r"[-+0-9\s()./\u2010-\u2015\u2212]+")
_EXTENSION = re.compile(r"(?:;ext=|[\s,;]*(?:extension|ext\.?|x|#))\s*([0-9]{1,6})", re.IGNORECASE)


def normalised(kind: IdentityKind, given: Any) -> str | None:
    """Return a user id, e-mail address or phone number in the spelling it is compared in; None where it is none.

    A user id is compared as it is: a backend signs it, and another spelling may be another user. Of an address, capital
    letters, ``mailto:`` and the spelling of its domain make no difference; of a number, neither do its punctuation,
    ``00`` for ``+``, and the zero that is dialled within the country alone.
    """
    text = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if not isinstance(text, str) or not _is_text(text) or names_nobody(text, _JUNK):
        return None
    if kind == "email":
        return _email(text.strip())
    return _phone(unicodedata.normalize("NFKC", text).strip()) if kind == "phone" else text


def older_spelling(kind: IdentityKind, given: Any) -> str | None:
    """Return the spelling under which earlier versions have stored an address or a number, where it was another one.

    There is none for user ids: the earlier spelling was shared by ids that differ.
    """
    now = normalised(kind, given)
    if kind == "user_id" or now is None:
        return None
    before = _lower(given.strip()) if kind == "email" else _older_phone(unicodedata.normalize("NFKC", str(given)))
    return before if before != now else None


def _older_phone(text: str) -> str:
    text = text.strip()
    digits = re.sub(r"[^0-9]", "", text)
    before = f"+{digits}" if text.startswith("+") else digits
    return f"+{before[2:]}" if before.startswith("00") else before


def _is_text(text: str) -> bool:
    """Return whether a text may be an identity: short, no control characters, nothing that had to be replaced."""
    if not 0 < len(text) <= _LONGEST:
        return False
    # The normaliser puts U+FFFD where a NUL or a lone surrogate stood, so that two texts would become one.
    return "\ufffd" not in text and not any(unicodedata.category(char) in ("Cc", "Cs") for char in text)


def _email(text: str) -> str | None:
    """Return an address in lower case, its domain in its own letters; None where it is none, or that of an example."""
    mailbox, at, domain = _lower(_address_in(_MARKS.sub("", text).strip())).partition("@")
    address = f"{mailbox}{at}{shown_host(domain)}"
    return address if _EMAIL.fullmatch(address) and not _JUNK_EMAIL.fullmatch(address) else None


def _address_in(text: str) -> str:
    """Return the address inside what links and address books write: ``mailto:…?subject=…`` and ``Anna <…>``."""
    if found := _MAILBOX.fullmatch(text):
        text = found[1]
    link = _MAILTO.fullmatch(text)
    return link[1] if link else text


def _lower(text: str) -> str:
    """Return a text in lower case, without making another letter of any: the Kelvin sign is no k."""
    return "".join(low if (low := char.lower()).isascii() == char.isascii() else char for char in text)


def _phone(text: str) -> str | None:
    """Return the digits of a number, with a plus in front where it says its country, and its extension after an x."""
    text = re.sub(r"^tel:\s*", "", _MARKS.sub("", text), flags=re.IGNORECASE).strip()
    main, extension = text, ""
    if found := _EXTENSION.search(text):
        if found.end() != len(text):
            return None
        main, extension = text[: found.start()], f"x{found[1]}"
    digits = re.sub(r"[^0-9]", "", main)
    number = international(f"+{digits}" if re.match(r"[\s(]*\+", main) else digits)
    fits = _PHONE.fullmatch(main) and main.count("+") <= 1 and 6 <= len(number) <= 16
    return number + extension if fits and not _JUNK_PHONE.fullmatch(number) else None


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
