"""What was turned away while somebody waited: why, for whom it matters, and what to do about it."""

from typing import Any

import pytest

from tracker.core.attempts import Attempt, advice, concerns, detail_of, origin_of, reason_of
from tracker.core.model import Source
from tracker.core.refusal import (
    DiskLow,
    InvalidSource,
    Malformed,
    OverQuota,
    Problem,
    Refusal,
    TooLarge,
    TooMany,
    Unavailable,
    UnsupportedMedia,
)

SHOP = Source("shop", "Shop", origins=("https://shop.example",), auto={"events": [["page-view", {}]]})
OTHER = "https://other.example"
MALFORMED = Malformed([Problem(("body", "events", 0, "type"), "Missing data.", "missing")])


@pytest.mark.parametrize(
    ("refusal", "source", "reason"),
    [
        (InvalidSource(), None, "unknown-source"),
        (InvalidSource(), Source("shop", "Shop", enabled=False), "disabled"),
        (InvalidSource(), SHOP, "wrong-origin"),
        (InvalidSource(), Source("back", "Back", kind="server"), "wrong-secret"),
        (InvalidSource(), Source("back", "Back", kind="server", origins=("https://a.example",)), "wrong-origin"),
        (MALFORMED, None, "malformed"),
        (TooLarge("x"), None, "too-large"),
        (UnsupportedMedia("x"), None, "unsupported-media"),
        (TooMany("x"), SHOP, "too-many"),
        (OverQuota("x"), SHOP, "over-quota"),
        (DiskLow("x"), SHOP, "disk-low"),
        (Unavailable("x"), SHOP, None),
    ],
)
def test_the_reason_is_found_although_the_answer_keeps_it_to_itself(
    refusal: Refusal, source: Source | None, reason: str | None
) -> None:
    assert reason_of(refusal, source, OTHER) == reason


def test_a_site_that_sends_without_an_origin_is_at_the_wrong_one() -> None:
    assert reason_of(InvalidSource(), SHOP, None) == "wrong-origin"


def test_what_is_malformed_is_told_by_its_place_alone() -> None:
    assert detail_of(MALFORMED) == "events.0.type: Missing data."
    assert detail_of(Malformed([])) == detail_of(TooLarge("x")) == ""


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://shop.example/a/b?c#d", "https://shop.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("", ""),
        ("about:blank", ""),
        ("capacitor://localhost/index.html", "capacitor://localhost"),
        ("file:///home/anna/page.html", "file://"),
        ("https://[/x", ""),
    ],
)
def test_the_origin_of_a_page_is_read_from_its_address(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    ("source_id", "reason", "matters"),
    [
        ("shop", "wrong-origin", True),
        ("", "malformed", True),
        ("shap", "unknown-source", True),
        ("blog", "wrong-origin", False),
    ],
)
def test_who_waits_is_told_of_what_could_have_been_meant(source_id: str, reason: str, matters: bool) -> None:
    assert concerns(Attempt("a", 1, source_id, reason), "shop") is matters


@pytest.mark.parametrize(
    ("reason", "changes", "title", "remedy"),
    [
        ("unknown-source", {"named": "shap"}, "sent for the source “shap”", "put the id of this source into it: shop"),
        ("disabled", {}, "disabled", "Enable it"),
        ("wrong-origin", {"origin": OTHER}, f"{OTHER} is not among", "They are https://shop.example."),
        ("wrong-secret", {}, "without this source's secret", "Authorization: Bearer"),
        ("too-large", {}, "more than 1 MiB", "fewer events"),
        ("unsupported-media", {}, "other than plain JSON", "application/json"),
        ("too-many", {"origin": OTHER}, "rate limit", "TRUSTED_PROXIES"),
        ("malformed", {"detail": "events.0.type: Missing"}, "wrong shape", "events.0.type"),
        ("over-quota", {"origin": OTHER}, f"{OTHER} sent events after", "QUOTA"),
        ("disk-low", {}, "nearly full", "until there is room"),
        ("gpc", {"origin": OTHER}, f"{OTHER} sent events of a browser that sends Global", "Nothing of them was stored"),
        ("script-loaded", {"detail": "program"}, "A page has loaded the tracker.", "navigator.webdriver"),
        ("script-loaded", {"detail": "gpc"}, "has loaded the tracker.", "This browser sends Global Privacy Control"),
        (
            "unknown-source",
            {"named": "{id}{x}", "origin": "{detail}"},
            "{detail} sent for the source “{id}{x}”",
            "shop",
        ),
        ("malformed", {}, "A request without an origin", "docs/api.md"),
        ("script-loaded", {"origin": OTHER}, f"{OTHER} has loaded the tracker.", "Global Privacy Control"),
    ],
)
def test_every_reason_has_its_remedy(reason: str, changes: Any, title: str, remedy: str) -> None:
    found = advice(reason, SHOP, **changes)
    assert title in found.title
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("settings", "events", "remedy"),
    [
        ({"requireConsent": True}, [["a"]], "tracker.consent({name: true})"),
        ({"requireConsent": "analytics"}, [["a"]], "tracker.consent({analytics: true})"),
        ({}, [], "call tracker.track"),
    ],
)
def test_a_page_that_has_loaded_the_tracker_and_is_silent_is_explained(settings: Any, events: Any, remedy: str) -> None:
    source = Source("shop", "Shop", settings=settings, auto={"events": events})
    assert remedy in advice("script-loaded", source).remedy
