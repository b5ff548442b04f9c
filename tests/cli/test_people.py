"""``tracker profile …``, ``session …``, ``event …`` and ``quarantine …``."""

import json
import zipfile

import pytest

from tracker.core.model import Event, Times
from tracker.core.steps import Identify, MergeProfiles
from tracker.store import reports
from tracker.store.applying import apply
from tracker.store.engine import transaction

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
NOON = "2025-06-01T12:00:00.000Z"


@pytest.fixture(autouse=True)
def history(make_source, record, engine, clock) -> None:
    """Two visitors of the shop and one of the blog; the first one was merged into the second."""
    make_source("shop")
    make_source("blog")
    record(
        events=(Event("page-view", "e1", {"pageTitle": "Läden"}, {"page": "https://shop.example"}, ("a", "b")),),
        session="s1",
        profile=UUID,
        context={"screen": {"width": 1}},
        properties={"plan": "x"},
    )
    clock.forward(1)
    record(events=(Event("purchase", "e2", {"price": 13.45}, time=Times(create=clock.now - 1)),), session="s2")
    clock.forward(1)
    record("e3", session="s3", source="blog")
    step = MergeProfiles("merge-9", "profile-1", "profile-2", "referral", clock(), {"source": "blog"})
    transaction(engine, lambda conn: apply(conn, [step]))


def test_a_profile_is_shown_by_any_of_its_ids(tracker) -> None:
    shown = tracker("profile", "show", "profile-2", "--json").object
    assert shown.pop("consents") == {}
    assert shown == {
        "id": "profile-2",
        "ids": ["profile-2", UUID, "profile-1"],
        "visits": 2,
        "sessions": ["s1", "s2"],
        "events": 2,
        "traits": {},
        "created": "2025-06-01T12:00:01.000Z",
        # The merge was the last thing that happened to it.
        "updated": "2025-06-01T12:00:02.000Z",
        "merged_into": None,
    }
    assert tracker("profile", "show", UUID, "--json").object | {"merged_into": None} == shown | {"consents": {}}
    assert tracker("profile", "show", "profile-1", "--json").object["merged_into"] == "profile-2"


@ONE_DATABASE
def test_people_get_a_profile_as_a_line_a_field(tracker) -> None:
    lines = tracker("profile", "show", "profile-2").out.splitlines()
    assert lines[0].split() == ["id", "profile-2"]
    assert [line.split()[0] for line in lines][:9] == [
        "id",
        "ids",
        "visits",
        "sessions",
        "events",
        "traits",
        "consents",
        "created",
        "updated",
    ]


@ONE_DATABASE
@pytest.mark.parametrize("command", ["show", "export", "erase", "unmerge"])
def test_an_unknown_profile_ends_with_1_and_a_sentence(command: str, tracker) -> None:
    said = tracker("profile", command, "nobody")
    assert (said.code, said.out) == (1, "")
    assert "'nobody'" in said.err
    assert "Traceback" not in said.err


def test_a_merge_is_undone_once(tracker) -> None:
    said = tracker("profile", "unmerge", "profile-1")
    assert said.code == 0
    assert "profile-1" in said.out
    assert "profile-2" in said.out
    assert tracker("profile", "show", UUID, "--json").object["id"] == "profile-1"
    assert tracker("profile", "show", "profile-2", "--json").object["events"] == 1
    assert tracker("profile", "unmerge", "profile-1").code == 1
    assert tracker("db", "check").code == 0


def test_an_export_holds_all_there_is_of_one_person_and_nothing_of_others(tracker, tmp_path) -> None:
    lines = tracker("profile", "export", UUID).lines
    assert [line["kind"] for line in lines] == ["profile", "merge", "session", "session", "event", "event"]
    assert {line["id"] for line in lines if line["kind"] == "event"} == {"e1", "e2"}
    assert lines[1]["loser"] == "profile-1"
    file = tmp_path / "export.jsonl"
    said = tracker("profile", "export", UUID, "--output", str(file))
    assert (said.code, said.out) == (0, f"Wrote 6 entries of {UUID} to {file}.\n")
    assert [json.loads(line) for line in file.read_bytes().splitlines()] == lines


