"""Whatever comes in: nothing but a refusal leaves the decoder, and what it lets through is within all limits."""

import io
import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.core.limits import Limits
from tracker.core.refusal import Malformed, Refusal
from tracker.ingest import decode as decoder
from tracker.ingest.decode import Decoded, decode

SMALL = Limits(body=4096, events=5, depth=5, nodes=60, key=8, string=40, url=20, user_agent=12)
KEYS = [
    "url",
    "page",
    "ua",
    "options",
    "events",
    "context",
    "tracardi",
    "pass",
    "__proto__",
    "constructor",
    "a",
    "é" * 5,
]
TEXTS = st.text(st.characters(), max_size=50) | st.sampled_from(
    [
        "?__tr_pid=x&a",
        "%3F__tr_a%26b",
        "__tr_",
        "\x00",
        "\ud800",
        ":",
        '":',
        '\\":',
        '" :',
        "é" * 30,
        "\\",
        "😀" * 7,
        "%5F_tr_a",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(KEYS) | TEXTS, inner, max_size=5),
)
PAYLOADS = st.dictionaries(st.sampled_from(KEYS) | TEXTS, VALUES, max_size=5)
WRITTEN = st.sampled_from([(",", ":"), (", ", ": "), ("\n,", " :\t")])

VALID = json.dumps(
    {
        "source": {"id": "a"},
        "context": {"tracardi": {"pass": {"profile": "p", "n": 1.5}}, "page": {"url": "https://a.test/?__tr_pid=x&y"}},
        "options": {"saveEvent": True, "__proto__": {}},
        "events": [{"type": "b", "properties": {"a": ["\\", "\u00e9\x00", 12345678901234567890, -1e30]}}],
    }
).encode()


def outcome(raw: bytes, limits: Limits, content_type: str | None = None) -> Decoded | Refusal:
    """The decoded body or the refusal; any other error fails the test."""
    try:
        return decode(io.BytesIO(raw), content_type=content_type, content_encoding=None, limits=limits)
    except Refusal as refusal:
        return refusal


def measured(value: Any, limits: Limits, key: object = None, depth: int = 1) -> int:
    """The number of values within ``value``, after each was found within the limits."""
    if isinstance(value, str):
        value.encode()
        assert "\x00" not in value
        assert len(value.encode()) <= max(limits.string, limits.url, limits.user_agent)
    if isinstance(value, int):
        assert -(2**63) <= value < 2**63
    if isinstance(value, float):
        assert value == value
        assert abs(value) != float("inf")
    if not isinstance(value, dict | list):
        return 0
    assert depth <= limits.depth
    if isinstance(value, dict):
        for name in value:
            assert "\x00" not in name
            assert len(name.encode()) <= limits.key
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return len(value) + sum(measured(inner, limits, name, depth + 1) for name, inner in items)


def check(raw: bytes, limits: Limits) -> None:
    """Hold one body to every promise of the decoder."""
    first, again = outcome(raw, limits), outcome(raw, limits)
    if isinstance(first, Malformed):
        assert isinstance(again, Malformed)
        assert again.problems == first.problems
        assert 1 <= len(first.problems) <= 20
        assert all(problem.loc[0] == "body" and len(problem.loc) <= 6 for problem in first.problems)
    elif isinstance(first, Decoded):
        assert again == first
        assert measured(first.body, limits) <= limits.nodes
        written = orjson.dumps(first.body)
        settled = outcome(written, Limits(string=limits.string, url=limits.url, user_agent=limits.user_agent))
        assert isinstance(settled, Decoded)
        assert settled.body == first.body
        assert settled.warnings == ()
    else:
        assert type(again) is type(first)


@given(st.binary(max_size=300))
def test_any_bytes(raw: bytes) -> None:
    check(raw, SMALL)


@given(PAYLOADS, WRITTEN, st.booleans())
@example({"options": {"a\x00": 1}}, (",", ":"), True)
def test_any_json(payload: dict[str, Any], separators: tuple[str, str], ascii_only: bool) -> None:
    raw = json.dumps(payload, separators=separators, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    check(raw, SMALL)
    check(raw, Limits())


@given(st.lists(st.tuples(st.integers(0, len(VALID)), st.integers(0, 4), st.binary(max_size=4)), max_size=4))
def test_a_valid_payload_with_bytes_changed(changes: list[tuple[int, int, bytes]]) -> None:
    raw = VALID
    for at, cut, put in changes:
        raw = raw[:at] + put + raw[at + cut :]
    check(raw, Limits())


@given(
    st.lists(
        st.sampled_from(
            ["{", "}", "[", "]", ",", ":", '"', '"a"', '"b"', '"a":', '"a" :', "1", "null", "\\", '\\"', " "]
        )
        | st.sampled_from(
            ['"a":1', '"b":{"a":1}', "18446744073709551616", "1e400", '"\\ud800"', '":"', '"x\\\\":', "NaN"]
        ),
        max_size=14,
    )
)
@pytest.mark.parametrize("around", [("", ""), ("{", "}"), ('{"a":[{', "}]}")])
def test_the_fast_reader_takes_what_the_strict_reader_takes(around: tuple[str, str], pieces: list[str]) -> None:
    raw = (around[0] + "".join(pieces) + around[1]).encode()
    check(raw, Limits())
    both = outcome(raw, Limits())
    with pytest.MonkeyPatch.context() as only:
        only.setattr(decoder.orjson, "loads", fail)
        alone = outcome(raw, Limits())
    assert type(both) is type(alone)
    if isinstance(both, Decoded) and isinstance(alone, Decoded):
        assert json.dumps(both.body) == json.dumps(alone.body)
        assert both.warnings == alone.warnings


def fail(_: bytes) -> None:
    """Stand in for a fast reader that takes nothing."""
    raise orjson.JSONDecodeError("no", "", 0)


@given(st.text() | st.from_regex(r"(application|text)/[\w+]*json(;.*)?"))
def test_any_content_type(content_type: str) -> None:
    assert isinstance(outcome(b"{}", SMALL, content_type), Decoded | Refusal)
