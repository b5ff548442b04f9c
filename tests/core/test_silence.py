"""Why events were not stored although the answer is 200, and why a page that has loaded the tracker stays silent."""

from typing import Any

import pytest

from tracker.core.attempts import advice
from tracker.core.model import Payload, Source
from tracker.core.privacy import NO_CONSENT
from tracker.core.silence import DROPPED, SILENT, dropped, is_fault, silent
from tracker.core.steps import Resolution


@pytest.mark.parametrize(
    ("fates", "payload", "settings", "warnings", "reason"),
    [
        (["stored"], {"gpc": True}, {"respectGPC": False}, (), None),
        (["quarantined", "stored"], {}, {}, (), None),
        (["stored", "duplicate"], {}, {}, (), None),
        ([], {}, {}, (), None),
        (["not-saved"], {"gpc": True}, {}, (), "gpc"),
        (["not-saved"], {"dnt": True}, {"respectDoNotTrack": True}, (), "dnt"),
        (["not-saved"], {"dnt": True}, {}, (), "not-saved"),
        (["not-saved", "stored"], {}, {"requireConsent": True}, (NO_CONSENT,), "no-consent"),
        (["not-saved", "stored"], {}, {}, (), "not-saved"),
        (["duplicate", "duplicate"], {}, {}, (), "repeated"),
    ],
)
def test_what_was_dropped_has_its_reason(
    fates: list[Any], payload: dict[str, Any], settings: dict[str, Any], warnings: tuple[str, ...], reason: str | None
) -> None:
    led_to = Resolution("task", (), None, None, tuple((str(n), fate) for n, fate in enumerate(fates)), warnings)
    assert dropped(Payload("shop", (), **payload), Source("shop", "Shop", settings=settings), led_to) == reason


@pytest.mark.parametrize(
    ("said", "settings", "why"),
    [
        ({}, {}, ""),
        ({"gpc": True}, {}, "gpc"),
        ({"gpc": True}, {"respectGPC": False}, ""),
        ({"dnt": True}, {}, ""),
        ({"dnt": True}, {"respectDoNotTrack": True}, "dnt"),
        ({"is_program": True}, {}, "program"),
        ({"is_program": True}, {"trackBots": True}, ""),
        ({"is_program": True, "gpc": True}, {"trackBots": True}, "gpc"),
    ],
)
def test_a_browser_that_will_send_nothing_is_known_by_what_it_asks_with(
    said: dict[str, bool], settings: dict[str, Any], why: str
) -> None:
    source = Source("shop", "Shop", settings=settings)
    assert silent(source, **{"gpc": False, "dnt": False, "is_program": False} | said) == why


def test_every_reason_is_explained_and_a_rule_that_was_kept_is_no_fault() -> None:
    source = Source("shop", "Shop", auto={"events": [["page-view", {}]]})
    for reason in DROPPED:
        told = advice(reason, source, origin="https://shop.example")
        assert told.title.startswith("https://shop.example sent events"), reason
        assert told.remedy, reason
        assert not is_fault(reason)
    for reason in SILENT:
        assert advice("script-loaded", source, detail=reason).remedy == SILENT[reason]
    assert not is_fault("script-loaded")
    assert is_fault("wrong-origin")
