"""What the operator sets by environment variables, read once at start and never changed."""

import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from tracker.core.limits import KIB, MIB, Limits
from tracker.core.quota import Quota, read_quota
from tracker.core.rate import Rate, read_rate
from tracker.core.scrub import read_names

SHORTEST_KEY = 16
_UNITS = {"": 1, "K": KIB, "M": MIB, "G": 1024 * MIB, "T": MIB * MIB}


class BadSettings(ValueError):
    """One or more variables are wrong; ``problems`` names every one of them at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between two installations."""

    data_dir: Path
    database_url: str
    public_url: str
    secret_keys: tuple[str, ...] = field(repr=False)
    """The key that signs, then the older ones that are still believed."""
    host: str = "127.0.0.1"
    port: int = 8686
    workers: int | None = None
    trusted_proxies: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    rate_limit: Rate | None = field(default_factory=Rate)
    """How much one network may send to one source; None for as much as it likes."""
    redis_url: str | None = field(default=None, repr=False)
    metrics_token: str | None = field(default=None, repr=False)
    quota: Quota | None = None
    """How many events a source without a quota of its own may have stored; None for as many as come."""
    disk_low_water: int = 0
    """Bytes that must stay free; 0 is not to look."""
    disk_folders: tuple[Path, ...] = ()
    """Folders whose disks are looked at."""
    retention_days: int | None = None
    """How long events, visits and people are kept; None is for ever."""
    geoip_db: Path | None = None
    """A MaxMind database that says which country an address is in."""
    limits: Limits = field(default_factory=Limits)

    @property
    def on_sqlite(self) -> bool:
        """True on the embedded default: one writer, so one worker process."""
        return self.database_url.startswith("sqlite")

    @property
    def sqlite_file(self) -> Path | None:
        """The file that all is kept in, or None on PostgreSQL."""
        return Path(self.database_url.removeprefix("sqlite:///").partition("?")[0]) if self.on_sqlite else None

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, *, makes: bool = True) -> "Settings":
        """Return the settings in ``env`` (default: the process's); BadSettings names every bad variable at once.

        The data folder and the key are made where they are missing; without ``makes`` they stay missing.
        """
        reader = _Reader(os.environ if env is None else env)
        data_dir = Path(reader.text("DATA_DIR", "./var")).expanduser().resolve()
        port = reader.number("PORT", 8686, 1, 65_535)
        settings = cls(
            data_dir=data_dir,
            database_url=reader.database("DATABASE_URL", f"sqlite:///{data_dir / 'handoff.db'}"),
            public_url=reader.url("PUBLIC_URL", f"http://localhost:{port}"),
            secret_keys=(),
            host=reader.text("HOST", "127.0.0.1"),
            port=port,
            workers=reader.number("WORKERS", 0, 0, 256) or None,
            trusted_proxies=reader.networks("TRUSTED_PROXIES"),
            rate_limit=reader.rate("RATE_LIMIT", "50/s burst 200"),
            quota=reader.quota("QUOTA"),
            disk_low_water=reader.size("DISK_LOW_WATER", "100M"),
            redis_url=reader.redis("REDIS_URL"),
            metrics_token=reader.secret("METRICS_TOKEN"),
            geoip_db=reader.file("GEOIP_DB"),
            limits=Limits(parameters=reader.parameters("SCRUB_PARAMETERS")),
            retention_days=reader.number("RETENTION_DAYS", 0, 0, 36_500) or None,
        )
        key = reader.secret("SECRET_KEY")
        older = (reader.secret("SECRET_KEY_FALLBACKS") or "").replace(",", " ").split()
        for name, keys in (("SECRET_KEY", [key] if key else []), ("SECRET_KEY_FALLBACKS", older)):
            if any(len(given) < SHORTEST_KEY for given in keys):
                advice = "make one with: openssl rand -base64 32"
                reader.problems.append(f"{name} is shorter than {SHORTEST_KEY} characters; {advice}")
        if reader.problems:
            raise BadSettings(reader.problems)
        object.__setattr__(settings, "disk_folders", _disk_folders(reader.text("DISK_FOLDERS", ""), settings))
        if makes and (key is None or settings.on_sqlite):
            _make_folder(data_dir)
        if makes or key is not None:
            object.__setattr__(settings, "secret_keys", (key or _kept_key(data_dir / "secret_key"), *older))
        return settings


