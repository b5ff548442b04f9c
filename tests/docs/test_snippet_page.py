"""The page for site owners names all that the types of the browser script promise."""

import re

import pytest
from docs.conftest import ROOT

TYPES = (ROOT / "snippet_templates" / "tracker.d.ts").read_text()
PAGE = (ROOT / "docs" / "snippet.md").read_text()


@pytest.mark.parametrize("interface", ["Tracker", "TrackOptions", "Trigger", "Settings"])
def test_every_member_of_an_interface_is_on_the_page(interface: str) -> None:
    found = re.search(rf"export interface {interface} \{{(.*?)\n\}}", TYPES, re.DOTALL)
    assert found
    members = set(re.findall(r"^\s+(\w+)\??[:(]", found[1], re.MULTILINE))
    assert members
    assert {name for name in members if not re.search(rf"[`.]{name}\b|`{name}:", PAGE)} == set()


def test_every_trigger_is_on_the_page() -> None:
    found = re.search(r"export type TriggerName =(.*?);", TYPES, re.DOTALL)
    assert found
    names = re.findall(r"'(\w+)'", found[1])
    assert len(names) == 19
    assert [name for name in names if f"`{name}`" not in PAGE] == []
