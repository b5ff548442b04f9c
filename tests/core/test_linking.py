"""Which hosts are owned: the same table as the script's linker runs, and what a URL's host is."""

import json
import time
from pathlib import Path

import pytest
from core_builders import BLOG, SHOP, link_pass, referral, world

from tracker.core.linking import Verdict, domains_of, host_of, judge, owned
from tracker.core.model import LinkPass, Source
from tracker.core.touchpoint import touchpoint

CASES = json.loads((Path(__file__).parent.parent / "cases" / "links.json").read_text(encoding="utf-8"))

# Not a matter of the host: the own host is left alone, encrypted pages do not link to open ones, some schemes and
# attributes carry nothing. Only the script's linker decides those.
BY_HOST = {"owned", "not owned", "the port is no part of the domain", "an empty entry matches nothing"}
LINKS = [case for case in CASES["links"] if case["why"] in BY_HOST]


@pytest.mark.parametrize("case", CASES["hosts"], ids=lambda case: f"{case['host']}-{case['why']}")
def test_a_host_is_owned_where_it_is_an_entry_or_below_one(case):
    assert owned(case["host"], case["entries"]) is case["owned"]


@pytest.mark.parametrize("case", LINKS, ids=lambda case: case["name"])
def test_the_server_sees_the_same_links_as_owned_as_the_script_does(case):
    assert owned(host_of(case["href"]), case["links"]) is case["decorated"]


def test_the_table_of_links_tells_owned_from_foreign_hosts():
    assert {case["decorated"] for case in LINKS} == {True, False}
    assert len(LINKS) >= 10


@pytest.mark.parametrize(
    "host", ["192.0.2.7", "192.0.2.7.", "[2001:db8::1]", "[::ffff:192.0.2.7]"], ids=["ipv4", "dot", "ipv6", "mapped"]
)
def test_an_address_is_never_owned_however_it_is_written(host):
    assert not owned(host, [host, host.rstrip("."), "2.7"])


def test_no_host_is_nobodys():
    assert not owned(None, ["blog.example"])


HOSTS = [
    ("https://shop.example/cart?a=1#b", "shop.example"),
    ("https://SHOP.Example", "shop.example"),
    ("https://shop.example.", "shop.example"),
    ("https://shop.example:8443/", "shop.example"),
    ("http://user:secret@shop.example/", "shop.example"),
    ("//shop.example/", "shop.example"),
    ("http://localhost:3000", "localhost"),
    ("http://under_score.example", "under_score.example"),
    ("http://192.0.2.7/", "192.0.2.7"),
    ("http://[2001:DB8::1]:80/", "[2001:db8::1]"),
    ("https://bücher.example/", "xn--bcher-kva.example"),
    ("https://BÜCHER.example./", "xn--bcher-kva.example"),
    ("https://blog。example。/", "blog.example"),
    ("https://blog.example@evil.test/", "evil.test"),
    ("https://evil.test\\@blog.example/", "blog.example"),
    ("android-app://com.example.app/", "com.example.app"),
]


@pytest.mark.parametrize(("url", "host"), HOSTS, ids=[row[0] for row in HOSTS])
def test_the_host_of_a_url(url, host):
    assert host_of(url) == host


NO_HOST = [
    "",
    "/cart",
    "shop.example",
    "mailto:someone@shop.example",
    "about:blank",
    "null",
    "https://",
    "https://./",
    "https://a b.example/",
    "https://<script>/",
    "https://*.shop.example/",
    "https://shop.example\\.evil.test/",
    "http://[2001:db8::1",
    "http://[fe80::1%25eth0]/",
    "https://bücher..example/",
    f"https://{'ü' * 64}.example/",
    "https://straße.example/",
    "https://STRAẞE.example/",
    "https://όσος.example/",
    "https://na\u200dme.ü.example/",
]


EXPANDING = ["\ufdfa" * 5_400, "\ufdfa" * 400, "\u0f77" * 5_400, "a" + "\u0323\u0334" * 16_000, "ü." * 8_000]
"""Characters that become many, or have to be put in order, before anything looks at how many there are."""


@pytest.mark.parametrize("name", EXPANDING, ids=lambda name: f"{name[-1]!a} {len(name)} times")
@pytest.mark.parametrize("before", ["https://", "//", "/\t/", " https:/\n/", "https://me@"])
def test_a_name_that_is_longer_than_any_is_refused_at_once(before: str, name: str) -> None:
    started = time.thread_time()
    assert host_of(f"{before}{name}/cart") is None
    assert touchpoint({"page": {"url": f"{before}{name}/", "referrer": {"host": name}}}, ()) == {}
    assert time.thread_time() - started < 0.2


def test_what_is_long_behind_the_host_keeps_it() -> None:
    assert host_of(f"https://bücher.example/{'ü' * 9_000}?q={'ü' * 9_000}#{'ü' * 9_000}") == "xn--bcher-kva.example"


@pytest.mark.parametrize("url", NO_HOST, ids=ascii)
def test_what_has_no_host_that_can_be_compared(url):
    assert host_of(url) is None


def test_a_source_answers_on_its_domains_and_on_the_hosts_of_its_origins():
    assert domains_of(SHOP) == ("shop-mirror.example", "shop.example")
    assert domains_of(Source("s", "S", origins=("https://a.example:8443", "null"))) == ("a.example",)


def test_nothing_comes_of_a_link_to_oneself_but_that_its_pass_is_spent():
    known = world(["R"], spent=[("spent", "shop")])
    here = known.live("R")

    assert judge(referral("R"), SHOP, here, known) == Verdict(spend=True)
    assert judge(referral("R", link_pass=link_pass("R", nonce="spent")), SHOP, here, known) == Verdict()
    assert judge(referral("R", link_pass=LinkPass()), SHOP, here, known) == Verdict()


def test_a_plain_link_hands_over_without_anything_to_spend():
    plain = [Source(s.id, s.name, origins=s.origins, links=s.links, referrals="plain") for s in (SHOP, BLOG)]
    known = world(["P", "R"], sources=plain)

    verdict = judge(referral("R", link_pass=LinkPass()), plain[0], known.live("P"), known)
    assert verdict == Verdict(known.profiles["R"])
