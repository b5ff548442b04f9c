"""What a server says once it takes requests: where it is, how to log in first, and how to make a source."""

import secrets
import shlex
from collections.abc import Mapping

from tracker.core.refusal import Unavailable
from tracker.ingest.fresh import system_clock
from tracker.settings import Settings
from tracker.store import accounts
from tracker.store.address import hides
from tracker.store.engine import Rejected, connect, transaction

_OF_DATABASE = ("DATA_DIR", "DATABASE_URL", "DATABASE_URL_FILE")
_OF_ADDRESS = ("PORT", "PUBLIC_URL")


def welcome(settings: Settings, env: Mapping[str, str]) -> list[str]:
    """Return the lines that lead from a server that was started with ``env`` to its first event."""
    given = {name: text for name, text in env.items() if text.strip()}
    # What the terminal of the server shows may be kept, so a password is no part of it.
    secret = hides(given.get("DATABASE_URL", ""))
    told = given | {"DATA_DIR": str(settings.data_dir)} if "DATA_DIR" in given else given
    database = _set(told, *(name for name in _OF_DATABASE if not (secret and name == "DATABASE_URL")))
    once = ", once DATABASE_URL is set as it is for this server" if secret else ""
    return [
        f"Handoff listens on http://{settings.listens_on}, known to browsers as {settings.public_url}",
        f"The console is at {settings.public_url}/",
        *_setup(settings),
        f"Or from here{once}: make a source, then paste its snippet into your page:",
        f"  {database}.venv/bin/tracker source create --name 'My site'",
        f"  {database}{_set(told, *_OF_ADDRESS)}.venv/bin/tracker snippet SOURCE_ID",
    ]


def _set(given: Mapping[str, str], *names: str) -> str:
    """Return what sets those variables that were given, for the beginning of a command."""
    return "".join(f"{name}={shlex.quote(given[name].strip())} " for name in names if name in given)


def _setup(settings: Settings) -> list[str]:
    """Return the link that makes the first user, as long as there is none; it is shown here and nowhere else."""
    engine, token = connect(settings.database_url, pooler=settings.database_pooler), secrets.token_urlsafe(32)
    try:
        offered = transaction(engine, lambda conn: accounts.offer_setup(conn, token, system_clock()))
    except (Unavailable, Rejected):
        # A collector without a console is better than none; the next start offers it again.
        return []
    finally:
        engine.dispose()
    if not offered:
        return []
    link = f"{settings.public_url}/setup?token={token}"
    return ["Nobody can log in yet. Open this once, within a day, to begin:", f"  {link}"]
