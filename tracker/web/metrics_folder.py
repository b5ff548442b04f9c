"""Where the workers of one server keep their metrics for each other: in the data folder, else in a temporary one."""

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

_NAME = "metrics"


def of(data_dir: Path) -> Path:
    """Return the folder for the metrics of a server, made where it is missing.

    With PostgreSQL and ``SECRET_KEY`` nothing else is written on this machine, so a data folder that cannot be written
    is no reason not to serve.
    """
    folder = data_dir / _NAME
    try:
        # As key_file.make_folder makes it.
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
    except OSError:
        pass
    return _temporary()


def empty(data_dir: Path) -> None:
    """Remove what an earlier run has counted: metrics are those of this run."""
    for entry in of(data_dir).glob("*.db"):
        entry.unlink(missing_ok=True)


def forget() -> None:
    """Remove the temporary folder, where there is one; the data folder keeps its own until the next start."""
    if _temporary.cache_info().currsize:
        shutil.rmtree(_temporary(), ignore_errors=True)


@cache
def _temporary() -> Path:
    # gunicorn.conf.py is read anew at a reload, by the same process, whose workers go on in the same folder.
    return Path(tempfile.mkdtemp(prefix="handoff-metrics-"))
