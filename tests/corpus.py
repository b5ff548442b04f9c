"""The corpus of bad inputs, read once for the decoder's tests and for those of the whole server."""

import base64
import json
from pathlib import Path
from typing import Any

CORPUS = json.loads((Path(__file__).parent / "cases" / "bad_inputs.json").read_text("utf-8"))
CASES: list[dict[str, Any]] = CORPUS["cases"]


def body_of(case: dict[str, Any]) -> bytes:
    """The bytes that a case sends."""
    body = case["body"]
    if isinstance(body, str):
        return body.encode()
    if "base64" in body:
        return base64.b64decode(body["base64"])
    text: str = body["before"] + body["between"].join([body["repeat"]] * body["times"]) + body["after"]
    return text.encode()


def named(case: dict[str, Any]) -> str:
    """The name of a case in a test's own."""
    return f"{case['category']}: {case['name']}"
