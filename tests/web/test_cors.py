"""Which pages may post, and which may read the answer."""

import pytest

from tracker.store import reports, sources

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
OWN = "https://shop.example"
NOT_OURS = [
    "http://shop.example",
    "https://shop.example:8443",
    "https://shop.example:443",
    "https://SHOP.example",
    "HTTPS://shop.example",
    "https://shop.example.",
    "https://shop.example/",
    "https://www.shop.example",
    "https://evilshop.example",
    "https://shop.example.evil.com",
    "https://shop.example@evil.com",
    "https://evil.com#https://shop.example",
    "https://xn--shp-bla.example",
    "null",
    "",
    "*",
    "file://",
    "https://shop.example https://evil.com",
    "https://shop.example, https://evil.com",
]


@pytest.fixture
def preflight(client):
    def ask(origin: str, path: str = "/track"):
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-timestamp",
        }
        return client.options(path, headers=headers)

    return ask


def test_a_page_of_an_allowed_origin_may_post_and_read_the_answer(make_source, post, payload) -> None:
    make_source("shop", origins=(OWN, "http://localhost:3000"))
    for origin in (OWN, "http://localhost:3000"):
        answer = post(payload("e1"), Origin=origin)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Vary"] == "Origin"
        exposed = answer.headers["Access-Control-Expose-Headers"].lower().split(", ")
        assert "x-process-time" in exposed
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", NOT_OURS)
def test_a_page_of_any_other_origin_may_not(origin: str, make_source, post, payload, read) -> None:
    make_source("shop", origins=(OWN,))
    for content_type in ("application/json", "text/plain"):
        answer = post(payload("e1"), Origin=origin, Content_Type=content_type)
        assert answer.status_code == 401, content_type
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["Vary"] == "Origin"
    assert read(reports.events) == []


APPS = {
    "capacitor://localhost": (
        *("ionic://localhost", "http://localhost", "https://localhost", "CAPACITOR://localhost", "null"),
        *(
            "capacitor://localhost/",
            "capacitor://localhost.evil",
            "capacitor://localhost:80",
            "capacitor://",
            "file://",
        ),
    ),
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop": (
        *("chrome-extension://bbcdefghijklmnopabcdefghijklmnop", "https://abcdefghijklmnopabcdefghijklmnop"),
        *("moz-extension://abcdefghijklmnopabcdefghijklmnop", "chrome-extension://ABCDEFGHIJKLMNOPABCDEFGHIJKLMNOP"),
    ),
    "null": ("NULL", "null ", "", "file://", "https://null", "null://", OWN),
    "file://": ("null", "file:///", "file:", "FILE://", OWN),
}


@pytest.mark.parametrize("origin", APPS)
def test_an_app_an_extension_and_a_file_may_post_where_their_origin_is_named_and_no_look_alike_may(
    origin: str, make_source, post, payload, preflight
) -> None:
    make_source("shop", origins=(origin,))
    answer = post(payload("e1"), Origin=origin)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
    assert preflight(origin).headers["Access-Control-Allow-Origin"] == origin
    for other in APPS[origin]:
        answer = post(payload("e2"), Origin=other)
        assert answer.status_code == 401, other
        assert "Access-Control-Allow-Origin" not in answer.headers, other
    assert post(payload("e3")).status_code == 401, "a request without an origin"


@pytest.mark.parametrize("origin", [OWN, "http://anything.example:81", "null"])
def test_a_source_without_origins_takes_any(origin: str, make_source, post, payload) -> None:
    make_source("shop")
    answer = post(payload("e1"), Origin=origin)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert post(payload("e2")).status_code == 200


def test_origins_are_compared_as_browsers_spell_them(make_source, post, payload) -> None:
    make_source("shop", origins=("HTTPS://Shop.Example:443/", "https://bücher.example"))
    assert post(payload("e1"), Origin=OWN).status_code == 200
    assert post(payload("e2"), Origin="https://xn--bcher-kva.example").status_code == 200


@pytest.mark.parametrize("path", ["/track", "/pass"])
def test_a_preflight_is_granted_to_an_origin_that_some_enabled_source_allows(path, make_source, preflight) -> None:
    make_source("shop", origins=(OWN,))
    make_source("blog", origins=("https://blog.example",))
    for origin in (OWN, "https://blog.example"):
        answer = preflight(origin, path)
        assert (answer.status_code, answer.data) == (204, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert answer.headers["Access-Control-Allow-Methods"] == "POST"
        assert answer.headers["Access-Control-Allow-Headers"] == "content-type, x-timestamp"
        assert answer.headers["Access-Control-Max-Age"] == "3600"
        assert answer.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", NOT_OURS)
def test_a_preflight_from_elsewhere_is_answered_and_grants_nothing(origin: str, make_source, preflight) -> None:
    make_source("shop", origins=(OWN,))
    answer = preflight(origin)
    assert answer.status_code == 204
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    assert answer.headers["Vary"] == "Origin"


def test_a_disabled_source_grants_no_preflight(make_source, preflight, engine, clock) -> None:
    make_source("shop", origins=(OWN,))
    assert "Access-Control-Allow-Origin" in preflight(OWN).headers
    sources.switch(engine, "shop", enabled=False, now=clock())
    clock.forward(2)
    assert "Access-Control-Allow-Origin" not in preflight(OWN).headers


def test_another_sources_origin_is_not_allowed_to_post_although_its_preflight_was(make_source, post, payload) -> None:
    make_source("shop", origins=(OWN,))
    make_source("blog", origins=("https://blog.example",))
    answer = post(payload("e1", source="shop"), Origin="https://blog.example")
    assert answer.status_code == 401
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_page_can_read_why_its_payload_was_malformed(make_source, post, preflight) -> None:
    make_source("shop", origins=(OWN,))
    preflight(OWN)
    answer = post({}, Origin=OWN)
    assert answer.status_code == 422
    assert answer.headers["Access-Control-Allow-Origin"] == OWN
    assert "Access-Control-Allow-Origin" not in post({}, Origin="https://evil.example").headers
