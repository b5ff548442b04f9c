"""What an operator does to one person: undo a merge, erase everything."""

import hashlib
import re
from dataclasses import replace

import pytest

from tracker.core.model import Event, Options
from tracker.core.steps import MergeProfiles
from tracker.ingest.fresh import tombstone_digest
from tracker.store import people, reports
from tracker.store.applying import apply
from tracker.store.engine import transaction
from tracker.store.tables import Base, TombstoneRow

UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
SECRET_KEY = "a key that only tests sign with"
OTHER_UUID = "7d444840-9dc0-41d1-b245-5ffdce74fad2"


@pytest.fixture(autouse=True)
def shop(make_source) -> None:
    make_source("shop")


@pytest.fixture
def merge(engine, clock, new_id):
    """Merge one profile into another, with nothing else happening."""

    def go(loser: str, survivor: str) -> None:
        step = MergeProfiles(new_id("merge"), loser, survivor, "referral", clock(), {"source": "shop"})
        transaction(engine, lambda conn: apply(conn, [step]))

    return go


@pytest.fixture
def unmerge(engine, clock):
    return lambda profile_id: transaction(engine, lambda conn: people.unmerge(conn, profile_id, clock()))


@pytest.fixture
def erase(engine, clock, digest):
    return lambda alias: transaction(engine, lambda conn: people.erase(conn, alias, clock(), digest))


@pytest.fixture
def everything(read):
    """Return all that can be read of some profiles, but for the merge log."""

    def look(*ids: str):
        return {
            name: (
                read(reports.live_id, name),
                read(reports.profile, name),
                read(reports.sessions_of, name),
                read(reports.events, profile_id=name),
            )
            for name in ids
        }

    return look


@pytest.fixture
def rows(engine):
    """Return all rows of some tables as text, to look for what must not be there."""

    def look(*leave_out: str) -> str:
        with engine.begin() as conn:
            return "\n".join(
                str(row)
                for name, table in Base.metadata.tables.items()
                if name not in leave_out
                for row in conn.execute(table.select())
            )

    return look


# Merging and undoing it --------------------------------------------------------------------------------------------


def test_after_a_merge_both_ids_answer_to_one_person_with_all_its_history(record, merge, read, broken) -> None:
    record("e1", session="s1", profile=UUID)
    record("e2", session="s2", profile=OTHER_UUID)
    merge("profile-1", "profile-2")
    person = read(reports.profile, "profile-2")
    assert person["ids"][0] == "profile-2"
    assert set(person["ids"]) == {"profile-1", "profile-2", UUID, OTHER_UUID}
    assert (person["visits"], person["events"]) == (2, 2)
    for alias in ("profile-1", UUID):
        assert read(reports.profile, alias) | {"merged_into": None} == person
    assert read(reports.profile, "profile-1")["merged_into"] == "profile-2"
    assert {event["profile"] for event in read(reports.events)} == {"profile-2"}
    assert broken() == {}


def test_undoing_a_merge_restores_every_read(record, merge, unmerge, everything, broken) -> None:
    ids = ("profile-1", "profile-2", UUID, OTHER_UUID)
    record("e1", session="s1", profile=UUID)
    record("e2", session="s2", profile=OTHER_UUID)
    before = everything(*ids)
    merge("profile-1", "profile-2")
    assert everything(*ids) != before
    assert unmerge("profile-1") == ("profile-1", "profile-2")
    assert everything(*ids) == before
    assert broken() == {}


def test_undoing_one_merge_of_a_chain_leaves_the_others_in_force(record, merge, unmerge, everything, broken) -> None:
    for number in "123":
        record(f"e{number}", session=f"s{number}")
    apart = everything("profile-1", "profile-2", "profile-3")
    merge("profile-1", "profile-2")
    pair = everything("profile-1", "profile-2", "profile-3")
    merge("profile-2", "profile-3")
    all_in_one = everything("profile-1", "profile-2", "profile-3")
    unmerge("profile-2")
    assert everything("profile-1", "profile-2", "profile-3") == pair
    merge("profile-2", "profile-3")
    assert everything("profile-1", "profile-2", "profile-3") == all_in_one
    unmerge("profile-1")
    assert everything("profile-1") == {"profile-1": apart["profile-1"]}
    assert broken() == {}
    unmerge("profile-2")
    assert everything("profile-1", "profile-2", "profile-3") == apart
    assert broken() == {}


