"""Devices that a user has logged in with: a signed cookie lets them in while others guess the same name's password."""

import secrets
from typing import Any

from flask import current_app, request
from itsdangerous import BadSignature, Signer, URLSafeSerializer
from werkzeug.wrappers import Response

from tracker.core.times import DAY
from tracker.store.accounts import User
from tracker.web.services import services

LASTS = 400 * DAY
"""Browsers keep no cookie for longer."""
_LONGEST = 512


def known_device(name: str) -> str | None:
    """Return the id of the device that this request comes from, where a user of that name has logged in with it."""
    token = request.cookies.get(_cookie(), "")
    try:
        said = _serializer().loads(token if len(token) <= _LONGEST else "")
    except (BadSignature, ValueError):
        return None
    if not isinstance(said, list) or [type(part) for part in said] != [str, str, int]:
        return None
    owner, device, since = said
    return device if owner == name and services().clock() - since <= LASTS else None


def remember(answer: Response, user: User) -> Response:
    """Let the device that gets this answer be known as one of this user's; it opens nothing without the password."""
    settings, now = services().settings, services().clock()
    device = known_device(user.name) or secrets.token_urlsafe(16)
    answer.set_cookie(
        _cookie(),
        str(_serializer().dumps([user.name, device, now])),
        max_age=LASTS // 1_000_000,
        path=settings.path or "/",
        secure=settings.public_url.startswith("https://"),
        httponly=True,
        samesite="Lax",
    )
    return answer


def _cookie() -> str:
    """Return the cookie's name: that of the login, whose prefix says where browsers may send it."""
    return f"{current_app.config['SESSION_COOKIE_NAME']}-device"


def _serializer() -> URLSafeSerializer:
    # itsdangerous signs with the last key of a list and believes them all.
    keys: Any = list(reversed(services().settings.secret_keys))
    return URLSafeSerializer(keys, salt="handoff.device", signer=Signer, signer_kwargs={"key_derivation": "hmac"})
