"""The builder's fields of consent, of Global Privacy Control, and of how long things are kept."""

import orjson
import pytest
from web.building import BARE, FULL, below, form_again, press, snippet

from tracker.store import sources

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
SHOWN = [
    ({}, ("off", "", "on", "")),
    ({"requireConsent": True, "retentionDays": 36500}, ("any", "", "on", "36500")),
    ({"requireConsent": "a b", "respectGPC": False}, ("named", "a b", "off", "")),
]
NOT_SHOWN = [
    {"requireConsent": False, "respectGPC": True, "retentionDays": None},
    {"requireConsent": " spaces "},
    {"requireConsent": "two\nlines", "spa": "hash"},
    {"requireConsent": "a" * 129},
    {"requireConsent": ""},
]
PRIVATE = ("requireConsent", "consentName", "respectGPC", "retentionDays")


def test_what_is_said_of_privacy_stands_in_fields_of_its_own_and_else_as_json(console, make_source, engine) -> None:
    cases = [(settings, fields, "") for settings, fields in SHOWN]
    cases += [(settings, ("off", "", "on", ""), settings) for settings in NOT_SHOWN]
    for number, (settings, fields, others) in enumerate(cases):
        make_source(f"s{number}", settings=settings)
        given = form_again(console.get(f"/source/edit?id=s{number}").text)
        assert tuple(given[name] for name in PRIVATE) == fields, settings
        assert (orjson.loads(given["settings"]) if given["settings"] else "") == others
        assert console.post(f"/source/edit?id=s{number}", **given).status_code == 303
    kept = {source.id: source.settings for source in sources.all_sources(engine)}
    assert list(kept.values()) == [settings for settings, *_ in cases]


def test_a_form_that_says_nothing_of_privacy_makes_the_careful_source(console, engine) -> None:
    console.post("/sources/new", **BARE, name="Bare")
    console.post("/sources/new", **BARE, name="Named", requireConsent="off", consentName="left over", respectGPC="on")
    assert [source.settings for source in sources.all_sources(engine)] == [{}, {}]


def test_a_field_takes_the_place_of_what_the_json_says_of_the_same_in_other_words(console, engine) -> None:
    said = '{"requireConsent": false, "respectGPC": true, "retentionDays": null}'
    console.post("/sources/new", **FULL | {"settings": said})
    [made] = sources.all_sources(engine)
    expected = {"requireConsent": "analytics", "respectGPC": False, "retentionDays": 30, "trackErrors": True}
    assert made.settings == expected


def test_the_page_is_told_of_consent_and_of_global_privacy_control_and_not_of_how_long_it_is_kept(console) -> None:
    text = snippet(press(console, "preview", **FULL | {"show": "inline", "retentionDays": "4711"}))
    assert '"requireConsent":"analytics"' in text
    assert '"respectGPC":false' in text
    assert "retention" not in text
    wrong = FULL | {"show": "inline", "consentName": "", "retentionDays": "x"}
    assert "requireConsent" not in snippet(press(console, "preview", **wrong))


def test_a_pasted_snippet_fills_the_fields_of_privacy_and_leaves_those_it_does_not_name(console) -> None:
    given = BARE | {"name": "Moved", "retentionDays": "7", "requireConsent": "any", "respectGPC": "off"}
    pasted = "options = {tracker: {settings: {requireConsent: 'ads', spa: true, custom: 1}}}"
    after = form_again(press(console, "import", **given, paste=pasted))
    assert tuple(after[name] for name in PRIVATE) == ("named", "ads", "off", "7")
    assert (after["switch-spa"], orjson.loads(after["settings"])) == ("on", {"custom": 1})
    page = press(console, "import", **given, paste="options = {settings: {respectGPC: true, retentionDays: 'x'}}")
    assert form_again(page)["respectGPC"] == "on"
    assert "retentionDays is a whole number" in below(page, "settings")
    pasted = "options = {settings: {requireConsent: false, respectGPC: false, retentionDays: 90}}"
    after = form_again(press(console, "import", **given, paste=pasted))
    assert tuple(after[name] for name in PRIVATE) == ("off", "", "off", "90")


def test_the_page_of_a_source_says_what_is_asked_of_visitors_and_for_how_long_it_is_kept(console, make_source) -> None:
    make_source("careful", settings={"requireConsent": "<b>ads</b>", "retentionDays": 30})
    make_source("open", settings={"respectGPC": False, "requireConsent": True}, kind="server")
    page = console.get("/source?id=careful").text
    assert "&lt;b&gt;ads&lt;/b&gt;" in page
    assert "30 days" in page
    page = console.get("/source?id=open").text
    assert "as long as all sources" in page
    assert "Global Privacy Control is ignored" in page