def test_what_came_in_after_the_merge_stays_with_the_survivor(record, merge, unmerge, read, broken) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    merge("profile-1", "profile-2")
    record("e3", session="s1", profile="profile-1")
    unmerge("profile-1")
    assert [event["id"] for event in read(reports.events, profile_id="profile-1")] == ["e1"]
    assert [event["id"] for event in read(reports.events, profile_id="profile-2")] == ["e2", "e3"]
    assert broken() == {}
    # The visitor was given the survivor's id; in the session of the other one it gets a session of its own.
    answer = record("e4", session="s1", profile="profile-2")
    assert answer.profile_id == "profile-2"
    assert answer.session_id != "s1"
    assert broken() == {}


def test_the_merge_log_tells_both_sides_the_reason_and_the_undoing(record, merge, unmerge, read, clock) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    merge("profile-1", "profile-2")
    clock.forward(60)
    unmerge("profile-1")
    [entry] = read(reports.merges, "profile-1")
    assert entry == {
        "id": "merge-3",
        "loser": "profile-1",
        "survivor": "profile-2",
        "reason": "referral",
        "referral": {"source": "shop"},
        "at": "2025-06-01T12:00:00.000Z",
        "undone_at": "2025-06-01T12:01:00.000Z",
    }
    assert read(reports.merges, "profile-2") == [entry]


def test_there_is_nothing_to_undo_for_a_profile_that_was_not_merged_away(record, merge, unmerge) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    merge("profile-1", "profile-2")
    for name in ("profile-2", "nobody"):
        with pytest.raises(people.NothingToUndo):
            unmerge(name)
    unmerge("profile-1")
    with pytest.raises(people.NothingToUndo):
        unmerge("profile-1")


def test_an_unmerged_pair_can_be_merged_and_unmerged_again(record, merge, unmerge, everything, broken) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    before = everything("profile-1", "profile-2")
    for loser, survivor in (("profile-1", "profile-2"), ("profile-2", "profile-1"), ("profile-1", "profile-2")):
        merge(loser, survivor)
        assert broken() == {}
        unmerge(loser)
        assert everything("profile-1", "profile-2") == before
    assert broken() == {}


# Erasing -----------------------------------------------------------------------------------------------------------


def test_erasing_by_any_id_takes_the_whole_person_and_nobody_else(record, merge, erase, read, rows, broken) -> None:
    canary = {"email": "canary@example.org"}
    record(
        events=(Event("a", "e1", canary, {"page": canary}, ("canary@example.org",)),),
        session="s1",
        profile=UUID,
        context=canary,
        properties=canary,
        device={"user_agent": "canary@example.org"},
    )
    record(events=(Event("big", "e2", canary, too_large=70_000), Event("b", "e3")), session="s1")
    record("e4", session="s2", profile=OTHER_UUID)
    merge("profile-1", "profile-3")
    stranger = record("e5", session="s3")
    before = (read(reports.profile, stranger.profile_id), read(reports.sessions_of, stranger.profile_id))

    assert erase(UUID) == {"events": 3, "sessions": 2, "ids": 4, "profiles": 2}

    assert before == (read(reports.profile, stranger.profile_id), read(reports.sessions_of, stranger.profile_id))
    left = rows()
    for trace in ("canary", UUID, OTHER_UUID, "profile-1", "profile-3", "e1'", "e2'", "s1'"):
        assert trace not in left
    assert read(reports.merges, "profile-1") == read(reports.merges, "profile-3") == []
    assert broken() == {}
    with pytest.raises(people.NoSuchPerson):
        erase(UUID)


