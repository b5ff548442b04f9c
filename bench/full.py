"""The collector on an SQLite file that may not grow any further, as on a full disk."""

from flask import Flask
from sqlalchemy import event

import app
from tracker.web.services import services_of


def create_app() -> Flask:
    """Return the WSGI application; reading works, and nothing can be written."""
    made = app.create_app()
    # SQLite puts a limit below the size that the file has at exactly that size.
    event.listen(services_of(made).engine, "begin", lambda conn: conn.exec_driver_sql("PRAGMA max_page_count=1"))
    return made
