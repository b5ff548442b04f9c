"""Every answer that is not a success: its status, its one JSON shape, and that nothing was stored."""

import io
import json
import re
import socket

import pytest

from tracker.core.model import Source
from tracker.store import reports, sources

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
DENIED = b'{"detail":"Access denied. Invalid source."}'
GOOD = '{"source": {"id": "shop"}, "events": [{"type": "a"}]}'


@pytest.fixture(autouse=True)
def shop(make_source) -> None:
    make_source("shop")


# 401 ---------------------------------------------------------------------------------------------------------------


@ONE_DATABASE
def test_every_reason_to_refuse_a_source_gets_the_seeds_text_and_nothing_else(
    engine, make_source, post, payload, read, clock
) -> None:
    make_source("bound", origins=("https://shop.example",))
    make_source("off")
    sources.switch(engine, "off", enabled=False, now=clock())
    _, secret = sources.create(engine, Source("crm", "CRM", kind="server"), clock())
    _, other_secret = sources.create(engine, Source("erp", "ERP", kind="server"), clock())
    answers = [
        post(payload("e1", source="nowhere")),
        post(payload("e1", source="off")),
        post(payload("e1", source="bound"), Origin="https://evil.example"),
        post(payload("e1", source="bound")),
        post(payload("e1", source="crm")),
        post(payload("e1", source="crm"), Authorization="Bearer "),
        post(payload("e1", source="crm"), Authorization="Bearer wrong"),
        post(payload("e1", source="crm"), Authorization=f"Bearer {other_secret}"),
        post(payload("e1", source="crm"), Authorization=f"Basic {secret}"),
        post(payload("e1", source="crm"), Authorization=str(secret)),
        post(payload(source="nowhere")),
    ]
    for answer in answers:
        assert (answer.status_code, answer.data) == (401, DENIED)
        assert answer.content_type == "application/json"
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "WWW-Authenticate" not in answer.headers
    # Nor do the headers tell one reason from another.
    names = [sorted(name for name, _ in answer.headers) for answer in answers]
    assert names == [names[0]] * len(names)
    assert read(reports.events) == []
    assert post(payload("e1", source="crm"), Authorization=f"bearer  {secret}").status_code == 200


def test_a_source_disabled_while_serving_is_refused_two_seconds_later(engine, post, payload, clock) -> None:
    assert post(payload("e1")).status_code == 200
    sources.switch(engine, "shop", enabled=False, now=clock())
    clock.forward(2)
    assert post(payload("e2")).status_code == 401
    sources.switch(engine, "shop", enabled=True, now=clock())
    clock.forward(2)
    assert post(payload("e2")).status_code == 200


# 422 ---------------------------------------------------------------------------------------------------------------


def told(answer) -> list[tuple[list[object], str]]:
    assert answer.status_code == 422, answer.text
    body = answer.get_json()
    assert list(body) == ["detail"]
    assert 1 <= len(body["detail"]) <= 20
    assert len(answer.data) <= 8 * 1024
    for problem in body["detail"]:
        assert sorted(problem) == ["loc", "msg", "type"]
        assert problem["msg"]
    return [(problem["loc"], problem["type"]) for problem in body["detail"]]


