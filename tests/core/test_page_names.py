"""How a page is named where pages are counted."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.core.page_names import page_name, readable

NAMES = [
    ("https://a.example/x?card=4111#top", "a.example/x"),
    ("https://a.example/x#top?x", "a.example/x"),
    ("/only/a/path", "/only/a/path"),
    ("/only/a/path/", "/only/a/path"),
    ("words", "words"),
    ("app://home", "home/"),
    ("https://a.example", "a.example/"),
    ("https://a.example/", "a.example/"),
    ("https://a.example//", "a.example/"),
    ("https://a.example?x", "a.example/"),
    ("https://a.example/cart/", "a.example/cart"),
    ("https://a.example/cart//", "a.example/cart"),
    ("HTTPS://A.Example:443/Cart", "a.example/Cart"),
    ("http://a.example:80/", "a.example/"),
    ("https://a.example:80/", "a.example:80/"),
    ("http://localhost:8080/a", "localhost:8080/a"),
    ("https://a.example/a%2fb/", "a.example/a%2Fb"),
    ("https://a.example//caf%C3%A9", "a.example/café"),
    ("https://a.example/x//y", "a.example/x/y"),
    ("https://a.example/./", "a.example/"),
    ("https://a.example/./x/.", "a.example/x"),
    ("https://a.example/x/../", "a.example/"),
    ("https://a.example/x/../../../y/%2e%2E/z", "a.example/z"),
    ("https://a.example/x..y/.z/...", "a.example/x..y/.z/..."),
    ("https://a.example/x%2F..%2Fy", "a.example/x%2F..%2Fy"),
    ("/x/./../y/", "/y"),
    ("/..", "/"),
    ("https://A.example./x", "a.example/x"),
    ("https://a.example.:443/x", "a.example/x"),
    ("https://a.example:/x", "a.example/x"),
    ("http://a.example.:8080", "a.example:8080/"),
    ("https://bücher.example/x", "xn--bcher-kva.example/x"),
    ("https://XN--BCHER-KVA.example/x", "xn--bcher-kva.example/x"),
    ("https://bu\u0308cher.example./x", "xn--bcher-kva.example/x"),
    ("https://Straße.example/x", "straße.example/x"),
    ("https://" + "ü" * 300, "ü" * 300 + "/"),
    ("https://anna:secret@a.example/x", "a.example/x"),
    ("https://[2001:DB8::1]/x", "[2001:db8::1]/x"),
    ("https://[2001:db8::1]:443/x", "[2001:db8::1]/x"),
    ("http://[::1]:8080/x", "[::1]:8080/x"),
    ("//a.example/x", "a.example/x"),
    ("//café", "xn--caf-dma/"),
    ("/to/https://a.example/x", "/to/https:/a.example/x"),
    ("https://", "/"),
]


@pytest.mark.parametrize(("url", "name"), NAMES)
def test_a_page_is_named_by_host_and_path_and_by_nothing_of_its_query(url, name) -> None:
    assert page_name(url) == name


ONE = [
    ("/café", "/caf%C3%A9", "/caf%c3%a9", "/cafe%CC%81", "/cafe\u0301"),
    ("/a-b_c.d~e", "/a%2Db%5Fc%2Ed%7Ee", "/a%2db%5fc%2ed%7ee"),
    ("/東京/駅", "/%E6%9D%B1%E4%BA%AC/%E9%A7%85", "/東京/%e9%a7%85"),
    ("/a,b;c=d@e:f+g", "/a%2Cb%3Bc%3Dd%40e%3Af%2Bg"),
    ("/a%20b", "/a b"),
    ("/a%2Fb", "/a%2fb"),
    ("/a%3Fb%23c", "/a%3fb%23c"),
    ("/100%25", "/100%"),
    ("/%25AB", "/%%41%42"),
    ("/%2525", "/%2525"),
    ("/a%00b", "/a\x00b"),
    ("/a%E9b", "/a%e9b"),
    ("/%E9A", "/%E9%41", "/%e9A"),
    ("/a%E2%80%AEb", "/a%e2%80%aeb", "/a\u202eb"),
    ("/%ED%A0%80", "/%ed%a0%80"),
]


@pytest.mark.parametrize("spellings", ONE, ids=[row[0] for row in ONE])
def test_one_page_has_one_name_in_every_spelling(spellings) -> None:
    assert {readable(spelling) for spelling in spellings} == {spellings[0]}


OTHERS = [("/a/b", "/a%2Fb"), ("/a?b", "/a%3Fb"), ("/a", "/A"), ("/%2541", "/A"), ("/caf%E9", "/caf%C3%A9")]


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_what_a_server_tells_apart_has_two_names(one, other) -> None:
    assert readable(one) != readable(other)


@given(st.text(alphabet=st.one_of(st.sampled_from("%/?#2F50aAdD9e\x00 "), st.characters()), max_size=40))
def test_a_name_is_its_own_name_and_can_be_stored(path) -> None:
    name = readable(path)
    assert readable(name) == name
    assert name.isprintable()
    name.encode()


@given(st.text(alphabet=st.sampled_from("a.:/%2eé@[]x-"), max_size=30))
def test_a_page_is_called_the_same_by_its_name(rest) -> None:
    name = page_name(f"https://a.example/{rest}")
    assert page_name(f"https://{name}") == name
    assert name.startswith("a.example/")


def test_a_host_of_any_length_is_read_at_once() -> None:
    began = time.process_time()
    page_name("https://" + "\u0315\u0300" * 50_000)
    assert time.process_time() - began < 0.2
