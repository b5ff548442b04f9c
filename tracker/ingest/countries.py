"""Which country an address is in, by a database file that the operator has named; the address itself goes nowhere."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from tracker.settings import BadSettings

CountryOf = Callable[[str], str | None]


def country_reader(path: Path | None) -> CountryOf | None:
    """Return the function from an address to its country's two letters, or None where no file is named.

    BadSettings where the file is no MaxMind database. Databases of cities hold countries too; no more is read of them.
    """
    if path is None:
        return None
    import maxminddb

    try:
        database = maxminddb.open_database(path)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise BadSettings([f"GEOIP_DB: {str(path)!r} is no MaxMind database ({error})."]) from error

    @lru_cache(maxsize=10_000)
    def country_of(address: str) -> str | None:
        try:
            found = database.get(address)
        except ValueError:
            # No address, or one of IPv6 in a database of IPv4.
            return None
        country = found.get("country") if isinstance(found, dict) else None
        code = country.get("iso_code") if isinstance(country, dict) else None
        return code if isinstance(code, str) and len(code) == 2 else None

    return country_of
