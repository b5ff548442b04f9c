"""``GET /tracker``: the same bytes for everybody, kept by caches for five minutes, and nothing of any visitor."""

import gzip

import pytest

from tracker.store import sources

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PATHS = ["/tracker?source_id=Source+ID", "/tracker/liliput.min.js"]


@pytest.fixture(autouse=True)
def source(make_source) -> None:
    make_source("Source ID", links=("blog.example",))


@pytest.mark.parametrize("path", PATHS)
def test_the_script_is_javascript_that_any_page_may_load_and_any_cache_keep(path: str, client) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "https://collect.example" in answer.text


def test_the_sources_own_configuration_is_baked_in_and_the_pages_own_is_not(client) -> None:
    baked, bare = (client.get(path).text for path in PATHS)
    assert "Source ID" in baked
    assert "blog.example" in baked
    assert "Source ID" not in bare


@pytest.mark.parametrize("path", PATHS)
def test_nothing_about_the_request_changes_a_byte(path: str, client) -> None:
    plain = client.get(path)
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "Forwarded": "host=evil.example",
        "Cookie": "tracardi-session-id=s1",
        "User-Agent": "another",
        "Origin": "https://evil.example",
        "Referer": "https://evil.example/?__tr_pid=p",
    }
    other = client.get(path + ("&" if "?" in path else "?") + "__tr_pid=p", headers=headers)
    assert other.data == plain.data
    assert other.headers["ETag"] == plain.headers["ETag"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
def test_who_has_the_script_already_is_told_so_without_sending_it(path: str, encoding: str, client) -> None:
    first = client.get(path, headers={"Accept-Encoding": encoding})
    assert first.headers.get("Content-Encoding", "identity") == encoding
    again = client.get(path, headers={"Accept-Encoding": encoding, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    changed = client.get(path, headers={"If-None-Match": '"something else"'})
    assert changed.status_code == 200


def test_each_encoding_has_a_tag_of_its_own_and_the_same_script_inside(client) -> None:
    answers = {name: client.get(PATHS[0], headers={"Accept-Encoding": name}) for name in ("identity", "gzip", "br")}
    assert len({answer.headers["ETag"] for answer in answers.values()}) == 3
    assert gzip.decompress(answers["gzip"].data) == answers["identity"].data
    assert len(answers["br"].data) < len(answers["gzip"].data) < len(answers["identity"].data)
    refused = client.get(PATHS[0], headers={"Accept-Encoding": "gzip;q=0, br;q=0"})
    assert refused.data == answers["identity"].data


def test_a_source_that_is_not_there_or_disabled_has_no_script(client, engine, clock) -> None:
    for path, status in (("/tracker?source_id=nowhere", 404), ("/tracker", 422), ("/tracker?source_id=", 422)):
        assert client.get(path).status_code == status
    [problem] = client.get("/tracker").get_json()["detail"]
    assert (problem["loc"], problem["type"]) == (["query", "source_id"], "missing")
    assert client.get(PATHS[0]).status_code == 200
    sources.switch(engine, "Source ID", enabled=False, now=clock())
    clock.forward(2)
    assert client.get(PATHS[0]).status_code == 404


def test_another_source_gets_another_script_and_tag(client, make_source, clock) -> None:
    make_source("another")
    clock.forward(2)
    mine, other = client.get(PATHS[0]), client.get("/tracker?source_id=another")
    assert mine.data != other.data
    assert mine.headers["ETag"] != other.headers["ETag"]
