"""What gunicorn itself has to say, as lines of the same log: one JSON object each, and nothing that a client sent."""

import sys

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from tracker.web.log import log

_OF_A_REQUEST = ("Invalid request", "Error handling request")
"""How sentences begin that go on with an address, a path and its query, or the very bytes of a request."""


class ServerLog(Logger):  # type: ignore[misc]
    """Gunicorn's logger; what is of no weight is left to gunicorn, which leaves it out."""

    def critical(self, msg: object, *args: object, exc_info: object = None, **_: object) -> None:
        _say("critical", msg, args, _failure(exc_info))

    def error(self, msg: object, *args: object, exc_info: object = None, **_: object) -> None:
        _say("error", msg, args, _failure(exc_info))

    def warning(self, msg: object, *args: object, exc_info: object = None, **_: object) -> None:
        _say("warning", msg, args, _failure(exc_info))

    def exception(self, msg: object, *args: object, **_: object) -> None:
        _say("error", msg, args, sys.exc_info()[1])


def _failure(exc_info: object) -> BaseException | None:
    """Return the failure that is being handled, where a trace of it is asked for."""
    return sys.exc_info()[1] if exc_info else None


def _say(level: str, msg: object, args: tuple[object, ...], failure: BaseException | None = None) -> None:
    text = str(msg)
    said = next((begins for begins in _OF_A_REQUEST if text.startswith(begins)), None)
    log("server", level=level, says=said or (text % args if args else text), failure=failure)
