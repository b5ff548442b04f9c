"""The part of an address that a view takes as text."""

from werkzeug.routing import BaseConverter


class PathText(BaseConverter):
    """One segment of a path without NUL, which PostgreSQL stores in no text: an address that holds one is not found."""

    regex = "[^/\x00]+"