@ONE_DATABASE
@pytest.mark.parametrize(
    ("wrong", "loc", "kind"),
    [
        ({"source": None}, ["body", "source"], "type_error"),
        ({"source": {}}, ["body", "source", "id"], "missing"),
        ({"source": "shop"}, ["body", "source"], "type_error"),
        ({"source": {"id": 7}}, ["body", "source", "id"], "type_error"),
        ({"source": {"id": None}}, ["body", "source", "id"], "type_error"),
        ({"source": {"id": ""}}, ["body", "source", "id"], "value_error"),
        ({"source": {"id": "x" * 129}}, ["body", "source", "id"], "value_error"),
        ({"events": None}, ["body", "events"], "type_error"),
        ({"events": {}}, ["body", "events"], "type_error"),
        ({"events": [7]}, ["body", "events", 0], "type_error"),
        ({"events": [{"type": "a"}] * 3 + [{}]}, ["body", "events", 3, "type"], "missing"),
        ({"events": [{"type": 7}]}, ["body", "events", 0, "type"], "type_error"),
        ({"events": [{"type": "  "}]}, ["body", "events", 0, "type"], "value_error"),
        ({"events": [{"type": "x" * 129}]}, ["body", "events", 0, "type"], "value_error"),
        ({"events": [{"type": "a", "id": 7}]}, ["body", "events", 0, "id"], "type_error"),
        ({"events": [{"type": "a", "properties": []}]}, ["body", "events", 0, "properties"], "type_error"),
        ({"events": [{"type": "a", "context": "x"}]}, ["body", "events", 0, "context"], "type_error"),
        ({"events": [{"type": "a", "tags": "x"}]}, ["body", "events", 0, "tags"], "type_error"),
        ({"events": [{"type": "a", "tags": ["x", 1]}]}, ["body", "events", 0, "tags", 1], "type_error"),
        (
            {"events": [{"type": "a", "options": {"saveEvent": "false"}}]},
            ["body", "events", 0, "options", "saveEvent"],
            "type_error",
        ),
        ({"options": {"saveSession": 0}}, ["body", "options", "saveSession"], "type_error"),
        ({"options": []}, ["body", "options"], "type_error"),
        ({"session": {"id": 7}}, ["body", "session", "id"], "type_error"),
        ({"session": "s1"}, ["body", "session"], "type_error"),
        ({"session": {"id": "x" * 129}}, ["body", "session", "id"], "value_error"),
        ({"profile": {}}, ["body", "profile", "id"], "missing"),
        ({"profile": "p1"}, ["body", "profile"], "type_error"),
        ({"profile": {"id": 7}}, ["body", "profile", "id"], "type_error"),
        ({"profile": {"id": "p", "ids": "id1"}}, ["body", "profile", "ids"], "type_error"),
        ({"profile": {"id": "p", "ids": [1]}}, ["body", "profile", "ids", 0], "type_error"),
        ({"profile": {"id": "p", "ids": [str(n) for n in range(11)]}}, ["body", "profile", "ids"], "value_error"),
        ({"context": "x"}, ["body", "context"], "type_error"),
        ({"properties": 7}, ["body", "properties"], "type_error"),
        ({"tags": {}}, ["body", "tags"], "type_error"),
        ({"events": [{"type": "a\u0000b"}]}, ["body", "events", 0, "type"], "value_error"),
        ({"session": {"id": "a\u0000b"}}, ["body", "session", "id"], "value_error"),
    ],
)
def test_what_is_wrong_is_named_with_the_whole_path_to_it(wrong, loc, kind, post, payload, read) -> None:
    assert told(post(payload("e1") | wrong)) == [(loc, kind)]
    assert read(reports.events) == []


@ONE_DATABASE
def test_a_missing_source_is_named(post) -> None:
    assert told(post({"events": [{"type": "a"}]})) == [(["body", "source"], "missing")]
    assert told(post({})) == [(["body", "source"], "missing"), (["body", "events"], "missing")]


@ONE_DATABASE
def test_many_mistakes_are_cut_short_and_none_of_the_input_is_echoed(post, payload) -> None:
    canary = "CANARY-9f2"
    events = [{"type": 7, "properties": canary, "id": {canary: 1}, canary: 1} for _ in range(500)]
    answer = post(payload() | {"events": events, "session": {"id": [canary]}, "tags": [{canary: canary}]})
    assert len(told(answer)) == 20
    assert canary not in answer.text


