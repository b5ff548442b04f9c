"""One JSON object a line on standard output, whatever is in the values; no bodies, no query strings, no secrets."""

import json
import os
import traceback
from contextlib import suppress
from datetime import UTC, datetime

import orjson

_LONGEST = 512
_STANDARD_OUTPUT = 1


def log(event: str, *, failure: BaseException | None = None, **fields: str | float | None) -> None:
    """Write one line. Each is a single write, so that the lines of several workers do not mix."""
    line: dict[str, object] = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event}
    for name, value in fields.items():
        line[name] = value[:_LONGEST] if isinstance(value, str) else value
    if failure is not None:
        line["trace"] = "".join(traceback.format_exception(failure))
    # What was committed is answered although nobody reads the log any more, or its disk is full.
    with suppress(OSError):
        os.write(_STANDARD_OUTPUT, _rendered(line))


def _rendered(line: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(line, default=repr, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # A lone surrogate or a number of more than 64 bits, which orjson refuses.
        return json.dumps(line, default=repr).encode() + b"\n"
