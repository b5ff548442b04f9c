"""Events of a page load, triggers and settings: what could never work is said before it is saved."""

import re
from pathlib import Path
from typing import Any

import pytest

from tracker.core import auto_rules, setting_rules

TYPES = (Path(__file__).resolve().parents[2] / "snippet_templates" / "tracker.d.ts").read_text()
VISIBLE = {"tag": "a", "trigger": "onVisible", "data": {"event": "seen"}}


def test_every_trigger_of_the_browser_script_is_known_and_no_other() -> None:
    found = re.search(r"export type TriggerName =(.*?);", TYPES, re.DOTALL)
    assert found
    assert set(re.findall(r"'(\w+)'", found[1])) == {*auto_rules.ON_ELEMENTS, *auto_rules.ON_PAGES}
    assert not {*auto_rules.ON_ELEMENTS} & {*auto_rules.ON_PAGES}


def test_every_setting_of_the_browser_script_is_known_and_no_other() -> None:
    found = re.search(r"export interface Settings \{(.*?)\n\}", TYPES, re.DOTALL)
    assert found
    named = set(re.findall(r"^  (\w+)\?:", found[1], re.MULTILINE)) - {"trackExternalLinks"}
    assert {name for name in named if not list(setting_rules.setting_problems({name: 1.5}))} == set()
    assert {*setting_rules.SWITCHES} <= named


@pytest.mark.parametrize("event", [["page-view", {"a": 1}], ["other"], ("third", None), ["x", {}, {"fire": True}]])
def test_an_event_that_can_be_recorded_is_taken(event: Any) -> None:
    assert list(auto_rules.event_problems(event)) == []


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ("page-view", "An event is a list"),
        ([], "An event is a list"),
        (["a", {}, {}, {}], "An event is a list"),
        (["a", 1], "must be an object"),
        (["a", {}, "fire"], "must be an object"),
        ([1], "must be a text"),
        ([" "], "An event type must not be empty."),
    ],
)
def test_an_event_that_could_never_be_recorded_is_named(event: Any, problem: str) -> None:
    [found] = auto_rules.event_problems(event)
    assert problem in found


@pytest.mark.parametrize(
    "trigger",
    [
        VISIBLE | {"threshold": 0.5, "minTime": 2, "once": True},
        {"selector": "a", "trigger": "onClick", "data": {"event": "x", "properties": {}}},
        {"trigger": "onScroll", "threshold": [25, 50.5], "data": {"event": "scrolled"}},
    ],
)
def test_a_trigger_that_can_fire_is_taken(trigger: Any) -> None:
    assert auto_rules.trigger_problems(trigger) == {}


@pytest.mark.parametrize(
    ("changed", "part", "problem"),
    [
        ({"trigger": "onSight"}, "trigger", "Choose when"),
        ({"trigger": ["onClick"]}, "trigger", "Choose when"),
        ({"tag": ""}, "target", "onVisible acts on elements"),
        ({"data": None}, "event", "must not be empty"),
        ({"data": {"event": 1}}, "event", "must be a text"),
        ({"data": {"event": "a" * 129}}, "event", "must not be longer"),
        ({"data": {"event": "a", "properties": 1}}, "properties", "must be an object"),
        ({"onec": True}, "options", "There is no option 'onec'"),
        ({"data": {"event": "a", "more": 1}}, "options", "There is no option 'more'"),
        ({"selector": "b"}, "options", "cannot have both"),
        ({"threshold": "half"}, "options", "threshold is a number"),
        ({"threshold": [10, 101]}, "options", "threshold is a number"),
        ({"minTime": True}, "options", "minTime is a number"),
        ({"once": "yes"}, "options", "once is true or false"),
    ],
)
def test_a_trigger_that_could_never_fire_is_named_at_the_part_to_blame(changed: Any, part: str, problem: str) -> None:
    [(found, text)] = auto_rules.trigger_problems(VISIBLE | changed).items()
    assert (found, problem in text) == (part, True)


def test_in_a_list_the_first_that_could_never_work_is_named_by_its_number() -> None:
    auto_rules.events([["page-view"]])
    auto_rules.triggers([VISIBLE])
    with pytest.raises(ValueError, match="Event 2: An event is a list"):
        auto_rules.events([["page-view"], "x"])
    with pytest.raises(ValueError, match="Trigger 2: onVisible acts on elements"):
        auto_rules.triggers([VISIBLE, VISIBLE | {"tag": ""}])
    with pytest.raises(ValueError, match="Trigger 1: This must be an object"):
        auto_rules.triggers(["onClick"])


@pytest.mark.parametrize(
    "settings",
    [
        {"spa": "hash", "linkPosition": "hash", "contentType": "application/json", "respectGPC": False},
        {"requireConsent": "analytics", "trackErrors": True},
        {"requireConsent": True, "something": [1]},
    ],
)
def test_a_setting_that_the_script_understands_is_taken(settings: Any) -> None:
    assert list(setting_rules.setting_problems(settings)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spa", "yes"),
        ("spa", 1),
        ("linkPosition", "hsh"),
        ("trackErrors", "true"),
        ("requireConsent", 1),
        ("contentType", "x"),
    ],
)
def test_a_setting_that_the_script_would_misunderstand_is_named(name: str, value: Any) -> None:
    [problem] = setting_rules.setting_problems({name: value})
    assert problem.startswith(f"{name} is ")


def test_the_name_of_a_consent_is_one_that_somebody_can_give() -> None:
    assert setting_rules.consent_name("  analytics ") == "analytics"
    assert setting_rules.consent_name("a" * 128) == "a" * 128
    for name in ("", "  ", "a" * 129, "two\nlines", "\u202etxet"):
        with pytest.raises(ValueError, match="consent"):
            setting_rules.consent_name(name)
