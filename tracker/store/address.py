"""Where a database is, as people are told: never with what opens it."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

_PASSWORD = re.compile(r"(://[^:/]*):.*@", re.DOTALL)
_SHOWN = ("host", "port")


def shown(url: str) -> str:
    """Return the file of SQLite, or the URL of PostgreSQL without a password and with no options but its hosts."""
    if url.startswith("sqlite"):
        return str(Path(url.removeprefix("sqlite:///").partition("?")[0]).absolute())
    # As SQLAlchemy reads it, a name may hold an @ and a password all else; what is hidden too much does no harm.
    address, _, query = _PASSWORD.sub(r"\1:***@", url.replace("+psycopg", "", 1)).partition("?")
    # A password may stand there as well, and so may the one of a certificate.
    hosts = urlencode([(name, value) for name, value in parse_qsl(query) if name in _SHOWN], safe=":/,")
    return f"{address}?{hosts}" if hosts else address


def hides(url: str) -> bool:
    """Return True where people are not told all of a URL, because a password may be in what is left out."""
    return not url.startswith("sqlite") and shown(url) != url.replace("+psycopg", "", 1)
