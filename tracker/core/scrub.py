"""Taking the link parameters that carry a profile (``__tr_pid`` and its kin) out of whatever is stored."""

import re

# One separator as it stands in a URL, and the same once it was percent-encoded into a parameter of another URL.
# Encoding it again turns "%" into "%25", and a chain of redirects does that, so any number of "25" is read.
_ESCAPE = r"%(?:25)*"
_PLAIN = r"[?&;#]"
_CODED = rf"{_ESCAPE}(?:3F|26|3B|23)"
_CODED_BETWEEN = rf"{_ESCAPE}(?:26|3B|23)"

# The letters of the name may be percent-encoded too: URLSearchParams reads "%5F%5Ftr_pid" as "__tr_pid".
_LINE = rf"(?:_|{_ESCAPE}5F)"
_NAME = rf"{_LINE}{_LINE}(?:t|{_ESCAPE}[57]4)(?:r|{_ESCAPE}[57]2){_LINE}"

# A value ends where the next parameter starts, or at a character that no URL holds: the URL may stand in a text or in
# JSON.
_CHAR = r'[^&;#\s"<>\\]'
_PARAMETER = rf"{_NAME}{_CHAR}*"
_CODED_PARAMETER = rf"{_NAME}(?:(?!{_CODED_BETWEEN}){_CHAR})*"

_CARRIED = re.compile(
    rf"(?P<plain>{_PLAIN}){_PARAMETER}(?:[&;]{_PARAMETER})*(?P<more>[&;])?"
    rf"|(?P<coded>{_CODED}){_CODED_PARAMETER}(?:{_CODED_BETWEEN}{_CODED_PARAMETER})*(?P<coded_more>{_CODED_BETWEEN})?"
    rf"|\A(?:{_NAME}[^=&;#\s]*={_CHAR}*(?:[&;]{_PARAMETER})*[&;]?)",
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
