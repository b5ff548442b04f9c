"""How a source's origins are spelled: of pages, apps, extensions, and of what has none; what an owner is warned of."""

import pytest

from tracker.core.linking import domains_of
from tracker.core.model import Source
from tracker.core.origins import origin, origin_warnings

ORIGINS = [
    ("https://shop.example", "https://shop.example"),
    ("  https://shop.example/  ", "https://shop.example"),
    ("HTTPS://Shop.Example", "https://shop.example"),
    ("https://shop.example:443", "https://shop.example"),
    ("http://shop.example:80", "http://shop.example"),
    ("http://shop.example:443", "http://shop.example:443"),
    ("https://shop.example:8443", "https://shop.example:8443"),
    ("http://localhost:3000", "http://localhost:3000"),
    ("http://192.0.2.7:8080", "http://192.0.2.7:8080"),
    ("http://[2001:DB8::1]:8080", "http://[2001:db8::1]:8080"),
    ("https://bücher.example", "https://xn--bcher-kva.example"),
    ("https://shop.example.", "https://shop.example"),
    ("capacitor://localhost", "capacitor://localhost"),
    (" Capacitor://LocalHost/ ", "capacitor://localhost"),
    ("ionic://localhost", "ionic://localhost"),
    ("tauri://localhost", "tauri://localhost"),
    ("chrome-extension://abcdefghijklmnopabcdefghijklmnop", "chrome-extension://abcdefghijklmnopabcdefghijklmnop"),
    ("moz-extension://0B7E-a1", "moz-extension://0b7e-a1"),
    ("app.of.mine://host:81", "app.of.mine://host:81"),
    ("null", "null"),
    (" NULL ", "null"),
    ("file://", "file://"),
    ("FILE:///", "file://"),
]


@pytest.mark.parametrize(("given", "kept"), ORIGINS, ids=[row[0] for row in ORIGINS])
def test_an_origin_is_kept_as_a_browser_sends_it(given, kept):
    assert origin(given) == kept
    assert origin(kept) == kept


NO_ORIGINS = [
    "",
    "*",
    "shop.example",
    "//shop.example",
    "https://",
    "https://*.shop.example",
    "https://shop.example/path",
    "https://shop.example?a=1",
    "https://shop.example#part",
    "https://user@shop.example",
    "https://user:secret@shop.example",
    "https://:secret@shop.example",
    "https://@shop.example",
    "https://shop.example\\@evil.test",
    "https://shop.example:port",
    "https://shop.example:99999",
    "https://[2001:db8::1",
    "ftp://shop.example",
    "file:///tmp",
    "javascript:alert(1)",
    "chrome-extension://",
    "chrome-extension://abcdef/page.html",
    "capacitor:localhost",
    "capacitor://user@localhost",
    "ht!tp://shop.example",
    "htps://shop.example",
    "httpss://shop.example",
    "hhtp://shop.example",
    "ws://shop.example",
    "data://shop.example",
    "localhost:3000",
    "nullx",
    "file://server",
    "https://straße.example",
    "https://shop.example, https://blog.example",
]


@pytest.mark.parametrize("given", NO_ORIGINS)
def test_what_is_not_an_origin_is_refused_with_how_to_write_one(given):
    with pytest.raises(ValueError, match="is not an origin; write it as https"):
        origin(given)


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        ("null", "any site can send events for this source"),
        ("file://", "most browsers send null"),
        ("myapp://localhost", "myapp:// is not a scheme of browsers"),
    ],
)
def test_an_origin_that_proves_little_is_warned_of(name: str, warning: str) -> None:
    [said] = origin_warnings(["https://shop.example", "capacitor://localhost", "chrome-extension://abc", name])
    assert warning in said


def test_the_host_of_an_app_is_no_domain_of_the_site() -> None:
    source = Source(
        "shop", "Shop", origins=("https://shop.example", "capacitor://localhost", "app://blog.example", "null")
    )
    assert domains_of(source) == ("shop.example",)
