"""What the operator sets by environment variables, read once at start and never changed."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tracker.core.limits import Limits
from tracker.core.own_address import authority, public_path
from tracker.core.quota import Quota
from tracker.core.rate import Rate
from tracker.core.server_settings import Pooler
from tracker.environment import BadSettings, Reader
from tracker.key_file import kept_key, make_folder

__all__ = ["BadSettings", "Settings", "with_absolute_paths"]

_FILES = frozenset(
    f"{name}_FILE" for name in ("DATABASE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "METRICS_TOKEN", "REDIS_URL")
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between two installations."""

    data_dir: Path
    database_url: str
    public_url: str
    secret_keys: tuple[str, ...] = field(repr=False)
    """The key that signs, then the older ones that are still believed."""
    database_pooler: Pooler = "auto"
    """Whether PostgreSQL is reached through a pooler that gives each transaction another connection."""
    key_from: str = "SECRET_KEY"
    """Where the key was read: the variable, or the file in the data folder."""
    host: str = "127.0.0.1"
    port: int = 8686
    workers: int | None = None
    trusted_proxies: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    rate_limit: Rate | None = field(default_factory=Rate)
    """How much one network may send to one source; None for as much as it likes."""
    body_seconds: int = 30
    """How long the body of a request may take to come."""
    network_connections: int | None = 500
    """How many connections a network may have open to one worker; None for as many as come."""
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

    @property
    def listens_on(self) -> str:
        """Address and port as gunicorn and URLs write them: ``127.0.0.1:8686``, ``[::1]:8686``."""
        return authority(self.host, self.port)

    @property
    def path(self) -> str:
        """The path of ``PUBLIC_URL`` that everything stays below, such as ``/handoff``; empty where there is none."""
        return public_path(self.public_url)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, *, makes: bool = True) -> "Settings":
        """Return the settings in ``env`` (default: the process's); BadSettings names every bad variable at once.

        The data folder and the key are made where they are missing; without ``makes`` they stay missing.
        """
        reader = Reader(os.environ if env is None else env)
        data_dir = reader.folder("DATA_DIR", "./var")
        port = reader.number("PORT", 8686, 1, 65_535)
        settings = cls(
            data_dir=data_dir,
            database_url=reader.database("DATABASE_URL", f"sqlite:///{data_dir / 'handoff.db'}"),
            database_pooler=reader.pooler("DATABASE_POOLER"),
            public_url=reader.url("PUBLIC_URL", f"http://localhost:{port}"),
            secret_keys=(),
            host=reader.host("HOST", "127.0.0.1"),
            port=port,
            workers=reader.number("WORKERS", 0, 0, 256) or None,
            trusted_proxies=reader.networks("TRUSTED_PROXIES"),
            rate_limit=reader.rate("RATE_LIMIT", "50/s burst 200"),
            body_seconds=reader.number("BODY_SECONDS", 30, 1, 3600),
            network_connections=reader.number("NETWORK_CONNECTIONS", 500, 0, 100_000) or None,
            quota=reader.quota("QUOTA"),
            disk_low_water=reader.size("DISK_LOW_WATER", "100M"),
            disk_folders=reader.folders("DISK_FOLDERS"),
            redis_url=reader.redis("REDIS_URL"),
            metrics_token=reader.secret("METRICS_TOKEN"),
            geoip_db=reader.maxmind("GEOIP_DB"),
            limits=Limits(parameters=reader.parameters("SCRUB_PARAMETERS")),
            retention_days=reader.number("RETENTION_DAYS", 0, 0, 36_500) or None,
        )
        key, older = reader.key("SECRET_KEY"), reader.keys("SECRET_KEY_FALLBACKS")
        if reader.problems:
            raise BadSettings(reader.problems)
        if settings.sqlite_file is not None:
            # Where PostgreSQL keeps its own, it knows; the disk of an SQLite file always counts.
            own = (settings.sqlite_file.parent, *settings.disk_folders)
            settings = replace(settings, disk_folders=own)
        if makes and (key is None or settings.on_sqlite):
            make_folder(data_dir)
        if makes or key is not None:
            file = data_dir / "secret_key"
            settings = replace(
                settings,
                secret_keys=(key or kept_key(file), *older),
                key_from="SECRET_KEY" if key is not None else str(file),
            )
        return settings


def with_absolute_paths(env: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Return the variables that name files, as ``settings`` has read them from ``env``.

    ``tracker serve`` hands them to gunicorn, which works in another folder and would read relative paths from there.
    """
    found = {name: str(Path(path.strip()).absolute()) for name, path in env.items() if name in _FILES and path.strip()}
    found["DATA_DIR"] = str(settings.data_dir)
    if settings.on_sqlite and env.get("DATABASE_URL", "").strip():
        found["DATABASE_URL"] = settings.database_url
    if settings.geoip_db is not None:
        found["GEOIP_DB"] = str(settings.geoip_db)
    if env.get("DISK_FOLDERS", "").strip():
        found["DISK_FOLDERS"] = os.pathsep.join(map(str, settings.disk_folders[int(settings.on_sqlite) :]))
    return found
