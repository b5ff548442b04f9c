"""What is kept of a request's headers: the few that say what kind of browser it is, and nothing that says whose."""

from collections.abc import Mapping

_KEPT = (
    ("HTTP_USER_AGENT", "user_agent"),
    ("HTTP_ACCEPT_LANGUAGE", "accept_language"),
    ("HTTP_SEC_CH_UA", "sec_ch_ua"),
    ("HTTP_SEC_CH_UA_MOBILE", "sec_ch_ua_mobile"),
    ("HTTP_SEC_CH_UA_PLATFORM", "sec_ch_ua_platform"),
    ("HTTP_SEC_CH_UA_PLATFORM_VERSION", "sec_ch_ua_platform_version"),
    ("HTTP_SEC_CH_UA_MODEL", "sec_ch_ua_model"),
    ("HTTP_SEC_CH_UA_FULL_VERSION_LIST", "sec_ch_ua_full_version_list"),
    ("HTTP_DNT", "dnt"),
    ("HTTP_SEC_GPC", "sec_gpc"),
)


def kept_headers(environ: Mapping[str, str], longest: int) -> dict[str, str]:
    """Return the headers that may be stored, by their names with ``_`` for ``-``, each cut to so many bytes."""
    found = {}
    for key, name in _KEPT:
        value = environ.get(key)
        if value:
            found[name] = _cut(value, longest) if len(value) * 2 > longest else value
    return found


def _cut(value: str, longest: int) -> str:
    return value.encode()[:longest].decode(errors="ignore")
