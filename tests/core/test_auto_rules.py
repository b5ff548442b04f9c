"""Events of a page load and triggers: what could never be recorded is said before it is saved."""

import re
from pathlib import Path
from typing import Any

import pytest

from tracker.core import auto_rules

TYPES = Path(__file__).resolve().parents[2] / "snippet_templates" / "tracker.d.ts"
VISIBLE = {"tag": "a", "trigger": "onVisible", "data": {"event": "seen"}}


def test_every_trigger_of_the_browser_script_is_known_and_no_other() -> None:
    found = re.search(r"export type TriggerName =(.*?);", TYPES.read_text(), re.DOTALL)
    assert found
    assert set(re.findall(r"'(\w+)'", found[1])) == auto_rules.ON_ELEMENTS | auto_rules.ON_PAGES
    assert not auto_rules.ON_ELEMENTS & auto_rules.ON_PAGES


def test_what_can_be_recorded_is_taken() -> None:
    auto_rules.events([["page-view", {"a": 1}], ["other"], ("third", None)])
    auto_rules.triggers([VISIBLE, {"selector": "a", "trigger": "onClick", "data": {"event": "x", "properties": {}}}])
    auto_rules.triggers([{"trigger": "onScroll", "data": {"event": "scrolled"}}])


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ("page-view", "Event 2 must be a list"),
        ([], "Event 2 must be a list"),
        (["a", 1], "Event 2 has properties that are no object"),
        ([1], "Event 2 needs a text as its type"),
        ([" "], "Event 2 has a type that must not be empty"),
    ],
)
def test_an_event_that_could_never_be_recorded_is_named(event: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        auto_rules.events([["page-view"], event])


@pytest.mark.parametrize(
    ("trigger", "problem"),
    [
        ("onClick", "Trigger 2 must be an object"),
        (VISIBLE | {"trigger": "onSight"}, "Trigger 2 has no 'trigger' that is known: 'onSight'"),
        (VISIBLE | {"trigger": ["onClick"]}, "Trigger 2 has no 'trigger' that is known"),
        (VISIBLE | {"tag": ""}, "Trigger 2 needs a 'tag' or a 'selector': onVisible acts on elements"),
        (VISIBLE | {"data": None}, "Trigger 2 needs 'data' with an 'event'"),
        (VISIBLE | {"data": {}}, "Trigger 2 needs a text as its 'event'"),
        (VISIBLE | {"data": {"event": "a" * 129}}, "must not be longer"),
        (VISIBLE | {"data": {"event": "a", "properties": 1}}, "Trigger 2 has properties that are no object"),
    ],
)
def test_a_trigger_that_could_never_fire_is_named(trigger: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        auto_rules.triggers([VISIBLE, trigger])
