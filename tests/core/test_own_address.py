"""The collector's own address: what an operator may call it, and which Host headers name it."""

import pytest

from tracker.core.own_address import (
    authority,
    has_host_to_itself,
    is_loopback,
    names_this_server,
    public_host,
    public_path,
    read_listen_host,
    read_public_url,
)

PUBLIC_URLS = [
    ("https://collect.example", "https://collect.example"),
    ("https://collect.example/", "https://collect.example"),
    ("https://collect.example//", "https://collect.example"),
    ("HTTPS://Collect.EXAMPLE", "https://collect.example"),
    ("https://collect.example.", "https://collect.example"),
    ("https://collect.example:443", "https://collect.example"),
    ("http://collect.example:80/", "http://collect.example"),
    ("https://collect.example:8443", "https://collect.example:8443"),
    ("http://localhost:8686", "http://localhost:8686"),
    ("http://127.0.0.1:8686", "http://127.0.0.1:8686"),
    ("http://[::1]:8686", "http://[::1]:8686"),
    ("https://[2001:DB8::1]/Handoff/", "https://[2001:db8::1]/Handoff"),
    ("https://example.com/handoff", "https://example.com/handoff"),
    ("https://example.com/tools/handoff-2/", "https://example.com/tools/handoff-2"),
    ("https://my_host.example", "https://my_host.example"),
]


@pytest.mark.parametrize(("given", "kept"), PUBLIC_URLS)
def test_a_public_url_is_kept_as_browsers_write_it(given: str, kept: str) -> None:
    assert read_public_url(given) == kept
    assert read_public_url(kept) == kept


@pytest.mark.parametrize(
    "given",
    [
        "collect.example",
        "//collect.example",
        "https:collect.example",
        "https://",
        "https:///handoff",
        "ftp://collect.example",
        "https://collect example",
        "https://collect.example /x",
        "https://collect.exa\nmple",
        "https://collect.exa\tmple",
        "https://collect.example?",
        "https://collect.example/?a=1",
        "https://collect.example#",
        "https://collect.example\\handoff",
        "https://collect.example:0",
        "https://collect.example:port",
        "https://collect.example:65536",
        "https://collect..example",
        "https://-collect.example",
        "https://*.example",
        "https://[::1",
        "https://[collect]",
        "https://[fe80::1%25eth0]:x",
        "https://example.com/a b",
        "https://example.com/../x",
        "https://example.com/./x",
        "https://example.com/a//b",
        "https://example.com/%2e%2e",
        "https://example.com/ha:ndoff",
        "https://bücher.example",
        "https://collect.example/über",
        "https://example.com/tracker",
        "https://example.com/track/here",
    ],
)
def test_what_browsers_could_not_reach_is_refused_in_a_sentence(given: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|cannot) .*\.$"):
        read_public_url(given)


@pytest.mark.parametrize(
    "given", ["https://anna:hunter2@host", "https://anna@host", "https://:hunter2@h", "https://@h"]
)
def test_a_user_name_or_a_password_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(ValueError, match="without a user name") as told:
        read_public_url(given)
    assert "hunter2" not in str(told.value)
    assert "anna" not in str(told.value)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),  # noqa: S104 - an operator's choice
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("::", "::"),
        ("[::]", "::"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("LocalHost", "localhost"),
        ("collector-1.example", "collector-1.example"),
    ],
)
def test_a_host_to_listen_on_may_be_any_address_or_name(given: str, kept: str) -> None:
    assert read_listen_host(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "127.0.0.1:80",
        "[::1]:80",
        "http://127.0.0.1",
        "*",
        "a b",
        "[localhost]",
        "fe80::1%eth0",
        "::g",
        "1.2.3.4/8",
        "[]",
    ],
)
def test_a_host_that_cannot_be_listened_on_is_refused_in_a_sentence(given: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|cannot) .*\.$"):
        read_listen_host(given)


def test_an_ipv6_address_stands_in_brackets_in_a_url() -> None:
    assert authority("::1", 80) == "[::1]:80"
    assert authority("127.0.0.1", 80) == "127.0.0.1:80"
    assert authority("::1") == "[::1]"


def test_host_and_path_of_a_public_url() -> None:
    assert public_host("https://[2001:db8::1]:8443/handoff") == "2001:db8::1"
    assert public_path("https://example.com/tools/handoff") == "/tools/handoff"
    assert public_path("https://example.com") == ""


@pytest.mark.parametrize(
    ("header", "ours"),
    [
        ("collect.example", True),
        ("COLLECT.example:443", True),
        ("collect.example.", True),
        ("", True),
        ("localhost:8686", True),
        ("shop.localhost", True),
        ("127.0.0.1:8686", True),
        ("192.0.2.7", True),
        ("[::1]:8686", True),
        ("[2001:db8::7]", True),
        ("attacker.example", False),
        ("collect.example.attacker.example", False),
        ("attacker.example:8686", False),
        ("notlocalhost", False),
        ("localhost.attacker.example", False),
        ("127.0.0.1.attacker.example", False),
        ("[attacker.example]", False),
        ("collect.example@attacker.example", False),
        ("collect.example..", False),
        ("handoff", False),
    ],
)
def test_only_the_public_host_loopback_names_and_addresses_name_this_server(header: str, ours: bool) -> None:
    assert names_this_server(header, "collect.example") is ours


@pytest.mark.parametrize(
    ("url", "alone"),
    [
        ("https://collect.example", True),
        ("http://collect.example", False),
        ("https://example.com/handoff", False),
        ("https://collect.example:8443", False),
        ("https://localhost", False),
        ("https://shop.localhost", False),
        ("https://192.0.2.7", False),
    ],
)
def test_a_host_is_the_collector_s_alone_where_its_url_is_a_whole_site(url: str, alone: bool) -> None:
    assert has_host_to_itself(url) is alone


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.0.0.9", True),
        ("::1", True),
        ("192.0.2.7", False),
        ("localhost.example", False),
    ],
)
def test_this_machine_itself_has_several_names(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