@ONE_DATABASE
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"   ",
        b"not json",
        b"[]",
        b'"text"',
        b"null",
        b"{",
        GOOD.encode("utf-16"),
        GOOD.encode() + b"}",
        b'{"source": {"id": "shop"}, "events": [], "a": NaN}',
        b'{"source": {"id": "shop"}, "events": [], "a": Infinity}',
        b'{"source": {"id": "shop"}, "events": [], "a": 1e400}',
        b'{"source": {"id": "shop"}, "events": [], "a": 9223372036854775808}',
        b'{"source": {"id": "shop"}, "events": [], "events": []}',
        b'{"source": {"id": "\\ud800"}, "events": []}',
        b'{"source": {"id": "shop"}, "events": [], "a": "\xff"}',
        b"[" * 100_000,
        b'{"source": {"id": "shop"}, "events": [], "a": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"source": {"id": "shop"}, "events": [' + b",".join([b"{}"] * 501) + b"]}",
    ],
    ids=lambda raw: repr(raw[:40]),
)
def test_a_body_that_is_not_acceptable_json_is_malformed(raw: bytes, client) -> None:
    told(client.post("/track", data=raw, content_type="application/json"))


# 413, 415 ----------------------------------------------------------------------------------------------------------


def shaped(answer, status: int) -> str:
    """Check the one shape of all refusals but 401 and 422, and return the sentence in it."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/json"
    body = answer.get_json()
    assert sorted(body) == ["detail", "request_id"]
    assert re.fullmatch(r"request-\d+", body["request_id"])
    return body["detail"]


@ONE_DATABASE
@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "chunked"])
def test_a_body_over_a_mebibyte_is_too_large_however_it_comes(announced: bool, client, read) -> None:
    body = GOOD.replace("}]}", '}], "x": "' + "y" * (1024 * 1024) + '"}').encode()
    options = {} if announced else {"environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}}
    answer = client.post("/track", input_stream=io.BytesIO(body), content_length=len(body), **options)
    shaped(answer, 413)
    assert read(reports.events) == []


@ONE_DATABASE
def test_a_chunked_body_of_a_fair_size_is_taken(client, read) -> None:
    options = {"environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}}
    answer = client.post("/track", input_stream=io.BytesIO(GOOD.encode()), **options)
    assert answer.status_code == 200, answer.text


@ONE_DATABASE
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "application/json",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json; something=else",
        "application/ld+json",
        "application/vnd.handoff.v1+json",
        "APPLICATION/JSON",
        "text/plain",
        "text/plain;charset=UTF-8",
    ],
)
def test_json_is_taken_under_every_name_that_clients_give_it(content_type, client, read) -> None:
    assert client.post("/track", data=GOOD, content_type=content_type).status_code == 200
    assert len(read(reports.events)) == 1


@ONE_DATABASE
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "text/html"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "text/plain; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json", "Content-Encoding": "identity"},
    ],
    ids=str,
)
def test_other_types_charsets_and_encodings_are_not(headers, client, read) -> None:
    shaped(client.post("/track", data=GOOD, headers=headers), 415)
    assert read(reports.events) == []


# 404, 405 ----------------------------------------------------------------------------------------------------------


@ONE_DATABASE
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
@pytest.mark.parametrize("path", ["/track", "/pass"])
def test_other_methods_are_refused_and_the_right_ones_named(method: str, path: str, client) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
    if method != "HEAD":
        shaped(answer, 405)


@ONE_DATABASE
@pytest.mark.parametrize(
    "path",
    ["/track/", "/track//x", "/tracker//liliput.min.js", "/Track", "/pass/", "/nowhere", "/static/x.js", "/tracker/"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_that_is_not_there_is_not_found_and_never_redirected(path: str, method: str, client) -> None:
    answer = client.open(path, method=method, data=GOOD if method == "POST" else None)
    shaped(answer, 404)
    assert "Location" not in answer.headers


@ONE_DATABASE
def test_a_slash_too_many_in_front_changes_nothing(client, read) -> None:
    # As a server hands it over: the client of the tests would take //track for the root of a host of that name.
    answer = client.post(data=GOOD, environ_overrides={"PATH_INFO": "//track"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(read(reports.events)) == 1


# What every answer carries -----------------------------------------------------------------------------------------


@ONE_DATABASE
def test_every_answer_is_timed_and_none_sets_a_cookie(client, post, payload) -> None:
    answers = [
        post(payload("e1")),
        post(payload("e1", source="nowhere")),
        post({}),
        client.post("/track", data=GOOD, content_type="text/html"),
        client.get("/track"),
        client.options("/track"),
        client.get("/nowhere"),
        client.get("/healthz"),
        client.get("/readyz"),
        client.get("/tracker?source_id=shop"),
        client.get("/tracker/liliput.min.js"),
    ]
    for answer in answers:
        assert re.fullmatch(r"\d+\.\d+", answer.headers["x-process-time"])
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers


@ONE_DATABASE
def test_no_answer_of_track_may_be_kept_by_a_cache(client, post, payload) -> None:
    for answer in (
        post(payload("e1")),
        post({}),
        post(payload(source="no")),
        client.options("/track"),
        client.get("/track"),
    ):
        assert answer.headers.get("Cache-Control") == "no-store", answer.status_code


@ONE_DATABASE
def test_a_cookie_that_comes_along_is_not_read(client, post, payload) -> None:
    first = post(payload("e1"), Cookie="tracardi-session-id=s1; session=forged")
    assert first.get_json()["session"]["id"] != "s1"


@ONE_DATABASE
def test_a_bug_is_told_without_a_word_of_the_exception(app) -> None:
    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("canary with secrets")

    answer = app.test_client().get("/broken")
    assert "canary" not in answer.text
    shaped(answer, 500)


# 503 ---------------------------------------------------------------------------------------------------------------


def unavailable(answer) -> None:
    shaped(answer, 503)
    assert 1 <= int(answer.headers["Retry-After"]) <= 5


def a_closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@ONE_DATABASE
def test_with_the_database_out_of_reach_nothing_is_acknowledged(another, payload) -> None:
    for url in (f"postgresql://handoff@127.0.0.1:{a_closed_port()}/handoff", "sqlite:////nowhere/handoff.db"):
        client = another(database_url=url)
        unavailable(client.post("/track", json=payload("e1")))
        assert client.post("/pass", json=payload() | {"profile": {"id": "p"}}).status_code == 503
        assert client.get("/tracker?source_id=shop").status_code == 503
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200


@ONE_DATABASE
def test_with_a_database_that_cannot_be_written_nothing_is_acknowledged(another, payload, engine, read) -> None:
    engine.dispose()
    client = another(database_url=f"sqlite:///file:{engine.url.database}?mode=ro&uri=true")
    for _ in range(3):
        unavailable(client.post("/track", json=payload("e1")))
    assert client.get("/readyz").status_code == 503
    assert read(reports.events) == []


def test_a_database_that_was_never_migrated_is_not_ready(another, payload, empty_database_url) -> None:
    client = another(database_url=empty_database_url)
    assert client.post("/track", json=payload("e1")).status_code == 503
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "tracker db upgrade" in answer.get_json()["detail"]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_after_an_outage_the_same_body_is_stored_once(post, payload, postgres, engine, read, broken) -> None:
    assert post(payload("e0", session="s1")).status_code == 200
    postgres.hang_up_on(engine.url.database, let_back_in=False)
    sent = payload("e1", "e2", session="s1")
    for _ in range(3):
        unavailable(post(sent))
    postgres.hang_up_on(engine.url.database)
    engine.dispose()
    for _ in range(2):
        assert post(sent).status_code == 200
    assert [event["id"] for event in read(reports.events)] == ["e0", "e1", "e2"]
    assert broken() == {}


# Health ------------------------------------------------------------------------------------------------------------


def test_a_service_that_works_says_that_it_is_alive_and_ready(client) -> None:
    alive, ready = client.get("/healthz"), client.get("/readyz")
    assert (alive.status_code, alive.get_json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.get_json()) == (200, {"status": "ready"})


@ONE_DATABASE
def test_the_unreadable_is_told_apart_from_the_unwanted(client) -> None:
    """A client that fixes its JSON gets further: first the body, then the source."""
    bad = json.dumps({"source": {"id": "nowhere"}, "events": "x"})
    assert client.post("/track", data=bad, content_type="application/json").status_code == 422
