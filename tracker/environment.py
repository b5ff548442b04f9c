"""Reading the operator's environment variables, and gathering what is wrong with them."""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from tracker.core.limits import KIB, MIB
from tracker.core.own_address import parts_of, read_listen_host, read_public_url
from tracker.core.quota import Quota, read_quota
from tracker.core.rate import Rate, read_rate
from tracker.core.scrub import read_names
from tracker.core.server_settings import POOLERS, Pooler, url_problem

Value = TypeVar("Value")
SHORTEST_KEY = 16
LARGEST_SECRET = 64 * KIB
"""Bytes that are read of a file that holds a secret."""
_UNITS = {"": 1, "K": KIB, "M": MIB, "G": 1024 * MIB, "T": MIB * MIB}
_ADVICE = "make one with: openssl rand -base64 32"
_ONE_A_LINE = "a key that has spaces or commas stands on a line of its own, with a line break after it"


class BadSettings(ValueError):
    """One or more variables are wrong; ``problems`` names every one of them at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Reader:
    """Reads variables and gathers what is wrong with them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []

    def text(self, name: str, default: str) -> str:
        return self.env.get(name, "").strip() or default

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        given = self.text(name, str(default))
        if given.isascii() and given.isdigit() and lowest <= int(given) <= highest:
            return int(given)
        self.problems.append(f"{name} must be a whole number from {lowest} to {highest}, not {given!r}.")
        return default

    def _rule(self, name: str, default: str, rule: Callable[[str], Value], fallback: Value, colon: str = "") -> Value:
        """Return what a rule of the core makes of a variable; the rule's own sentence becomes the problem."""
        try:
            return rule(self.text(name, default))
        except ValueError as error:
            self.problems.append(f"{name}{colon} {error}")
            return fallback

    def url(self, name: str, default: str) -> str:
        return self._rule(name, default, read_public_url, default)

    def host(self, name: str, default: str) -> str:
        return self._rule(name, default, read_listen_host, default)

    def rate(self, name: str, default: str) -> Rate | None:
        return self._rule(name, default, read_rate, None, ":")

    def quota(self, name: str) -> Quota | None:
        return self._rule(name, "off", read_quota, None, ":")

    def parameters(self, name: str) -> frozenset[str]:
        return self._rule(name, "", read_names, frozenset(), ":")

    def database(self, name: str, default: str) -> str:
        given = self.secret(name) or default
        known = ("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")
        if given.rstrip("/") == "sqlite:" or ":memory:" in given:
            self.problems.append(f"{name} must name a file: what is kept in memory is lost with the process.")
        elif not given.startswith(known) or parts_of(given) is None:
            # The value is not shown: it may hold a password.
            self.problems.append(f"{name} must start with sqlite:/// or postgresql://.")
        elif problem := url_problem(given):
            self.problems.append(f"{name}: {problem}")
        return _absolute(given)

    def pooler(self, name: str) -> Pooler:
        """Return how PostgreSQL is reached; the first of the choices where nothing is set."""
        given = self.text(name, POOLERS[0]).lower()
        found = next((choice for choice in POOLERS if choice == given), None)
        if found is None:
            self.problems.append(f"{name} must be {', '.join(POOLERS[:-1])} or {POOLERS[-1]}, not {given!r}.")
        return found or POOLERS[0]

    def networks(self, name: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        found = []
        for entry in self.text(name, "").replace(",", " ").split():
            try:
                found.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                self.problems.append(f"{name}: {entry!r} is not an address or a network such as 10.0.0.0/8.")
        return tuple(found)

    def size(self, name: str, default: str) -> int:
        """Return a number of bytes, given as ``500M`` or ``2G``; 0 for ``off``."""
        given = self.text(name, default)
        found = re.fullmatch(r"([0-9]{1,9})([KMGT]?)", given.upper(), re.ASCII)
        if found is None:
            if given.lower() != "off":
                self.problems.append(f"{name} must be like 500M, 2G or off, not {given!r}.")
            return 0
        return int(found[1]) * _UNITS[found[2]]

    def redis(self, name: str) -> str | None:
        given = self.secret(name)
        schemes = ("redis://", "rediss://", "unix://")
        if given is not None and (not given.startswith(schemes) or parts_of(given) is None):
            # The value is not shown: it may hold a password.
            self.problems.append(f"{name} must start with redis://, rediss:// or unix://.")
        return given

    def folder(self, name: str, default: str) -> Path:
        """Return a folder as an absolute path: it is the same one after a change of the working directory."""
        return self._path(name, self.text(name, default))

    def folders(self, name: str) -> tuple[Path, ...]:
        found = [self._path(name, given) for given in self.text(name, "").split(os.pathsep) if given.strip()]
        self.problems += [f"{name}: there is no folder {str(path)!r}." for path in found if not path.is_dir()]
        return tuple(found)

    def maxmind(self, name: str) -> Path | None:
        """Return the path of a database in MaxMind's format, which is opened once to see that it is one."""
        given = self.text(name, "")
        found = self._path(name, given) if given else None
        if found is None:
            return None
        if not (found.is_file() and os.access(found, os.R_OK)):
            self.problems.append(f"{name}: cannot read {given!r}.")
            return found
        import maxminddb

        try:
            maxminddb.open_database(found).close()
        except (OSError, ValueError, maxminddb.InvalidDatabaseError):
            self.problems.append(
                f"{name}: {given!r} is no whole database in MaxMind's format (.mmdb); name another file."
            )
        return found

    def _path(self, name: str, given: str) -> Path:
        try:
            return Path(given.strip()).expanduser().resolve()
        except (OSError, RuntimeError) as error:
            # A ~name that is nobody's, a path longer than the system takes, or links in a circle.
            self.problems.append(f"{name}: {given!r} is no path of this machine ({error}).")
            return Path()

    def secret(self, name: str) -> str | None:
        """Return the one line of the variable, or of the file that ``<name>_FILE`` names."""
        given, where = self._given(name)
        kept = given.strip()
        if not kept.replace("\t", " ").isprintable():
            # The value is not shown: it is a secret.
            self.problems.append(f"{where} must be one line of readable text.")
            return None
        return kept or None

    def key(self, name: str) -> str | None:
        """Return a secret that signs, refused where it is too short to."""
        given = self.secret(name)
        if given is not None and len(given) < SHORTEST_KEY:
            self.problems.append(f"{name} is shorter than {SHORTEST_KEY} characters; {_ADVICE}")
        return given

    def keys(self, name: str) -> tuple[str, ...]:
        """Return several keys: one a line where there is a line break, else parted by spaces or commas."""
        given, where = self._given(name)
        found = given.split("\n") if "\n" in given else given.replace(",", " ").split()
        kept = tuple(key.strip() for key in found if key.strip())
        if not all(key.replace("\t", " ").isprintable() for key in kept):
            self.problems.append(f"{where} must be lines of readable text.")
        elif any(len(key) < SHORTEST_KEY for key in kept):
            self.problems.append(f"{name} has a key shorter than {SHORTEST_KEY} characters; {_ONE_A_LINE}.")
        return kept

    def _given(self, name: str) -> tuple[str, str]:
        """Return a variable's text, or that of the file it may come from instead, and which of the two it was."""
        path, text = self.text(f"{name}_FILE", ""), self.env.get(name, "")
        if not path:
            return text, name
        if text.strip():
            self.problems.append(f"{name} and {name}_FILE are both set; keep one of them.")
        try:
            with Path(path).open("rb") as file:
                # As a shell's $(cat …) does, the last line break is left out; some editors begin a file with a mark.
                content = file.read(LARGEST_SECRET).decode("utf-8-sig").removesuffix("\n")
        except (OSError, UnicodeDecodeError):
            self.problems.append(f"{name}_FILE: cannot read {path!r}.")
            return "", f"{name}_FILE"
        if not content.strip():
            self.problems.append(f"{name}_FILE: {path!r} is empty.")
        return content, f"{name}_FILE"


def _absolute(url: str) -> str:
    """Return the URL of an SQLite file with the path that it means at this moment; what SQLite calls a URI stays."""
    scheme, _, rest = url.partition(":///")
    if scheme != "sqlite" or not rest or rest.startswith(("/", "file:", ":")):
        return url
    path, mark, options = rest.partition("?")
    return f"sqlite:///{Path(path).absolute()}{mark}{options}"
