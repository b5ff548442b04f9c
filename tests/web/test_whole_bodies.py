"""A body that ends before it is whole is not stored, and one that is announced as too large is not read."""

from io import BytesIO

import pytest
from web.conftest import PASSWORD

from tracker.store import accounts, reports

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
TERMINATED = {"wsgi.input_terminated": True}


class Unread(BytesIO):
    """A body that nobody may look at."""

    def read(self, size: int | None = -1) -> bytes:
        raise AssertionError("read")

    readline = readinto = read  # type: ignore[assignment]


class Slow(BytesIO):
    """A body whose time is over before it has come."""

    def read(self, size: int | None = -1) -> bytes:
        raise TimeoutError

    readline = readinto = read  # type: ignore[assignment]


def open_with(client, path: str, raw: bytes, length: int | None, *, stream=None, method="POST", **environ):
    """Send bytes with another length announced than they have."""
    said = {} if length is None else {"CONTENT_LENGTH": str(length)}
    content = environ.pop("content_type", "application/json")
    return client.open(
        path,
        method=method,
        input_stream=stream or BytesIO(raw),
        content_type=content,
        environ_overrides=said | environ | {"PATH_INFO": path},
    )


@pytest.fixture
def whole(payload) -> bytes:
    import orjson

    return orjson.dumps(payload("e1"))


@pytest.mark.parametrize("server", [TERMINATED, {}], ids=["ends the stream itself", "leaves that to the application"])
@pytest.mark.parametrize("path", ["/track", "//track"])
def test_whole_json_that_is_not_the_whole_body_is_not_stored(path, server, client, make_source, whole, read) -> None:
    make_source("shop")
    answer = open_with(client, path, whole, len(whole) + 4000, **server)
    assert answer.status_code == 422
    assert answer.get_json()["detail"][0]["type"] == "body_incomplete"
    assert read(reports.events) == []
    assert open_with(client, path, whole, len(whole), **server).status_code == 200
    assert len(read(reports.events)) == 1


def test_a_chunked_body_has_no_length_and_ends_where_the_server_says(client, make_source, whole, read) -> None:
    make_source("shop")
    chunked = TERMINATED | {"HTTP_TRANSFER_ENCODING": "chunked"}
    assert open_with(client, "/track", whole, None, **chunked).status_code == 200

    class Broken(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if chunk := super().read(size):
                return chunk
            raise OSError("the client has hung up")

    answer = open_with(client, "/track", b"", None, stream=Broken(whole.replace(b"e1", b"e2")), **chunked)
    assert (answer.status_code, answer.get_json()["detail"][0]["type"]) == (422, "body_incomplete")
    assert len(read(reports.events)) == 1


@pytest.mark.parametrize("server", [TERMINATED, {}], ids=["ends the stream itself", "leaves that to the application"])
@pytest.mark.parametrize("path", ["/track", "//track", "/pass", "/login", "/user/token"])
def test_what_is_announced_as_too_large_is_not_read(path: str, server, client) -> None:
    kind = "application/json" if path in ("/track", "//track", "/pass") else "application/x-www-form-urlencoded"
    answer = open_with(client, path, b"", 1024 * 1024 + 1, stream=Unread(), content_type=kind, **server)
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/track", "//track", "/pass"])
def test_a_body_whose_time_is_over_may_be_sent_again(path: str, client, make_source) -> None:
    make_source("shop")
    assert open_with(client, path, b"", 100, stream=Slow(), **TERMINATED).status_code == 408


def test_a_form_that_is_cut_off_changes_nothing(client, stranger, make_user, read) -> None:
    make_user()
    stranger.get("/login")
    form = f"csrf={stranger.seen[0]}&name=anna&password={PASSWORD.replace(' ', '+')}".encode()
    kind = "application/x-www-form-urlencoded"
    cut = open_with(stranger.client, "/login", form, len(form) + 5, content_type=kind, **TERMINATED)
    assert cut.status_code == 422
    slow = open_with(stranger.client, "/login", b"", 100, stream=Slow(), content_type=kind, **TERMINATED)
    assert slow.status_code == 408
    assert read(accounts.logins_of, "id-of-anna", 0) == []
    assert open_with(stranger.client, "/login", form, len(form), content_type=kind, **TERMINATED).status_code == 303


def test_a_document_of_the_api_that_is_cut_off_changes_nothing(tool) -> None:
    raw = b'{"id":"new","name":"New","type":"rest"}'
    headers = {"HTTP_AUTHORIZATION": f"bearer {tool.token}"} | TERMINATED
    assert open_with(tool.client, "/event-source", raw, len(raw) + 10, **headers).status_code == 422
    assert open_with(tool.client, "/event-source", b"", 100, stream=Slow(), **headers).status_code == 408
    assert tool("GET", "/event-source/new").status_code == 404
    assert open_with(tool.client, "/event-source", raw, len(raw), **headers).status_code == 200


@pytest.mark.parametrize("path", ["/login", "/setup", "/user/token", "/token", "/account/password", "/source/build"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
def test_a_form_of_who_has_not_logged_in_is_small(path: str, kind: str, client) -> None:
    assert open_with(client, path, b"", 16 * 1024 + 1, stream=Unread(), content_type=kind).status_code == 413


def test_the_builder_takes_a_long_form_and_no_endless_one(console) -> None:
    assert console.post("/source/build", paste="x" * 60_000, do="import").status_code == 200
    assert console.post("/source/build", paste="x" * 300_000, do="import").status_code == 413
    assert console.post("/account/password", current="x" * 17_000).status_code == 413


def test_a_document_about_one_thing_is_not_as_large_as_a_list(tool) -> None:
    body = {"id": "new", "name": "New", "type": "rest", "more": ["x" * 1000] * 300}
    assert tool("POST", "/event-source", body).status_code == 413
    assert tool("POST", "/profiles/import", [{"id": "p", "traits": {"t": ["x" * 1000] * 300}}]).status_code == 200
