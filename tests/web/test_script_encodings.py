"""The browser script as it goes over the wire: each encoding has bytes and a tag of its own, and caches are told."""

import gzip
from collections.abc import Callable
from typing import Any

import brotli
import pytest
from flask.testing import FlaskClient

PATHS = ["/tracker?source_id=shop", "/tracker/liliput.min.js"]
UNPACK: dict[str | None, Callable[[bytes], bytes]] = {
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    None: bytes,
}
BROWSERS = "gzip, deflate, br, zstd"

both_scripts = pytest.mark.parametrize("path", PATHS)


@pytest.fixture(autouse=True)
def shop(make_source: Callable[..., Any]) -> None:
    """The source whose script is asked for."""
    make_source("shop")


@both_scripts
@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        (BROWSERS, "br"),
        ("br", "br"),
        ("gzip, br", "br"),
        ("*", "br"),
        ("gzip", "gzip"),
        ("gzip, deflate", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("gzip;q=0, br;q=0", None),
        ("gzip;q=0", None),
        ("*;q=0", None),
        ("identity", None),
        ("deflate", None),
        ("", None),
        (None, None),
    ],
)
def test_the_script_comes_in_the_smallest_encoding_that_is_accepted(
    client: FlaskClient, path: str, accepted: str | None, encoding: str | None
) -> None:
    plain = client.get(path)
    answer = client.get(path, headers={} if accepted is None else {"Accept-Encoding": accepted})
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding") == encoding
    assert UNPACK[encoding](answer.data) == plain.data
    assert answer.content_length == len(answer.data)
    assert answer.headers["Vary"] == "Accept-Encoding"


@both_scripts
def test_brotli_is_smaller_than_gzip_and_gzip_than_nothing(client: FlaskClient, path: str) -> None:
    sizes = [len(client.get(path, headers={"Accept-Encoding": name}).data) for name in ("br", "gzip", "identity")]
    assert sizes == sorted(set(sizes))


@both_scripts
def test_each_encoding_has_a_tag_of_its_own(client: FlaskClient, path: str) -> None:
    tags = {client.get(path, headers={"Accept-Encoding": name}).headers["ETag"] for name in ("br", "gzip", "identity")}
    assert len(tags) == 3


@both_scripts
@pytest.mark.parametrize("encoding", ["br", "gzip", "identity"])
def test_a_browser_that_has_these_bytes_is_sent_none(client: FlaskClient, path: str, encoding: str) -> None:
    first = client.get(path, headers={"Accept-Encoding": encoding})
    again = client.get(path, headers={"Accept-Encoding": encoding, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again.headers[name] == first.headers[name]


@both_scripts
def test_the_tag_of_another_encoding_is_no_reason_to_send_nothing(client: FlaskClient, path: str) -> None:
    zipped = client.get(path, headers={"Accept-Encoding": "gzip"})
    answer = client.get(path, headers={"Accept-Encoding": BROWSERS, "If-None-Match": zipped.headers["ETag"]})
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, "br")


@both_scripts
def test_asking_for_the_headers_alone_tells_the_same(client: FlaskClient, path: str) -> None:
    whole = client.get(path, headers={"Accept-Encoding": BROWSERS})
    head = client.head(path, headers={"Accept-Encoding": BROWSERS})
    assert head.data == b""
    for name in ("Content-Encoding", "Content-Length", "ETag", "Vary", "Content-Type"):
        assert head.headers[name] == whole.headers[name]
