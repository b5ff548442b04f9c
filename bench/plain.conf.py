"""The project's own gunicorn settings, without what only the collector does when it starts."""

import runpy
from pathlib import Path

_ours = runpy.run_path(str(Path(__file__).resolve().parents[1] / "gunicorn.conf.py"))
globals().update({name: value for name, value in _ours.items() if not (name.startswith("_") or callable(value))})