@pytest.mark.parametrize("words", [(), ("--zip",)], ids=["lines", "archive"])
def test_an_export_replaces_a_file_only_where_that_is_asked_for(words, tracker, tmp_path) -> None:
    file = tmp_path / "export"
    file.write_text("of another person")
    said = tracker("profile", "export", UUID, *words, "--output", str(file))
    assert (said.code, said.out) == (1, "")
    assert said.err == f"{file} is there already; name another one, or say --overwrite.\n"
    assert file.read_text() == "of another person"
    again = tracker("profile", "export", UUID, *words, "--overwrite", "--output", str(file))
    assert (again.code, again.out) == (0, f"Wrote 6 entries of {UUID} to {file}.\n")
    assert file.read_bytes() != b"of another person"


def test_an_archive_holds_a_file_for_each_kind(tracker, record, tmp_path) -> None:
    large = Event("big", "e9", {"note": "mine"}, too_large=70_000)
    record(events=(large,), session="s1", profile=UUID)
    file = tmp_path / "export.zip"
    assert tracker("profile", "export", UUID, "--zip", "--output", str(file)).code == 0
    with zipfile.ZipFile(file) as archive:
        kinds = {name: archive.read(name).splitlines() for name in archive.namelist()}
    assert {name: len(lines) for name, lines in kinds.items()} == {
        "profile.jsonl": 1,
        "merge.jsonl": 1,
        "session.jsonl": 2,
        "event.jsonl": 2,
        "quarantined.jsonl": 1,
    }
    assert "mine" in json.loads(kinds["quarantined.jsonl"][0])["beginning"]
    assert tracker("profile", "export", UUID).out.count('"kind":"quarantined"') == 1
    nowhere = tracker("profile", "export", UUID, "--zip")
    assert (nowhere.code, nowhere.out) == (1, "")
    assert "--output" in nowhere.err


def test_erasing_asks_first_and_then_leaves_nothing(tracker, read) -> None:
    asked = tracker("profile", "erase", UUID, answer="n\n")
    assert asked.code == 1
    assert "profile-2: 2 visits, 2 events. This cannot be undone." in asked.out
    assert tracker("profile", "show", UUID).code == 0

    done = tracker("profile", "erase", UUID, "--yes")
    assert done.code == 0
    assert done.out == "Erased 2 events, 2 sessions, 3 ids, 2 profiles.\n"
    for name in (UUID, "profile-1", "profile-2"):
        assert tracker("profile", "show", name).code == 1
    assert [event["id"] for event in read(reports.events)] == ["e3"]
    assert tracker("db", "check").code == 0


@ONE_DATABASE
def test_one_of_a_thing_is_told_in_the_singular(tracker, record) -> None:
    alone = record("e9", session="alone").profile_id
    asked = tracker("profile", "erase", alone, answer="y\n")
    assert f"{alone}: 1 visit, 1 event. This cannot be undone." in asked.out
    assert asked.out.endswith("Erased 1 event, 1 session, 1 id, 1 profile.\n")


@ONE_DATABASE
def test_erasing_after_a_yes_is_the_same(tracker) -> None:
    assert tracker("profile", "erase", UUID, answer="y\n").out.endswith(
        "Erased 2 events, 2 sessions, 3 ids, 2 profiles.\n"
    )


def test_a_session_is_shown_with_the_profile_it_belongs_to_now(tracker) -> None:
    shown = tracker("session", "show", "s1", "--json").object
    assert shown.pop("touchpoint") == shown.pop("device") == {}
    assert shown == {
        "id": "s1",
        "client_id": "s1",
        "profile": "profile-2",
        "source": "shop",
        "context": {"screen": {"width": 1}},
        "properties": {"plan": "x"},
        "created": NOON,
        "updated": NOON,
    }
    said = tracker("session", "show", "nowhere", "--json")
    assert (said.code, said.out, said.err) == (1, "", "There is no session 'nowhere'.\n")


