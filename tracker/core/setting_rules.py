"""The settings that the browser script knows, and what each may be (docs/snippet.md)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

REQUIRE_REFERRER = "requireReferrer"
"""Whether a link must come from a page that the browser names, also where there is no profile to merge with yet."""
LONGEST_CONSENT = 128
"""Characters of a consent's name; a longer one is kept of nobody."""
SWITCHES = (
    *("spa", "passSession", "respectDoNotTrack", "trackOutboundLinks", "trackDownloads", "trackEngagement"),
    *("trackErrors", "trackWebVitals", "trackBots", "trackGoogleClientId"),
)
"""Settings that are on or off, and off where nothing is said."""


def setting_problems(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each setting that the script would misunderstand; what it does not know is left alone."""
    for name, value in given.items():
        allowed, said = _RULES.get(name, (_anything, ""))
        if not allowed(value):
            yield f"{name} is {said}."


def consent_name(given: str) -> str:
    """Return the trimmed name of a consent; ValueError where nobody could give one of that name."""
    name = given.strip()
    if not name:
        raise ValueError("Name the consent that is needed, such as analytics.")
    if len(name) > LONGEST_CONSENT or not name.isprintable():
        raise ValueError(f"The name of a consent is at most {LONGEST_CONSENT} printable characters.")
    return name


def _anything(_: Any) -> bool:
    return True


def _one_of(*values: Any) -> Callable[[Any], bool]:
    # True and 1 are equal, and are not the same to a reader of JSON.
    return lambda given: any(given is value or (isinstance(given, str) and given == value) for value in values)


_BOOLEAN = (_one_of(True, False), "true or false")
_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(SWITCHES, _BOOLEAN),
    "respectGPC": _BOOLEAN,
    REQUIRE_REFERRER: _BOOLEAN,
    "spa": (_one_of(True, False, "hash"), 'true, false or "hash"'),
    "linkPosition": (_one_of("query", "hash"), '"query" or "hash"'),
    "contentType": (_one_of("text/plain", "application/json"), '"text/plain" or "application/json"'),
    "requireConsent": (
        lambda given: isinstance(given, (bool, str)),
        'true, or the name of the consent that is needed, as in "analytics"',
    ),
}
