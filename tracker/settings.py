"""What the operator sets by environment variables, read once at start and never changed."""

import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tracker.core.limits import Limits


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
    limits: Limits = field(default_factory=Limits)

    @property
    def on_sqlite(self) -> bool:
        """True on the embedded default: one writer, so one worker process."""
        return self.database_url.startswith("sqlite")

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """Return the settings in ``env`` (default: the process's); BadSettings names every bad variable at once."""
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
        )
        key, older = reader.secret("SECRET_KEY"), reader.secret("SECRET_KEY_FALLBACKS")
        if key and len(key) < 16:
            reader.problems.append("SECRET_KEY is shorter than 16 characters; make one with: openssl rand -base64 32")
        if reader.problems:
            raise BadSettings(reader.problems)
        keys = (key or _kept_key(data_dir), *(older or "").replace(",", " ").split())
        object.__setattr__(settings, "secret_keys", keys)
        return settings


def _kept_key(data_dir: Path) -> str:
    """Return the key in the data folder, made there (mode 0600) at the first start."""
    path = data_dir / "secret_key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    except OSError as error:
        raise BadSettings(
            [f"DATA_DIR: cannot write to {data_dir} ({error.strerror}); name a folder of yours."]
        ) from error
    with os.fdopen(descriptor, "w") as file:
        file.write(key := secrets.token_urlsafe(32))
    return key


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
        parts = urlsplit(given)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            self.problems.append(f"{name} must be like https://collect.example, not {given!r}.")
        return given

    def database(self, name: str, default: str) -> str:
        given = self.secret(name) or default
        if not given.startswith(("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")):
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

    def secret(self, name: str) -> str | None:
        """Return the variable, or what is in the file that ``<name>_FILE`` names."""
        path = self.text(f"{name}_FILE", "")
        if path and self.env.get(name):
            self.problems.append(f"{name} and {name}_FILE are both set; keep one of them.")
        if path:
            try:
                return Path(path).read_text().strip()
            except (OSError, UnicodeDecodeError):
                self.problems.append(f"{name}_FILE: cannot read {path!r}.")
        return self.env.get(name, "").strip() or None
