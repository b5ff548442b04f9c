"""Taking the link parameters that carry a profile (``__tr_pid`` and its kin) out of whatever is stored."""

import re

# The letters of the name may be percent-encoded: URLSearchParams reads "%5F%5Ftr_pid" as "__tr_pid". In a URL that is a
# parameter of another URL they are encoded once more, which turns "%" into "%25", and a chain of redirects goes on so.
_LINE = r"(?:_|%(?:25)*5F)"
_NAME = rf"{_LINE}{_LINE}(?:t|%(?:25)*[57]4)(?:r|%(?:25)*[57]2){_LINE}"

# A value ends where the next parameter starts, or at a character that no URL holds: the URL may stand in a text or in
# JSON.
_CHAR = r'[^&;#\s"<>\\]'
_PARAMETER = rf"{_NAME}{_CHAR}*"

# In a nested URL the separators are encoded as often as the "?" or "&" in front was, which ``deep`` remembers. One that
# is encoded less often belongs to a URL around it and ends the value too; one more often is part of the value.
_CODED_AND = r"%(?P=deep)(?:26|3B)"
_CODED_END = r"%(?!(?P=deep)25)(?:25)*(?:26|3B|23)"
_CODED_PARAMETER = rf"{_NAME}(?:(?!{_CODED_END}){_CHAR})*"

_CARRIED = re.compile(
    rf"(?P<plain>[?&;#]){_PARAMETER}(?:[&;]{_PARAMETER})*(?P<more>[&;])?"
    rf"|(?P<coded>%(?P<deep>(?:25)*)(?:3F|26|3B|23)){_CODED_PARAMETER}(?:{_CODED_AND}{_CODED_PARAMETER})*"
    rf"(?P<coded_more>{_CODED_AND})?"
    rf"|\A{_NAME}[^=&;#\s]*={_CHAR}*(?:[&;]{_PARAMETER})*[&;]?",
    re.IGNORECASE | re.ASCII,
)


def may_carry(text: str) -> bool:
    """False for nearly every text, at the cost of two looks: the name holds two underscores or a percent sign."""
    return "__" in text or "%" in text


def scrub_url(url: str) -> str:
    """The same text without its ``__tr_*`` query and fragment parameters, in URLs nested in a parameter too."""
    return _CARRIED.sub(_what_stays, url) if may_carry(url) else url


def _what_stays(match: re.Match[str]) -> str:
    """The separator in front where another parameter follows; nothing where the removed ones were the last."""
    if match["more"]:
        return match["plain"]
    return match["coded"] if match["coded_more"] else ""
