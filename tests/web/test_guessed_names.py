"""Names such as customer numbers, which a backend gives its visitors, lead nobody to them from a page."""

from collections.abc import Callable

import pytest

from tracker.core.model import Source
from tracker.store import sources


@pytest.fixture
def customer(post, engine, clock) -> Callable[[], tuple[str, dict[str, str]]]:
    """Let a backend name a visitor ``cust-1001``; returns that profile and the header with the secret."""

    def made() -> tuple[str, dict[str, str]]:
        _, secret = sources.create(engine, Source("crm", "CRM", kind="server"), clock())
        shown = {"Authorization": f"Bearer {secret}"}
        body = {"source": {"id": "crm"}, "session": {"id": "s"}, "events": [{"type": "bought"}]}
        profile = post(body, **shown).get_json()["profile"]["id"]
        named = post(body | {"profile": {"id": profile, "ids": ["cust-1001"]}}, **shown).get_json()
        assert (named["profile"]["id"], named["warnings"]) == (profile, [])
        return profile, shown

    return made


@pytest.mark.parametrize("path", ["/track", "/track?dry_run=1"])
@pytest.mark.parametrize("events", [[], [{"type": "page-view"}]], ids=["no events", "an event"])
def test_a_page_that_names_a_customer_is_given_neither_the_profile_nor_a_pass(
    customer, make_source, post, path, events
) -> None:
    make_source("shop")
    profile, _ = customer()
    told = [
        post({"source": {"id": "shop"}, "profile": {"id": name}, "events": events}, path).get_json()
        for name in ("cust-1001", "cust-1002")
    ]
    assert profile not in str(told)
    assert told[0]["warnings"] == told[1]["warnings"], "the answer does not tell which customers there are"


def test_a_page_gets_no_pass_for_a_customer(customer, make_source, client) -> None:
    make_source("shop")
    profile, _ = customer()
    asked = [
        client.post("/pass", json={"source": {"id": "shop"}, "profile": {"id": name}})
        for name in ("cust-1001", "cust-1002", profile)
    ]
    assert [answer.status_code for answer in asked] == [404, 404, 200]


def test_a_plain_link_hands_no_customer_over(customer, sites, track, arriving) -> None:
    sites("plain")
    profile, _ = customer()
    landed = track("landed", source="blog", context=arriving("cust-1001"))
    assert landed["profile"]["id"] != profile


def test_the_backend_finds_its_customer(customer, track) -> None:
    profile, shown = customer()
    assert track("again", source="crm", profile="cust-1001", headers=shown)["profile"]["id"] == profile
