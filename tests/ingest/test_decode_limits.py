"""Which limits the decoder enforces, and what it changes in a payload."""

import io
import json
from typing import Any

import pytest

from tracker.core.limits import Limits
from tracker.core.refusal import Malformed, Problem
from tracker.ingest.decode import Decoded, decode
from tracker.ingest.normalise import WARN_CUT, WARN_REPLACED

LIMITS = Limits()


def take(body: Any, limits: Limits = LIMITS) -> Decoded:
    """The decoded body; a text or bytes are sent as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    return decode(io.BytesIO(raw), content_type=None, content_encoding=None, limits=limits)


def problems(body: Any, limits: Limits = LIMITS) -> tuple[Problem, ...]:
    """Why the body is refused."""
    with pytest.raises(Malformed) as refused:
        take(body, limits)
    return refused.value.problems


def nested(levels: int) -> dict[str, Any]:
    """Objects in one another, so many."""
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def test_nesting_is_held_to_the_limit() -> None:
    assert take(nested(32)).body == nested(32)
    assert [problem.type for problem in problems(nested(33))] == ["too_deep"]
    assert [problem.type for problem in problems({"context": {"tracardi": {"pass": nested(30)}}})] == ["too_deep"]


def test_values_are_counted_and_held_to_the_limit() -> None:
    limits = Limits(nodes=10)
    assert take({"a": [1] * 9}, limits).body == {"a": [1] * 9}
    assert problems({"events": [1] * 10}, limits)[0].loc == ("body", "events")
    assert [problem.type for problem in problems({"a": [[], [1] * 5, [2] * 9]}, limits)] == ["too_many_nodes"]


def test_events_are_counted_before_anything_else() -> None:
    assert problems({"events": [{}] * 501}) == (
        Problem(("body", "events"), "A payload must not hold more than 500 events.", "too_long"),
    )
    assert len(take({"events": [{}] * 500}).body["events"]) == 500
    assert take({"events": "many"}).body == {"events": "many"}


@pytest.mark.parametrize("text", ["x" * 16_385, "é" * 8_193, "😀" * 4_097])
def test_long_text_is_refused_with_its_place(text: str) -> None:
    body = {"events": [{}, {"type": "a", "properties": {"secret": text}}], "tags": ["b", text]}
    assert {(problem.loc, problem.type) for problem in problems(body)} == {
        (("body", "events", 1, "properties"), "string_too_long"),
        (("body", "tags", 1), "string_too_long"),
    }
    assert take({"a": text[:-1]}).body == {"a": text[:-1]}


@pytest.mark.parametrize("key", ["k" * 257, "é" * 129, "😀" * 65])
def test_long_keys_are_refused_and_not_repeated(key: str) -> None:
    (problem,) = problems({"events": [{"properties": {"inner": {key: 1}}}]})
    assert (problem.loc, problem.type) == (("body", "events", 0, "properties"), "key_too_long")
    assert take({key[:-1]: {key[1:]: 2}}).body == {key[:-1]: {key[1:]: 2}}


def test_no_more_than_twenty_problems_are_told() -> None:
    assert len(problems({"tags": ["x" * 16_385] * 40})) == 20


def test_a_path_ends_before_it_grows_long() -> None:
    body: dict[str, Any] = {"url": 2**63}
    for _ in range(20):
        body = {"context": body}
    assert problems(body)[0].loc == ("body",) + ("context",) * 5


def test_what_no_database_keeps_is_replaced_with_one_warning() -> None:
    decoded = take('{"a":"\\u0000x\\ud800","b":["\\udc00\\ud83d",{"\\u0000":"\\ud83d\\ude00"}],"c":"\\\\u0000"}')
    assert decoded.body == {"a": "\ufffdx\ufffd", "b": ["\ufffd\ufffd", {"\ufffd": "😀"}], "c": "\\u0000"}
    assert decoded.warnings == (WARN_REPLACED,)


def test_a_backslash_that_only_looks_like_such_an_escape_is_no_reason_to_warn() -> None:
    assert take('{"a":"\\\\u0000"}') == Decoded({"a": "\\u0000"}, (), 15)


def test_keys_that_become_the_same_are_refused() -> None:
    assert [problem.type for problem in problems('{"a\\u0000":1,"a\\udfff":2}')] == ["json_duplicate_key"]


def test_replaced_text_is_measured_as_it_will_be_stored() -> None:
    assert [problem.type for problem in problems({"a": "\x00" * 5_462})] == ["string_too_long"]
    assert take({"a": "\x00" * 5_461}).body == {"a": "\ufffd" * 5_461}


@pytest.mark.parametrize("name", ["__tr_pid", "__TR_pid", "%5F%5Ftr_pid", "\\u005f\\u005ftr_pid", "\\u00255F_tr_pid"])
def test_link_parameters_leave_every_string_and_key(name: str) -> None:
    url = f"https://a.test/?a=1&{name}=secret"
    decoded = take(f'{{"a":"{url}","b":[{{"{url}":"{url}#x"}}],"page":"{url}"}}')
    left = "https://a.test/?a=1"
    assert decoded.body == {"a": left, "b": [{left: left + "#x"}], "page": left}
    assert decoded.warnings == ()


def test_the_pass_comes_out_untouched() -> None:
    carried = {
        "profile": "https://a.test/?__tr_pid=x",
        "source": "%5F%5Ftr_",
        "pass": "t" * 9_000,
        "referrer": "r" * 9_000,
        "session": {"page": "?__tr_sid=y", "ua": "u" * 2_000},
    }
    decoded = take({"context": {"tracardi": {"pass": carried, "other": "?__tr_pid=x"}, "page": {"url": "?__tr_pid=x"}}})
    assert decoded.body == {"context": {"tracardi": {"pass": carried, "other": ""}, "page": {"url": ""}}}


def test_a_pass_of_any_type_is_left_to_the_next_layer() -> None:
    for carried in (None, 5, "?__tr_pid=x", ["?__tr_pid=x"], {}):
        body = {"context": {"tracardi": {"pass": carried}}, "a": "%5F"}
        assert take(body).body == body
    for context in ("__tr_", ["__tr_"], {"tracardi": "__tr_"}, {"tracardi": {"a": "__tr_"}}):
        assert take({"context": context}).body == {"context": context}


def test_the_pass_is_held_to_the_limits_and_rid_of_nul() -> None:
    assert take('{"context":{"tracardi":{"pass":{"profile":"\\u0000"}}}}').body["context"]["tracardi"] == {
        "pass": {"profile": "\ufffd"}
    }
    (problem,) = problems({"context": {"tracardi": {"pass": {"pass": "x" * 16_385}}}})
    assert problem.loc == ("body", "context", "tracardi", "pass", "pass")


def test_urls_and_user_agents_are_cut_at_a_whole_character_with_one_warning() -> None:
    body = {
        "page": "é" * 3_000,
        "context": {"url": "a" + "é" * 3_000, "href": "h" * 20_000, "referrer": "r" * 4_096, "referer": "r" * 4_097},
        "properties": [{"userAgent": "u" * 1_025, "user_agent": "é" * 600, "ua": "😀" * 300}],
    }
    decoded = take(body)
    assert decoded.body == {
        "page": "é" * 2_048,
        "context": {"url": "a" + "é" * 2_047, "href": "h" * 4_096, "referrer": "r" * 4_096, "referer": "r" * 4_096},
        "properties": [{"userAgent": "u" * 1_024, "user_agent": "é" * 512, "ua": "😀" * 256}],
    }
    assert decoded.warnings == (WARN_CUT,)


def test_a_link_parameter_is_taken_out_before_a_url_is_cut() -> None:
    assert take({"url": "?__tr_pid=" + "x" * 20_000 + "&a=1"}).body == {"url": "?a=1"}


def test_polluting_keys_leave_options_at_any_depth_and_nothing_else() -> None:
    bad = {"__proto__": {"a": 1}, "keep": [{"constructor": 1, "x": {"prototype": 2, "y": 3}}]}
    good = {"keep": [{"x": {"y": 3}}]}
    body = {"options": bad, "events": [{"options": bad, "properties": bad}, {"options": "x"}, 5], "properties": bad}
    assert take(body).body == body | {
        "options": good,
        "events": [{"options": good, "properties": bad}, {"options": "x"}, 5],
    }
    assert take('{"options":{"\\u005f_pr\\u006fto__":1}}').body == {"options": {}}
    assert take({"options": {"a": "constructor"}, "events": {}}).body == {"options": {"a": "constructor"}, "events": {}}
