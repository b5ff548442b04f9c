"""Every case of the corpus of bad inputs, as far as the decoder answers for it."""

import io
import json
from collections import Counter
from typing import Any

import pytest
from corpus import CASES, body_of, named

from tracker.core.limits import Limits
from tracker.core.refusal import Malformed, Refusal
from tracker.ingest.decode import Decoded, decode


def run(case: dict[str, Any]) -> Decoded:
    """What the decoder says to a case."""
    headers = {name.lower(): value for name, value in case["headers"].items()}
    return decode(
        io.BytesIO(body_of(case)),
        content_type=headers.get("content-type"),
        content_encoding=headers.get("content-encoding"),
        limits=Limits(),
    )


@pytest.mark.parametrize("case", [c for c in CASES if c.get("by") == "decode"], ids=named)
def test_the_decoder_refuses_what_it_must(case: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        run(case)
    assert refused.value.status == case["status"]
    if isinstance(refused.value, Malformed):
        assert list(refused.value.problems[0].loc) == case["loc"]
        answer = json.dumps([[problem.loc, problem.msg, problem.type] for problem in refused.value.problems])
        assert len(answer) < 8000


@pytest.mark.parametrize("case", [c for c in CASES if c.get("by") != "decode"], ids=named)
def test_the_decoder_leaves_the_rest_to_the_layers_above(case: dict[str, Any]) -> None:
    decoded = run(case)
    if "secret-id" in json.dumps(case["body"]):
        assert "secret-id" not in json.dumps(decoded.body)


def test_the_corpus_is_broad_and_its_cases_have_names_of_their_own() -> None:
    assert len(CASES) >= 150
    assert max(Counter((case["category"], case["name"]) for case in CASES).values()) == 1
    assert {case["category"] for case in CASES} == {
        "envelope",
        "headers",
        "JSON syntax",
        "encodings",
        "types",
        "times",
        "sizes",
        "ids",
        "links",
        "identity",
    }
    assert all(case["stored"] == 0 for case in CASES if case["status"] != 200)
