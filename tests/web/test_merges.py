"""Merging two people by hand in the console: finding the other one, what would come together, the merge, its undo."""

import html
import re

import pytest

from tracker.store import reports

UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


def identified(track, user_id: str, at: str, **traits: object) -> str:
    said = {"type": "identify", "properties": {"user_id": user_id, "traits": {"name": user_id.title()} | traits}}
    return str(track(session=at, events=[said])["profile"]["id"])


def told(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text.split("<main")[1])).split())


@pytest.fixture
def anna_and_visitor(make_source, track, clock) -> tuple[str, str]:
    """Anna, who is identified, and a visitor who is not, with a trait on which they differ."""
    make_source(identify="open")
    anna = identified(track, "anna", "s1", plan="gold")
    clock.forward(60)
    visitor = track("e1", "e2", session="s2")["profile"]["id"]
    return anna, visitor


def test_the_other_one_is_found_and_what_would_come_together_is_shown_before_anything_happens(
    console, anna_and_visitor, read, broken
) -> None:
    _, visitor = anna_and_visitor
    assert f'/person/merge?id={visitor}"' in console.get(f"/person?id={visitor}").text
    assert "names this person already" in console.get(f"/person/merge?id={visitor}&q=s2").text
    assert "Nobody else found" in console.get(f"/person/merge?id={visitor}&q=bea").text
    search = console.get(f"/person/merge?id={visitor}&q=anna").text
    [compare] = re.findall(r'href="(/person/merge\?[^"]*other=[^"]+)"', search)
    text = told(console.get(html.unescape(compare)).text)
    # The one who is known stays, whichever was looked at first.
    assert f"Merge Visitor {visitor[:8]} into Anna?" in text
    assert re.search(r"Stays Anna known Visits 1 Events 1 Recognised by user id", text)
    assert re.search(r"Becomes part of it Visitor \S+ anonymous Visits 1 Events 2 Recognised by nothing", text)
    assert "Nowhere: what both say is the same." in text
    assert read(reports.profile, visitor)["id"] == visitor
    assert broken() == {}


def test_a_merge_is_done_logged_with_who_did_it_and_undone_from_the_message_and_done_again(
    console, anna_and_visitor, read, broken
) -> None:
    anna, visitor = anna_and_visitor
    path = f"/person/merge?id={visitor}&other={anna}"
    done = console.sure(path)
    assert done.location == f"/person?id={anna}"
    page = console.get(done.location).text
    assert "is merged into Anna." in page
    assert "by hand, by anna" in told(page)
    assert read(reports.profile, visitor)["id"] == anna
    assert console.sure(path).status_code == 409, "they are one by now"
    undone = console.sure(f"/person/unmerge?id={visitor}")
    page = console.get(undone.location).text
    assert "Merge again" in page
    assert read(reports.profile, visitor)["id"] == visitor
    [again] = [form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if ">Merge again<" in form]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', again))
    assert console.client.post(html.unescape(re.findall(r'action="([^"]+)"', again)[0]), data=fields).status_code == 303
    assert read(reports.profile, visitor)["id"] == anna
    assert broken() == {}


def test_two_who_are_known_as_different_people_are_merged_only_where_that_is_ticked(
    console, make_source, track, clock, read, broken
) -> None:
    make_source(identify="open")
    anna = identified(track, "anna", "s1", plan="gold")
    clock.forward(60)
    bea = identified(track, "bea", "s2", plan="silver", city="Graz")
    path = f"/person/merge?id={anna}&other={bea}"
    text = told(console.get(path).text)
    assert "as two different people" in text
    assert re.search(r"name Bea Anna Bea", text)
    assert re.search(r"plan silver gold Bea", text)
    assert "city Graz" in text
    refused = console.sure(path)
    assert (refused.status_code, "Nothing was merged. Tick the box" in refused.text) == (422, True)
    assert read(reports.profile, bea)["id"] == bea
    assert console.sure(path, different_people="yes").location == f"/person?id={anna}"
    assert read(reports.profile, bea)["id"] == anna
    assert broken() == {}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_id_that_names_nobody_or_the_same_person_is_a_page_that_says_so(console, make_source, record) -> None:
    make_source()
    record("e1", session="s1", profile=UUID)
    for other, status in (("nobody", 404), ("%00", 404), ("", 404), (UUID, 409), ("profile-1", 409)):
        assert console.get(f"/person/merge?id=profile-1&other={other}").status_code == status, other
        assert console.sure(f"/person/merge?id=profile-1&other={other}").status_code == status, other
    assert console.get("/person/merge?id=nobody").status_code == 404
    assert console.get("/person/merge?id=profile-1&q=%00").status_code == 200


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_people_said_of_themselves_is_text_on_the_page(console, make_source, track, clock) -> None:
    make_source(identify="open")
    hostile = "<script>alert(1)</script>"
    anna = identified(track, "anna", "s1", **{hostile: hostile})
    clock.forward(60)
    bea = identified(track, "bea", "s2", **{hostile: [hostile, {hostile: 1}], "name": hostile})
    page = console.get(f"/person/merge?id={anna}&other={bea}").text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") >= 4
    assert "<script>alert" not in console.get(f"/person/merge?id={anna}&q={hostile}").text
    console.sure(f"/person/merge?id={anna}&other={bea}", different_people="yes")
    assert "<script>alert" not in console.get(f"/person?id={anna}").text
