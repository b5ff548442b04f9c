"""What is stored is fit for every database, whatever decoded it how late."""

import pytest

from tracker.core.model import Event, Payload
from tracker.core.setting_aside import alone, bare
from tracker.core.storable import storable, storable_json
from tracker.core.touchpoint import touchpoint


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("plain", "plain"),
        ("Grüße 🎉", "Grüße 🎉"),
        ("a\0b", "a\ufffdb"),
        ("\ud83d alone", "\ufffd alone"),
        ("é\0\udfff", "é\ufffd\ufffd"),
        ("", ""),
    ],
)
def test_nul_and_lone_surrogates_are_replaced(text: str, fit: str) -> None:
    assert storable(text) == fit
    assert storable_json({text: [text, (text,), {"n": 1}]}) == {fit: [fit, [fit], {"n": 1}]}


@pytest.mark.parametrize(
    "query",
    [
        "gclid=%00",
        "utm_source=a%00b",
        "utm_campaign=%ED%A0%80",
        "utm_term=%u0000",
        "utm_content=a%2500",
        "fbclid=%FF%00",
    ],
)
def test_what_a_url_encodes_is_made_fit_after_it_was_decoded(query: str) -> None:
    for page in (f"https://shop.example/?{query}", {"url": f"https://shop.example/?{query}"}):
        found = touchpoint({}, (Event("page-view", context={"page": page}),))
        assert found
        assert all("\0" not in value and value.isprintable() for value in found.values())


def test_a_payload_without_its_content_still_says_whose_it_is_and_what_it_was() -> None:
    event = Event("order", "e1", {"p": "x"}, {"page": {"url": "https://shop.example/"}}, ("t",), too_large=7)
    payload = Payload(
        "shop",
        (event,),
        session_id="s",
        profile_id="p",
        context={"consents": {"ads": True, "other": "text"}, "utm": {"source": "x"}},
        properties={"p": 1},
    )
    stripped = bare(payload)
    assert (stripped.session_id, stripped.profile_id) == ("s", "p")
    assert stripped.context == {"consents": {"ads": True}}
    [emptied] = stripped.events
    assert (emptied.properties, emptied.context, emptied.tags, emptied.said) == ({}, {}, (), event)
    assert emptied.fault == "event-too-large"
    nobodys = alone(payload._replace(context={}))
    assert (nobodys.session_id, nobodys.profile_id, nobodys.context) == (None, None, {})
    assert not nobodys.events[0].options.save_profile
    assert not nobodys.events[0].options.save_session
