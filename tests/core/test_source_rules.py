"""How a source's id and domains are spelled, and what is refused when one is saved."""

import pytest

from tracker.core.setting_rules import setting_problems
from tracker.core.source_rules import api_url, host, linked_domains, privacy, quota, referrals, source_id

PUBLIC_SUFFIXES = {"com", "co.uk", "example", "xn--p1ai"}


@pytest.mark.parametrize(
    ("given", "kept"), [("shop", "shop"), ("  shop ", "shop"), ("Ladengeschäft 7", "Ladengeschäft 7"), ("a" * 128,) * 2]
)
def test_a_source_id_is_trimmed(given, kept):
    assert source_id(given) == kept


@pytest.mark.parametrize("given", ["", "   ", "a" * 129, "a\nb", "a\x00b", "a\ufffdb"], ids=ascii)
def test_what_cannot_be_a_source_id(given):
    with pytest.raises(ValueError, match="The source id must"):
        source_id(given)


HOSTS = [
    ("blog.example", "blog.example"),
    ("  Blog.Example  ", "blog.example"),
    (".blog.example", "blog.example"),
    ("blog.example.", "blog.example"),
    ("blog.example:8080", "blog.example"),
    ("bücher.example", "xn--bcher-kva.example"),
    ("blog。example。", "blog.example"),
    ("localhost", "localhost"),
    ("192.0.2.7", "192.0.2.7"),
    ("[2001:db8::1]:8080", "[2001:db8::1]"),
]


@pytest.mark.parametrize(("given", "kept"), HOSTS, ids=[row[0] for row in HOSTS])
def test_a_host_is_kept_lower_cased_in_ascii_without_a_port(given, kept):
    assert host(given) == kept
    assert host(kept) == kept


NO_HOSTS = [
    "",
    ".",
    "*",
    "*.blog.example",
    "https://blog.example",
    "https:blog.example",
    "javascript:alert(1)",
    "blog.example/post",
    "blog.example:99999",
    "someone@blog.example",
    "blog.example?a",
    "blog.example#a",
    "blog example",
    "blog.example,shop.example",
    "[2001:db8::1",
    "2001:db8::1",
    "straße.example",
]


@pytest.mark.parametrize("given", NO_HOSTS)
def test_what_is_not_a_host_is_refused_with_how_to_write_one(given):
    with pytest.raises(ValueError, match="is not a host name; write it as blog"):
        host(given)


def test_linked_domains_are_kept_once_each_in_their_order_without_the_empty_ones():
    given = ["", "shop.test", " ", "Blog.Test", "blog.test.", "shop.test"]

    assert linked_domains(given, PUBLIC_SUFFIXES.__contains__) == ("shop.test", "blog.test")


def test_no_linked_domains_are_none():
    assert linked_domains(["", "  "], PUBLIC_SUFFIXES.__contains__) == ()


@pytest.mark.parametrize("given", ["com", ".com", "COM.", "co.uk", "рф"])
def test_a_domain_that_anybody_can_register_below_is_refused(given):
    with pytest.raises(ValueError, match="is a public suffix that anybody can register below"):
        linked_domains(["shop.test", given], PUBLIC_SUFFIXES.__contains__)


def test_the_own_domain_below_a_public_suffix_is_taken():
    assert linked_domains(["shop.co.uk", "blog.example"], PUBLIC_SUFFIXES.__contains__) == (
        "shop.co.uk",
        "blog.example",
    )


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (" https://collect.example/ ", "https://collect.example"),
        ("http://localhost:8686/base", "http://localhost:8686/base"),
    ],
)
def test_the_address_of_a_collector_loses_its_last_slash(given: str, address: str) -> None:
    assert api_url(given) == address


@pytest.mark.parametrize(
    "given",
    ["collect.example", "ftp://a.example", "https://", "https://a.example/?x=1", "https://u@a.example", "https://a:x"],
)
def test_what_is_no_address_of_a_collector_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="is not the address of a collector"):
        api_url(given)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"requireConsent": True, "scrubParameters": []},
        {"requireConsent": "analytics", "scrubParameters": ["customer", "Order-Token"]},
        {"requireConsent": None, "scrubParameters": None},
    ],
)
def test_what_a_source_may_say_of_privacy(settings):
    privacy(settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"requireConsent": ["analytics"]}, "requireConsent is"),
        ({"requireConsent": 1}, "requireConsent is"),
        ({"scrubParameters": "customer"}, "scrubParameters is a list"),
        ({"scrubParameters": ["a", 1]}, "scrubParameters is a list"),
        ({"scrubParameters": ["a=b"]}, "cannot be the name of a parameter"),
        ({"scrubParameters": ["a b", "c d&"]}, "cannot be the name of a parameter"),
    ],
)
def test_what_is_wrong_with_what_a_source_says_of_privacy(settings, said):
    with pytest.raises(ValueError, match=said):
        privacy(settings)


@pytest.mark.parametrize("said", [None, "off", "7/day", "2000000/month"])
def test_what_a_source_may_say_of_its_quota(said):
    quota({"quota": said})


@pytest.mark.parametrize("said", [7, "7", "", True, ["7/day"]])
def test_what_is_no_quota_of_a_source(said):
    with pytest.raises(ValueError, match=r"quota is a text|is not like 100000/day"):
        quota({"quota": said})


def test_whether_links_need_a_referrer_is_a_yes_or_a_no():
    for said in ({}, {"requireReferrer": True}, {"requireReferrer": False}, {"requireReferrer": None}):
        referrals(said)
    for said in ("true", 1, 0, [], {}):
        with pytest.raises(ValueError, match="true or false"):
            referrals({"requireReferrer": said})
    assert list(setting_problems({"requireReferrer": "yes"})) == ["requireReferrer is true or false."]
