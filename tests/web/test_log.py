"""The log: one JSON object a line whatever is in it, and nothing in it that is nobody's business."""

import json
import os

import pytest

from tracker.web.log import log

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def lines(capfd, backend):
    """Return what was logged since the last call, each line read as JSON."""
    return lambda: [json.loads(line) for line in capfd.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    "value",
    [
        "a\nINFO x",
        "\r\n{}",
        '"}\n{"event": "forged"}',
        "\x00\x1b[31m\x7f",
        "\u2028\u2029\x85",
        "\ud800 lone",
        "🦊",
        2**80,
        float("nan"),
        float("inf"),
        None,
        True,
        -1.5,
    ],
    ids=ascii,
)
def test_whatever_is_logged_is_one_line_of_json(value, lines, capfd) -> None:
    log("request", path=value, source=value)
    out = capfd.readouterr().out
    assert out.endswith("\n")
    assert out.count("\n") == 1
    assert json.loads(out)["event"] == "request"


def test_long_values_are_cut_and_a_trace_stays_whole_in_its_line(lines) -> None:
    try:
        raise RuntimeError("x" * 2000 + "\ud800\nsecond line")
    except RuntimeError as error:
        log("bug", path="y" * 5000, failure=error)
    [line] = lines()
    assert len(line["path"]) == 512
    assert "second line" in line["trace"]
    assert "test_long_values" in line["trace"]


def test_each_request_is_one_line_found_by_its_task_id(make_source, track, lines) -> None:
    make_source("shop")
    task = track("e1", session="s1")["task"][0]
    [line] = lines()
    assert line["request_id"] == task
    assert (line["method"], line["path"], line["status"]) == ("POST", "/track", 200)
    assert line["source"] == "shop"
    assert line["ms"] >= 0


def test_a_refusal_is_found_by_the_id_in_its_answer_and_says_why(client, lines) -> None:
    answer = client.post("/track", data=b"{}", content_type="text/html")
    [line] = lines()
    assert line["request_id"] == answer.get_json()["request_id"]
    assert (line["status"], line["refusal"]) == (415, "UnsupportedMedia")


def test_a_bug_is_found_with_its_trace_by_the_id_in_the_answer(app, lines) -> None:
    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("what happened")

    answer = app.test_client().get("/broken")
    bug, request = lines()
    assert bug["request_id"] == request["request_id"] == answer.get_json()["request_id"]
    assert "RuntimeError: what happened" in bug["trace"]


def test_neither_bodies_nor_query_strings_nor_secrets_are_logged(make_source, post, payload, client, capfd) -> None:
    make_source("shop")
    canary = "CANARY-7f3"
    sent = payload("e1", session="s1", context={"a": canary}) | {"properties": {canary: canary}}
    post(sent, path=f"/track?token={canary}", Authorization=f"Bearer {canary}", Cookie=canary, User_Agent=canary)
    post({canary: canary}, Referer=f"https://shop.example/{canary}")
    client.get(f"/tracker?source_id={canary}")
    out = capfd.readouterr().out
    assert out.count("\n") == 3
    assert canary not in out


def test_a_forged_address_does_not_forge_a_line(client, lines) -> None:
    client.get("/a%0a%7b%22event%22%3a%22forged%22%7d%ff")
    [line] = lines()
    assert line["event"] == "request"


def test_when_nobody_reads_the_log_any_more_requests_are_answered_all_the_same(make_source, track, capfd) -> None:
    make_source("shop")
    reader, writer = os.pipe()
    os.close(reader)
    with capfd.disabled():
        kept = os.dup(1)
        os.dup2(writer, 1)
        try:
            answer = track("e1")
        finally:
            os.dup2(kept, 1)
            os.close(kept)
            os.close(writer)
    assert answer["profile"]["id"]
