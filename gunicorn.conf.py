"""How gunicorn serves the collector; the settings come from the same environment as everything else."""

import os

from tracker.settings import Settings

_settings = Settings.from_env()

bind = f"{_settings.host}:{_settings.port}"
# A half-sent request holds a thread for good, and four of them freeze a threaded worker; a greenlet costs nothing.
worker_class = "gevent"
# SQLite has one writer: a second process only waits for its lock. PostgreSQL takes one worker a core.
workers = _settings.workers or (1 if _settings.on_sqlite else os.cpu_count() or 1)
worker_connections = 1000
timeout = 60
graceful_timeout = 20
keepalive = 5
# The access line is written by the application, as JSON, with the request's id (tracker/web/log.py).
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True