def test_a_late_retry_does_not_bring_erased_events_back(record, erase, read, broken) -> None:
    first = record("e1", "e2", session="s1", profile=UUID)
    erase("profile-1")
    for _ in range(2):
        late = record("e1", "e2", session="s1", profile=UUID)
        assert [fate for _, fate in late.fates] == ["duplicate", "duplicate"]
        assert late.profile_id != first.profile_id
    assert read(reports.events) == []
    assert broken() == {}


def test_an_erased_id_never_names_anybody_again(record, erase, read, broken) -> None:
    record("e1", session="s1", profile=UUID)
    erase(UUID)
    answer = record("e2", session="s2", profile=UUID)
    assert answer.profile_id != "profile-1"
    assert any("erased" in warning for warning in answer.warnings)
    assert read(reports.live_id, UUID) is None
    assert read(reports.live_id, "profile-1") is None
    assert record("e3", session="s2", profile=UUID).profile_id == answer.profile_id
    assert read(reports.profile, answer.profile_id)["ids"] == [answer.profile_id]
    assert broken() == {}


def test_a_trusted_source_cannot_name_an_erased_id_either(record, erase, read, make_source) -> None:
    make_source("crm", kind="server")
    record("e1", session="s1", profile=UUID)
    erase(UUID)
    answer = record("e2", session="s2", source="crm", ids=(UUID, "customer-7"))
    assert read(reports.live_id, UUID) is None
    assert read(reports.live_id, "customer-7") == answer.profile_id


def test_erasing_after_an_undone_merge_takes_the_one_person_alone(record, merge, unmerge, erase, read, broken) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    merge("profile-1", "profile-2")
    unmerge("profile-1")
    erase("profile-2")
    assert [event["id"] for event in read(reports.events)] == ["e1"]
    assert read(reports.profile, "profile-1")["events"] == 1
    assert broken() == {}


def test_a_quarantined_event_that_was_erased_does_not_come_back_either(record, erase, read) -> None:
    large = Event("big", "e1", {"email": "canary@example.org"}, too_large=70_000)
    record(events=(large, Event("a", "e2")), session="s1", profile=UUID)
    erase(UUID)
    late = record(events=(large, Event("a", "e2")), session="s1", profile=UUID)
    assert [fate for _, fate in late.fates] == ["duplicate", "duplicate"]
    assert read(reports.quarantine) == []


def test_a_tombstone_holds_as_long_as_its_key_is_among_the_believed_ones(record, erase, read) -> None:
    record("e1", session="s1", profile=UUID)
    erase(UUID)
    rotated = replace(record, digest=tombstone_digest(("the newest key of all", "another", SECRET_KEY)))
    assert [fate for _, fate in rotated("e1", session="s1", profile=UUID).fates] == ["duplicate"]
    assert read(reports.live_id, UUID) is None


def test_tombstones_say_nothing_to_who_reads_the_table(record, erase, engine) -> None:
    record("event-of-mine", session="s1", profile=UUID)
    erase(UUID)
    with engine.begin() as conn:
        kept = conn.execute(TombstoneRow.__table__.select()).all()
    # The profile's two ids and the event.
    assert len(kept) == 3
    for guessed in (UUID, f"profile:{UUID}", "event:shop\nevent-of-mine"):
        for plain in (hashlib.sha1, hashlib.sha256, hashlib.blake2b):  # what somebody would try
            assert all(row.hash not in plain(guessed.encode()).hexdigest() for row in kept)
    assert all(re.fullmatch("[0-9a-f]{40}", row.hash) for row in kept)


def test_what_a_session_did_before_it_had_a_profile_belongs_to_its_person_too(record, erase, read) -> None:
    nameless = Event("a", "e1", {"email": "canary@example.org"}, options=Options(save_profile=False))
    record(events=(nameless,), session="s1")
    person = record("e2", session="s1").profile_id
    stranger = record("e3", session="s2").profile_id

    assert read(reports.profile, person)["events"] == 2
    assert [event["id"] for event in read(reports.events, profile_id=person)] == ["e1", "e2"]

    assert erase(person)["events"] == 2
    assert [event["id"] for event in read(reports.events)] == ["e3"]
    assert read(reports.profile, stranger)["events"] == 1
