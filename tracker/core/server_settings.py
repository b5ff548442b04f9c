"""What a PostgreSQL URL may say beside the address: libpq's parameters, and settings of the server in ``options``."""

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import parse_qsl

Pooler = Literal["auto", "transaction", "none"]
"""Whether a pooler gives each transaction a connection to the server of its own; ``auto`` finds out."""
POOLERS: tuple[Pooler, ...] = ("auto", "transaction", "none")

# fmt: off
PARAMETERS = frozenset({
    "application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname",
    "fallback_application_name", "gssdelegation", "gssencmode", "gsslib", "host", "hostaddr", "keepalives",
    "keepalives_count", "keepalives_idle", "keepalives_interval", "krbsrvname", "load_balance_hosts",
    "max_protocol_version", "min_protocol_version", "oauth_client_id", "oauth_client_secret", "oauth_issuer",
    "oauth_scope", "options", "passfile", "password", "port", "replication", "require_auth", "requirepeer",
    "scram_client_key", "scram_server_key", "service", "ssl_max_protocol_version", "ssl_min_protocol_version",
    "sslcert", "sslcertmode", "sslcompression", "sslcrl", "sslcrldir", "sslkey", "sslkeylogfile", "sslmode",
    "sslnegotiation", "sslpassword", "sslrootcert", "sslsni", "target_session_attrs", "tcp_user_timeout", "user",
})
# fmt: on
"""The names that libpq 18 knows."""

_SQLITE = frozenset({"timeout", "uri"})
# "-c name=value", "-cname=value" or "--name=value"; a space within a value has a backslash in front.
_SETTING = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)=((?:\\.|[^\\\s])*)\Z", re.DOTALL)
_NEEDS_BACKSLASH, _BACKSLASHED = re.compile(r"([\s\\])"), r"\\\1"
_WORD = re.compile(r"(?:\\.|[^\\\s])+", re.DOTALL)


def read_options(text: str) -> dict[str, str]:
    """Return the settings that ``options`` names, as libpq reads it; ValueError where it is anything else."""
    words = _WORD.findall(text)
    found: dict[str, str] = {}
    while words:
        word = words.pop(0)
        if word == "-c" and words:
            word += words.pop(0)
        setting = _SETTING.match(word)
        if setting is None:
            raise ValueError(f"options may hold settings such as -c search_path=handoff, and not {word[:64]!r}.")
        name = setting[1].replace("-", "_") if word.startswith("--") else setting[1]
        found[name] = re.sub(r"\\(.)", r"\1", setting[2], flags=re.DOTALL)
    return found


def written_options(settings: Mapping[str, str]) -> str:
    """Return ``options`` for these settings."""
    return " ".join(f"-c {name}={_NEEDS_BACKSLASH.sub(_BACKSLASHED, value)}" for name, value in settings.items())


def url_problem(url: str) -> str | None:
    """Return the sentence that says what is wrong with what follows the ``?`` of a database's URL, or None."""
    scheme, _, rest = url.partition(":")
    given = parse_qsl(rest.partition("?")[2], keep_blank_values=True)
    on_sqlite = scheme == "sqlite"
    # What is opened as a URI may have any parameter that SQLite knows.
    known = {name for name, _ in given} if ("uri", "true") in given else _SQLITE if on_sqlite else PARAMETERS
    if unknown := sorted({name for name, _ in given} - known):
        if "schema" in unknown and not on_sqlite:
            return "?schema= is none of PostgreSQL's parameters; for another schema write ?options=-csearch_path%3DNAME"
        kind = "SQLite" if on_sqlite else "PostgreSQL"
        return f"{unknown[0][:64]!r} is none of {kind}'s parameters; take it out of the URL."
    try:
        for name, value in given:
            if name == "options":
                read_options(value)
    except ValueError as error:
        return str(error)
    return None
