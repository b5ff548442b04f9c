"""The page on which the admin API is tried out."""

from flask import Blueprint, Response

from tracker.web.guard import guard
from tracker.web.page import page

explorer_blueprint = guard(Blueprint("explorer", __name__))


@explorer_blueprint.get("/docs")
def explorer() -> Response:
    """Show the operations of /openapi.json that this user may call, to be tried with a token."""
    return page("explorer.html")
