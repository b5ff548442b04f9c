"""The data folder, and the secret key that is kept in it."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from tracker.environment import SHORTEST_KEY, BadSettings


def make_folder(folder: Path) -> None:
    """Make the data folder where it is missing; BadSettings where that cannot be."""
    try:
        # What is in it tells of visitors; a folder that is there already is as its owner wants it.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadSettings([_cannot_write(folder, error)]) from error


def _cannot_write(folder: Path, error: OSError) -> str:
    return f"DATA_DIR: cannot write to {folder} ({error.strerror}); name a folder of yours."


def kept_key(path: Path) -> str:
    """Return the key in the data folder, made there (mode 0600) at the first start; BadSettings where it is no key."""
    try:
        if not path.exists():
            _make_key(path)
    except OSError as error:
        raise BadSettings([_cannot_write(path.parent, error)]) from error
    try:
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise BadSettings([f"{path} cannot be read ({reason}); it holds the secret key."]) from error
    if len(key) < SHORTEST_KEY:
        # Signing with what is left of a key would let anybody sign.
        raise BadSettings([f"{path} holds no whole key; restore it from a copy. Without it a start makes a new one."])
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
