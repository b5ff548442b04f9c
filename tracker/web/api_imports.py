"""What a list of profiles to bring in means."""

from collections.abc import Mapping
from typing import Any

from tracker.core.importing import Imported
from tracker.core.model import Micros
from tracker.core.times import parse
from tracker.web.api_reading import body_of, wrong
from tracker.web.api_schemas import MOST_IMPORTED, ImportedProfile
from tracker.web.services import services


def profiles_to_import() -> list[Imported]:
    """Return the profiles that the body of the request lists; Malformed names everything wrong with them."""
    given = body_of(ImportedProfile, many=True)
    if len(given) > MOST_IMPORTED:
        raise wrong("body", "length", f"Send at most {MOST_IMPORTED} profiles at once.")
    now = services().clock()
    return [_imported(entry, now) for entry in given]


def _imported(given: Mapping[str, Any], now: Micros) -> Imported:
    times = given.get("metadata")
    times = times.get("time", times) if isinstance(times, Mapping) else None
    times = times if isinstance(times, Mapping) else {}
    # A time that cannot be read is as good as none: what is known of somebody counts for more.
    create, insert, update = (parse(times.get(name), now=now) for name in ("create", "insert", "update"))
    return Imported(given["id"], tuple(given["ids"] or ()), given["traits"] or {}, create or insert, update)
