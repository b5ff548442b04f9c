"""The quick check of plain payloads and marshmallow's say the same of every payload."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.core.refusal import Malformed
from tracker.web import schemas
from tracker.web.plain import plainly_checked

SEEDS = json.loads((Path(__file__).parents[1] / "cases" / "seed_payloads.json").read_text())

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", " a ", "x" * 129]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "type", "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)
IDS = st.sampled_from(["a", " a ", "", "é", "a\nb", "x" * 128, "x" * 129, "null"]) | ANYTHING
FLAGS = ("saveEvent", "saveEvents", "saveSession", "saveProfile", "debugger", "other")
OPTIONS = st.dictionaries(st.sampled_from(FLAGS), st.booleans() | ANYTHING, max_size=3) | ANYTHING
DICTS = st.dictionaries(st.text(max_size=2), st.integers(), max_size=2) | ANYTHING
TAGS = st.lists(st.text(max_size=3) | ANYTHING, max_size=2) | ANYTHING
TYPES = (
    st.sampled_from(["page-view", " Page  View ", "İ", "ẞ" * 128, "\t", "a\u0085b", "a\u00a0b", "x" * 130]) | ANYTHING
)
EVENT = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES,
        "id": IDS,
        "properties": DICTS,
        "context": DICTS,
        "options": OPTIONS,
        "tags": TAGS,
        "time": ANYTHING,
        "unknown": ANYTHING,
    },
)
OWNER = st.fixed_dictionaries({}, optional={"id": IDS, "ids": TAGS, "metadata": ANYTHING, "a": ANYTHING}) | ANYTHING
PAYLOAD = st.fixed_dictionaries(
    {},
    optional={
        "source": st.fixed_dictionaries({"id": IDS}, optional={"a": ANYTHING}) | ANYTHING,
        "session": OWNER,
        "profile": OWNER,
        "events": st.lists(EVENT | ANYTHING, max_size=2) | ANYTHING,
        "context": DICTS,
        "properties": DICTS,
        "options": OPTIONS,
        "tags": TAGS,
        "metadata": ANYTHING,
        "device": ANYTHING,
    },
)


def marshmallow(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the schema alone makes of a payload, None where it refuses it."""
    try:
        return schemas.load(schemas._TRACK, body)
    except Malformed:
        return None


@settings(max_examples=500)
@given(PAYLOAD)
def test_whatever_the_quick_check_takes_the_schema_takes_and_reads_alike(body: dict[str, Any]) -> None:
    quick = plainly_checked(body)
    if quick is not None:
        assert quick == marshmallow(body)


@pytest.mark.parametrize("name", [case["name"] for case in SEEDS if "ids" not in case["payload"].get("profile", {})])
def test_the_seeds_are_plain_and_read_alike(name: str) -> None:
    [body] = [case["payload"] for case in SEEDS if case["name"] == name]
    quick = plainly_checked(body)
    assert quick is not None, "what everybody sends must not need marshmallow"
    assert quick == marshmallow(body)


@pytest.mark.parametrize("options", [[], "", "saveEvent", ["saveEvent"], 0, True])
def test_options_that_are_no_object_are_left_to_the_schema(options: object) -> None:
    body = {"source": {"id": "shop"}, "events": [], "options": options}
    assert plainly_checked(body) is None
    assert marshmallow(body) is None
