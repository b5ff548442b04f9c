"""How large bodies are read: by the fast reader alone, and as strictly as small ones."""

import io
from typing import Any

import pytest

from tracker.core.limits import Limits
from tracker.core.refusal import Malformed
from tracker.ingest.decode import Decoded, decode


def take(body: bytes) -> Decoded:
    """Return the decoded body."""
    return decode(io.BytesIO(body), content_type=None, content_encoding=None, limits=Limits())


def large(rest: bytes) -> bytes:
    """Return a body of more than 64 KiB: another reader decides about it than about a small one."""
    return b'{"pad":[' + b",".join([b'"%s"' % (b"x" * 4000)] * 20) + b"]," + rest + b"}"


@pytest.mark.parametrize(
    ("rest", "kind"),
    [
        (b'"a":1,', "json_invalid"),
        (b'"a":NaN', "json_invalid"),
        (b'"a":1} x', "json_invalid"),
        (b'"a":"\xff"', "utf8_invalid"),
        (b'"a":1,"a":1', "json_duplicate_key"),
        (b'"a":1,"\\u0061" : 1', "json_duplicate_key"),
        (b'"a\\\\":1,"b\\":":2,"a\\\\":3', "json_duplicate_key"),
        (b'"b":"\\":,:","a":1,"a":1', "json_duplicate_key"),
        (b'"\\ud800":{"a":1,"a":1}', "json_duplicate_key"),
        (b'"a":1e300,"b":1,"b":2', "json_duplicate_key"),
        (b'"a":' + b"[" * 1100 + b"]" * 1100, "too_deep"),
        (b'"a":' + b"[" * 40 + b"]" * 40, "too_deep"),
        (b'"a":1e400', "number_range"),
        (b'"a":9223372036854775808', "number_range"),
        (b'"a":1e300,"b":18446744073709551616', "number_range"),
        (b'"a":[ -9223372036854775809 ]', "number_range"),
    ],
)
def test_a_large_body_that_is_not_strict_json_is_refused_with_its_reason(rest: bytes, kind: str) -> None:
    with pytest.raises(Malformed) as refused:
        take(large(rest))
    assert [problem.type for problem in refused.value.problems] == [kind]


@pytest.mark.parametrize(
    ("rest", "value"),
    [
        (b'"a":"\\ud800"', "\ufffd"),
        (b'"a":9223372036854775807', 2**63 - 1),
        (b'"a":-9223372036854775808', -(2**63)),
        (b'"a":1e300', 1e300),
        (b'"a":[1e300,"99999999999999999999"]', [1e300, "9" * 20]),
        (b'"a":[12345678901234567890.5,1.00000000000000000000001]', [12345678901234567890.5, 1.0]),
        (b'"a":[12345678901234567890e2]', [12345678901234567890e2]),
        (
            b'"a":{"x\\":1,":"\\":99999999999999999999,\\"","b":1e300}',
            {'x":1,': '":99999999999999999999,"', "b": 1e300},
        ),
    ],
)
def test_a_large_body_is_read_as_it_is_written(rest: bytes, value: Any) -> None:
    assert take(large(rest)).body["a"] == value
