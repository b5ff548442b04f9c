"""One JSON object a line, whatever is in the values; no bodies, no query strings, no secrets."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

_LONGEST = 512


def _cap(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    return {
        key: value[:_LONGEST] if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }


def _render(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> bytes:
    return orjson.dumps(event, default=repr)


log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
    structlog.BytesLogger(sys.stdout.buffer),
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _cap,
        _render,
    ],
)
