"""Which requests the decoder reads, and how it reads them."""

import io
import json
from typing import Any

import pytest

from tracker.core.limits import Limits
from tracker.core.refusal import Malformed, Problem, TooLarge, UnsupportedMedia
from tracker.ingest.decode import Decoded, decode, event_size, oversized

LIMITS = Limits()


def take(body: Any, limits: Limits = LIMITS, content_type: str | None = None) -> Decoded:
    """The decoded body; a text or bytes are sent as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    return decode(io.BytesIO(raw), content_type=content_type, content_encoding=None, limits=limits)


def problems(body: Any, limits: Limits = LIMITS) -> tuple[Problem, ...]:
    """Why the body is refused."""
    with pytest.raises(Malformed) as refused:
        take(body, limits)
    return refused.value.problems


def test_an_everyday_payload_comes_out_as_it_went_in() -> None:
    payload = {"source": {"id": "a"}, "events": [{"type": "b", "properties": {"n": [1, -2.5, True, None, "ü😀", ""]}}]}
    assert take(payload) == Decoded(payload, (), len(json.dumps(payload)))
    assert take(json.dumps(payload, ensure_ascii=False, indent=2)).body == payload


def test_a_byte_order_mark_is_left_out() -> None:
    assert take(b'\xef\xbb\xbf{"a":1}') == Decoded({"a": 1}, (), 10)


class Trickle(io.BytesIO):
    """A stream that gives a byte at a time and notes how much it was asked for."""

    asked = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert 0 < size <= 64 * 1024
        self.asked = max(self.asked, size)
        return super().read(1)


class Broken(io.BytesIO):
    """A stream whose client goes away."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise ConnectionResetError("client 192.0.2.1 went away")


def test_a_body_that_comes_in_pieces_is_put_together() -> None:
    stream = Trickle(b'{"a": "' + b"x" * 100 + b'"}')
    assert decode(stream, content_type=None, content_encoding=None, limits=LIMITS).body == {"a": "x" * 100}


def test_no_more_than_one_byte_over_the_limit_is_read() -> None:
    stream = io.BytesIO(b" " * 10_000)
    with pytest.raises(TooLarge):
        decode(stream, content_type=None, content_encoding=None, limits=Limits(body=100))
    assert stream.tell() == 101
    endless = Trickle(b"[" * 1000)
    with pytest.raises(TooLarge):
        decode(endless, content_type=None, content_encoding=None, limits=Limits(body=100))
    assert endless.tell() == 101
    assert endless.asked == 101


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    assert take('{"a":1}' + " " * 93, Limits(body=100)).size == 100


def test_a_client_that_goes_away_is_a_malformed_body_and_tells_nothing() -> None:
    with pytest.raises(Malformed) as refused:
        decode(Broken(), content_type=None, content_encoding=None, limits=LIMITS)
    assert [problem.type for problem in refused.value.problems] == ["body_incomplete"]
    assert "192.0.2.1" not in repr(refused.value.problems)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        " ",
        "application/json",
        'Application/JSON ; charset = "utf-8"',
        "text/plain;charset=UTF8",
        "application/ld+json; profile=x",
        "application/json;",
        "application/json; a=b; charset=utf-8; c",
    ],
)
def test_json_and_plain_text_in_utf_8_are_taken(content_type: str | None) -> None:
    assert take("{}", content_type=content_type).body == {}


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "json",
        "application/jsonx",
        "application/json charset=utf-8",
        "application/+json",
        "text/json",
        "application/json; charset=latin1",
        "text/plain; a=b; charset=utf-16",
        "application/json;charset=",
        "application/json, text/plain",
        "application/jsonſ",
        "\x00",
        "x" * 10_000,
    ],
)
def test_any_other_media_type_or_charset_is_not(content_type: str) -> None:
    with pytest.raises(UnsupportedMedia):
        take("{}", content_type=content_type)


@pytest.mark.parametrize("content_encoding", ["gzip", "identity", "br", "?"])
def test_a_body_that_is_encoded_is_not_taken(content_encoding: str) -> None:
    with pytest.raises(UnsupportedMedia):
        decode(io.BytesIO(b"{}"), content_type=None, content_encoding=content_encoding, limits=LIMITS)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("", "json_empty"),
        (" \n", "json_empty"),
        ("{", "json_invalid"),
        ('{"a":NaN}', "json_invalid"),
        ('{"a":-Infinity}', "json_invalid"),
        ('{"a":"\n"}', "json_invalid"),
        ('{"a":' + "1" * 5000 + "}", "json_invalid"),
        (b'{"a":"\xff"}', "utf8_invalid"),
        ("{}".encode("utf-16"), "utf8_invalid"),
        ('{"a":1,"a":1}', "json_duplicate_key"),
        ('{"a":1,"a" :1}', "json_duplicate_key"),
        ('{"a":1,"\\u0061":1}', "json_duplicate_key"),
        ('{"a":":","b":1,"b" :2}', "json_duplicate_key"),
        ('{"a\\\\":1,"a\\\\":2}', "json_duplicate_key"),
        ('{"a\\\\ ":1,"b\\":":2,"a\\\\ ":3}', "json_duplicate_key"),
        ('{"\\ud800":{"a":1,"a":1}}', "json_duplicate_key"),
        ("[]", "not_an_object"),
        ("1", "not_an_object"),
        ("[" * 60_000, "too_deep"),
        ("[" * 100_000, "too_many_nodes"),
        ('{"a":1e400}', "number_range"),
        ('{"a":9223372036854775808}', "number_range"),
        ('{"a":18446744073709551616}', "number_range"),
        ('{"a":[[-9223372036854775809]]}', "number_range"),
    ],
)
def test_what_is_not_strict_json_is_refused_with_its_reason(body: Any, kind: str) -> None:
    assert [problem.type for problem in problems(body)] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        '{"a":9223372036854775807}',
        '{"a":-9223372036854775808}',
        '{"a":1e20}',
        '{"a":-0}',
        '{"a":{"b":":"},"c":"\\":"}',
        '{"a" :\t1}',
        '{"a\\"":1,"a\\\\":2}',
        '{"a":123456789012345678901234567890.0}',
        '{"a":1.7976931348623157e308}',
    ],
)
def test_strict_json_means_what_the_standard_reader_says(text: str) -> None:
    assert take(text).body == json.loads(text)


def test_the_size_of_an_event_is_that_of_compact_json() -> None:
    assert event_size({"a": [1, "é"], "b": {}}) == len('{"a":[1,"é"],"b":{}}'.encode())


def test_events_over_the_limit_are_named_by_their_place() -> None:
    limits = Limits(event=100)
    assert oversized(take({"events": [{"a": 1}, {"a": "x" * 100}, 5]}, limits), limits) == {1: 108}
    assert oversized(take({"events": [{}], "a": "x" * 100}, limits), limits) == {}
    assert oversized(take({"events": {"a": "x" * 100}}, limits), limits) == {}
    assert oversized(take({"events": [{"a": "x" * 50}]}, limits), limits) == {}
