"""Of a request's headers only those are stored that say what kind of browser it is."""

import json

from tracker.store import reports

TELLING = {
    "Cookie": "canary=1",
    "Authorization": "Basic canary",
    "Referer": "https://canary.example/",
    "From": "canary@example.com",
    "X-Forwarded-For": "203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "Forwarded": "for=203.0.113.9",
    "X-Customer": "canary",
    "Sec-CH-UA-Canary": "canary",
}
KEPT = {
    "User-Agent": "Mozilla/5.0",
    "Accept-Language": "de-DE, en",
    "Sec-CH-UA": '"Chromium";v="126"',
    "Sec-CH-UA-Mobile": "?0",
    "Sec-CH-UA-Platform": '"Linux"',
    "Sec-CH-UA-Platform-Version": '"6.1"',
    "Sec-CH-UA-Model": '""',
    "Sec-CH-UA-Full-Version-List": '"Chromium";v="126.0.1"',
    "DNT": "0",
    "Sec-GPC": "0",
}


def test_the_headers_of_the_list_are_kept_with_a_visit_and_no_other_is(make_source, track, read) -> None:
    make_source("shop")
    track("e1", session="s1", headers=TELLING | KEPT)
    stored = read(reports.session, "s1")
    assert stored["device"] == {name.lower().replace("-", "_"): value for name, value in KEPT.items()}
    everything = json.dumps([stored, read(reports.events)])
    assert "canary" not in everything
    assert "203.0.113" not in everything


def test_a_header_that_is_too_long_is_cut_between_its_letters(make_source, track, read, settings) -> None:
    make_source("shop")
    track("e1", session="s1", headers={"Sec-CH-UA": "é" * 4000})
    kept = read(reports.session, "s1")["device"]["sec_ch_ua"]
    assert 0 < len(kept.encode()) <= settings.limits.user_agent
