"""One JSON object a line on standard output, whatever is in the values; no bodies, no query strings, no secrets."""

import os
import traceback
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
    os.write(_STANDARD_OUTPUT, orjson.dumps(line, default=repr, option=orjson.OPT_APPEND_NEWLINE))