def test_events_are_listed_the_oldest_first_one_a_line(tracker) -> None:
    lines = tracker("event", "list", "--json").lines
    assert [line["id"] for line in lines] == ["e1", "e2", "e3"]
    assert lines[0] == {
        "id": "e1",
        "type": "page-view",
        "source": "shop",
        "profile": "profile-2",
        "session": "s1",
        "properties": {"pageTitle": "Läden"},
        "context": {"page": "https://shop.example"},
        "tags": ["a", "b"],
        "time": {"create": NOON, "insert": NOON, "update": None},
        "received_at": NOON,
    }


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--profile", "profile-2"), ["e1", "e2"]),
        (("--profile", "profile-1"), ["e1", "e2"]),
        (("--profile", UUID), ["e1", "e2"]),
        (("--profile", "nobody"), []),
        (("--session", "s1"), ["e1"]),
        (("--source", "blog"), ["e3"]),
        (("--type", "page-view"), ["e1", "e3"]),
        (("--type", "page-view", "--source", "shop"), ["e1"]),
        (("--profile", UUID, "--session", "s2", "--source", "shop", "--type", "purchase"), ["e2"]),
        (("--type", "' OR 1=1 --"), []),
    ],
)
@ONE_DATABASE
def test_events_are_found_by_what_is_asked_for(words, found, tracker) -> None:
    said = tracker("event", "list", *words, "--json")
    assert said.code == 0
    assert [line["id"] for line in said.lines] == found


def test_quarantined_events_are_listed_with_the_reason(tracker, record) -> None:
    record(events=(Event("big", "e9", {"a": 1}, too_large=70_000),), session="s1")
    [line] = tracker("quarantine", "list", "--json").lines
    assert line["id"] == "e9"
    assert (line["source"], line["reason"], line["size"]) == ("shop", "event-too-large", 70_000)
    assert json.loads(line["beginning"])["properties"] == {"a": 1}
    assert "event-too-large" in tracker("quarantine", "list").out


@pytest.mark.parametrize("text", ["' OR '1'='1", "x'; DROP TABLE event; --", "%", "_", "page-view'--", '" OR ""="'])
def test_a_filter_is_a_value_and_never_part_of_the_query(tracker, text: str) -> None:
    for option in ("--profile", "--session", "--source", "--type"):
        said = tracker("event", "list", option, text, "--json")
        assert (said.code, said.out) == (0, "")
    assert len(tracker("event", "list", "--json").lines) == 3


def test_two_profiles_are_previewed_merged_by_hand_and_taken_apart(tracker) -> None:
    looked = tracker("profile", "merge", "profile-2", "profile-3", "--dry-run", "--json").object
    assert (looked["survivor"], looked["loser"], looked["events"]) == (
        "profile-2",
        "profile-3",
        {"survivor": 2, "loser": 1},
    )
    assert tracker("profile", "show", "profile-3", "--json").object["id"] == "profile-3"
    dry = tracker("profile", "merge", "profile-2", "profile-3", "--dry-run")
    assert dry.out.splitlines()[-1] == "Nothing was merged."
    said = tracker("profile", "merge", "profile-2", "profile-3")
    assert (said.code, said.out.splitlines()[-1]) == (0, "To undo it: tracker profile unmerge profile-3")
    assert tracker("profile", "show", "profile-3", "--json").object["id"] == "profile-2"
    [*_, log] = [line for line in tracker("profile", "export", "profile-2").lines if line["kind"] == "merge"]
    assert (log["reason"], log["referral"]) == ("manual", {"by": "command line"})
    again = tracker("profile", "merge", "profile-2", "profile-3")
    assert (again.code, again.out) == (1, "")
    assert "already" in again.err
    assert tracker("profile", "unmerge", "profile-3").code == 0
    assert tracker("profile", "show", "profile-3", "--json").object["events"] == 1
    assert tracker("profile", "merge", "profile-2", "nobody").err == "No profile answers to 'nobody'.\n"
    assert tracker("db", "check").code == 0


def test_two_people_are_merged_by_hand_only_on_an_explicit_wish(tracker, engine) -> None:
    transaction(engine, lambda conn: apply(conn, [Identify("profile-2"), Identify("profile-3")]))
    refused = tracker("profile", "merge", "profile-2", "profile-3")
    assert (refused.code, refused.out) == (1, "")
    assert "--different-people" in refused.err
    assert tracker("profile", "merge", "profile-2", "profile-3", "--different-people").code == 0
    assert tracker("profile", "show", "profile-3", "--json").object["id"] == "profile-2"
    assert tracker("db", "check").code == 0