def _disk_folders(named: str, settings: Settings) -> tuple[Path, ...]:
    """Return the folders that were named, and the one of the SQLite file; where PostgreSQL keeps its own, it knows."""
    own = [Path(settings.database_url.removeprefix("sqlite:///")).parent] if settings.on_sqlite else []
    return (*own, *(Path(folder) for folder in named.split(os.pathsep) if folder))


def _make_folder(folder: Path) -> None:
    try:
        # What is in it tells of visitors; a folder that is there already is as its owner wants it.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadSettings([_cannot_write(folder, error)]) from error


def _cannot_write(folder: Path, error: OSError) -> str:
    return f"DATA_DIR: cannot write to {folder} ({error.strerror}); name a folder of yours."


def _kept_key(path: Path) -> str:
    """Return the key in the data folder, made there (mode 0600) at the first start."""
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_text().strip()
    except OSError as error:
        raise BadSettings([_cannot_write(path.parent, error)]) from error
    if len(key) < SHORTEST_KEY:
        # Signing with what is left of a key would let anybody sign.
        raise BadSettings([f"{path} holds no whole key; restore it, or delete it to have a new one made."])
    return key


def _make_key(path: Path) -> None:
    """Write a new key, whole before it has its name; of several that start at once the first one's stays."""
    draft = path.with_name(f".{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
    try:
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


class _Reader:
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

    def url(self, name: str, default: str) -> str:
        given = self.text(name, default).rstrip("/")
        parts = _parts(given)
        extras = parts and (parts.query, parts.fragment, parts.username)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or any(extras or ()):
            self.problems.append(f"{name} must be like https://collect.example, not {given!r}.")
        return given

    def database(self, name: str, default: str) -> str:
        given = self.secret(name) or default
        known = ("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")
        if given.rstrip("/") == "sqlite:" or ":memory:" in given:
            self.problems.append(f"{name} must name a file: what is kept in memory is lost with the process.")
        elif not given.startswith(known) or _parts(given) is None:
            # The value is not shown: it may hold a password.
            self.problems.append(f"{name} must start with sqlite:/// or postgresql://.")
        return given

    def networks(self, name: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        found = []
        for entry in self.text(name, "").replace(",", " ").split():
            try:
                found.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                self.problems.append(f"{name}: {entry!r} is not an address or a network such as 10.0.0.0/8.")
        return tuple(found)

    def rate(self, name: str, default: str) -> Rate | None:
        try:
            return read_rate(self.text(name, default))
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return None

    def quota(self, name: str) -> Quota | None:
        try:
            return read_quota(self.text(name, "off"))
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return None

    def size(self, name: str, default: str) -> int:
        """Return a number of bytes, given as ``500M`` or ``2G``; 0 for ``off``."""
        given = self.text(name, default)
        found = re.fullmatch(r"([0-9]{1,9})([KMGT]?)", given.upper(), re.ASCII)
        if found is None:
            if given.lower() != "off":
                self.problems.append(f"{name} must be like 500M, 2G or off, not {given!r}.")
            return 0
        return int(found[1]) * _UNITS[found[2]]

    def parameters(self, name: str) -> frozenset[str]:
        try:
            return read_names(self.text(name, ""))
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return frozenset()

    def redis(self, name: str) -> str | None:
        given = self.secret(name)
        if given is not None and (not given.startswith(("redis://", "rediss://", "unix://")) or _parts(given) is None):
            # The value is not shown: it may hold a password.
            self.problems.append(f"{name} must start with redis://, rediss:// or unix://.")
        return given

    def file(self, name: str) -> Path | None:
        given = self.text(name, "")
        if given and not os.access(given, os.R_OK):
            self.problems.append(f"{name}: cannot read {given!r}.")
        return Path(given).expanduser().resolve() if given else None

    def secret(self, name: str) -> str | None:
        """Return the variable, or what is in the file that ``<name>_FILE`` names."""
        path = self.text(f"{name}_FILE", "")
        if path and self.env.get(name):
            self.problems.append(f"{name} and {name}_FILE are both set; keep one of them.")
        if path:
            try:
                given = Path(path).read_text().strip()
            except (OSError, UnicodeDecodeError):
                self.problems.append(f"{name}_FILE: cannot read {path!r}.")
                return None
            if not given:
                self.problems.append(f"{name}_FILE: {path!r} is empty.")
            return given or None
        return self.env.get(name, "").strip() or None


def _parts(url: str) -> SplitResult | None:
    """Return the parts of a URL, or None where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts
