"""Pages: one way to render them, and the files that they need."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, g, render_template, request, send_from_directory, url_for

from tracker.core.devices import device_name
from tracker.core.model import Micros
from tracker.core.plurals import noun
from tracker.web.messages import said

_STATIC = Path(__file__).resolve().parents[2] / "static"
FOLDER = _STATIC / "console"
assets_blueprint = Blueprint("assets", __name__, static_folder=str(FOLDER), static_url_path="/console-assets")


@assets_blueprint.after_request
def _kept_for_long(response: Response) -> Response:
    if response.status_code < 400:
        # The address changes with the file. What is asked for by the address of another version, of which a collector
        # beside this one may have told while both are upgraded, must not be kept under it.
        version = _versions().get((request.view_args or {})["filename"])
        other = request.endpoint == "assets.static" and (version is None or request.args.get("v") != version)
        response.headers["Cache-Control"] = "no-cache" if other else "public, max-age=31536000, immutable"
    return response


@assets_blueprint.get("/console-assets/vendor/<path:filename>")
def vendor(filename: str) -> Response:
    """Serve what others have made, each in a folder that carries its version and its licence."""
    return send_from_directory(_STATIC / "vendor", filename)


def register(app: Flask) -> None:
    """Tell templates where the assets are and how a moment is written."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals |= {"asset": _asset, "vendor": _vendor, "messages": said}
    app.jinja_env.filters |= {
        "moment": _moment,
        "clock": _clock,
        "exactly": _exactly,
        "json": _json,
        "noun": noun,
        "device": device_name,
    }
    app.register_blueprint(assets_blueprint)


def page(template: str, status: int = 200, **values: Any) -> Response:
    """Return a page, with who is logged in (None for nobody) and the token for its forms."""
    from tracker.web.guard import csrf_token

    login = g.get("login")
    text = render_template(template, csrf=csrf_token, me=login.user if login else None, **values)
    return Response(text, status, content_type="text/html; charset=utf-8")


def _asset(name: str) -> str:
    return url_for("assets.static", filename=name, v=_versions()[name])


def _vendor(name: str) -> str:
    return url_for("assets.vendor", filename=name)


@cache
def _versions() -> Mapping[str, str]:
    """Return what stands for the bytes of each file in its address; no name that a request brings opens a file."""
    files = (file for file in FOLDER.rglob("*") if file.is_file())
    return {file.relative_to(FOLDER).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()[:12] for file in files}


def _moment(micros: Micros) -> str:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _clock(micros: Micros) -> str:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%H:%M:%S")


def _exactly(micros: Micros) -> str:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
