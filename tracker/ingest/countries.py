"""Which country an address is in, by a database file that the operator has named; the address itself goes nowhere."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

CountryOf = Callable[[str], str | None]


def country_reader(path: Path | None) -> CountryOf | None:
    """Return the function from an address to its country's two letters, or None where no file is named.

    The settings have seen that the file is a MaxMind database. Those of cities hold countries too; no more is read.
    """
    if path is None:
        return None
    import maxminddb

    database = maxminddb.open_database(path)

    @lru_cache(maxsize=10_000)
    def country_of(address: str) -> str | None:
        try:
            found = database.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            # No address, one of IPv6 in a database of IPv4, or a part of the file that is damaged.
            return None
        country = found.get("country") if isinstance(found, dict) else None
        code = country.get("iso_code") if isinstance(country, dict) else None
        return code if isinstance(code, str) and len(code) == 2 else None

    return country_of
