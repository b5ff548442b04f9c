"""Taking parameters that are nobody's business out of URLs: the link's own ``__tr_*``, tokens, passwords, addresses."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

PARAMETERS = frozenset(
    {"token", "jwt", "otp", "auth", "password", "passwd", "pwd", "pass", "secret", "apikey", "api_key", "api-key"}
    | {"email", "e-mail", "mail", "phone", "tel", "sig", "signature", "session_id", "sessionid", "jsessionid"}
    | {"phpsessid", "ssn", "iban"}
)
"""Names of parameters that never reach the database, alone and as the end of a longer one (``user_email``).

``code`` is not among them: it is more often a country or a coupon than an OAuth code, which works once and not alone.
"""

# The letters of the name may be percent-encoded: URLSearchParams reads "%5F%5Ftr_pid" as "__tr_pid". In a URL that is a
# parameter of another URL they are encoded once more, which turns "%" into "%25", and a chain of redirects goes on so.
_LINE = r"(?:_|%(?:25)*5F)"
_LINK_NAME = rf"{_LINE}{_LINE}(?:t|%(?:25)*[57]4)(?:r|%(?:25)*[57]2){_LINE}"

# A value ends where the next parameter starts, or at a character that no URL holds: the URL may stand in a text or in
# JSON.
_CHAR = r'[^&;#\s"<>\\]'

# In a nested URL the separators are encoded as often as the "?" or "&" in front was, which ``deep`` remembers. One that
# is encoded less often belongs to a URL around it and ends the value too; one more often is part of the value.
_CODED_AND = r"%(?P=deep)(?:26|3B)"
_CODED_END = r"%(?!(?P=deep)25)(?:25)*(?:26|3B|23)"

_WORDS = r"[\w.~-]{0,40}"
# Where none of these follows there is no name, which is told many times faster than by looking for one.
_BEGINS = r"(?=[\w.~%\[-])"
_OPEN, _CLOSE = r"(?:\[|%(?:25)*5B)", r"(?:\]|%(?:25)*5D)"


@dataclass(frozen=True, slots=True)
class Scrubber:
    """What takes the parameters of certain names out of texts."""

    _carried: re.Pattern[str]
    _coded: re.Pattern[bytes] | None
    _endings: tuple[bytes, ...]
    _last: int
    _tails: frozenset[bytes]
    """What the last so many bytes in front of a ``=`` must be, for it to be worth a closer look."""

    def url(self, text: str) -> str:
        """The same text without those query and fragment parameters, in URLs nested in a parameter too."""
        return self._carried.sub(_what_stays, text) if may_carry(text) else text

    def is_named_in(self, raw: bytes) -> bool:
        """False for nearly every body: no parameter of these names, ``__tr_*`` apart, can be in its texts."""
        if b"=" in raw:
            for part in raw.lower().split(b"="):
                if part[-self._last :] in self._tails and part.endswith(self._endings):
                    return True
        return self._coded is not None and b"%" in raw and self._coded.search(raw) is not None


def may_carry(text: str) -> bool:
    """False for most texts, at the cost of three looks: without one of these marks nothing is taken out."""
    return "=" in text or "__" in text or "%" in text


@lru_cache(maxsize=64)
def scrubber(names: frozenset[str] = PARAMETERS) -> Scrubber:
    """The scrubber for the link's own parameters and those of these names."""
    listed = "|".join(map(re.escape, sorted(names)))
    # What no name can match, where there are none.
    named = rf"(?:{_WORDS}(?:{_OPEN}|[_.-]))?(?:{listed}){_CLOSE}?" if names else r"(?!)"
    plain = rf"(?:{_LINK_NAME}|{named}=){_CHAR}*"
    coded = rf"(?:{_LINK_NAME}|{named}%(?P=deep)3D)(?:(?!{_CODED_END}){_CHAR})*"
    carried = re.compile(
        rf"(?P<plain>[?&;#]){_BEGINS}{plain}(?:[&;]{plain})*(?P<more>[&;])?"
        rf"|(?P<coded>%(?P<deep>(?:25)*)(?:3F|26|3B|23)){coded}(?:{_CODED_AND}{coded})*(?P<coded_more>{_CODED_AND})?"
        rf"|\A{_LINK_NAME}[^=&;#\s\"<>\\]*={_CHAR}*(?:[&;]{plain})*[&;]?",
        re.IGNORECASE | re.ASCII,
    )
    hint = rf"%(?:25)*(?:3F|26|3B|23){named}%(?:25)*3D".encode()
    endings = tuple(f"{name.lower()}{close}".encode() for name in sorted(names) for close in ("", "]", "%5d", "%255d"))
    last = min((3, *map(len, endings)))
    tails = frozenset(ending[-last:] for ending in endings)
    return Scrubber(carried, re.compile(hint, re.IGNORECASE) if names else None, endings, last, tails)


def scrubbed(value: Any, url: Callable[[str], str]) -> Any:
    """The same JSON with every text in it, keys too, as ``url`` leaves it."""
    if isinstance(value, str):
        return url(value)
    if isinstance(value, Mapping):
        return {url(key): scrubbed(inner, url) for key, inner in value.items()}
    if isinstance(value, list):
        return [scrubbed(inner, url) for inner in value]
    return value


def read_names(text: str, standard: Collection[str] = PARAMETERS) -> frozenset[str]:
    """The standard names, and those in the text; without a name that has a minus in front; ``off`` for none at all."""
    if text.strip().lower() == "off":
        return frozenset()
    given = [name.lower() for name in text.replace(",", " ").split()]
    taken_back = {name[1:] for name in given if name.startswith("-")}
    added = {name for name in given if not name.startswith("-")}
    for name in taken_back | added:
        if not re.fullmatch(r"[\w.~-]{1,64}", name, re.ASCII):
            raise ValueError(f"{name!r} cannot be the name of a parameter.")
    return frozenset((set(standard) | added) - taken_back)


def _what_stays(match: re.Match[str]) -> str:
    """The separator in front where another parameter follows; nothing where the removed ones were the last."""
    if match["more"]:
        return match["plain"]
    return match["coded"] if match["coded_more"] else ""
