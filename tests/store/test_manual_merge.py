"""Two profiles are merged by hand: everything comes together, is logged, and comes apart again."""

import pytest
from store.test_interleavings import merging, while_open

from tracker.core.manual_merge import CannotMerge, DifferentPeople
from tracker.core.model import Claim, Event, IdentityKey
from tracker.store import manual_merge, people, reports
from tracker.store.engine import transaction

UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


@pytest.fixture(autouse=True)
def shop(make_source) -> None:
    make_source("shop", identify="open")


@pytest.fixture
def identify(record, clock):
    """Let a visitor sign in with a user id and some traits."""

    def go(user: str, session: str, **traits: str) -> str:
        clock.forward(1)
        key = IdentityKey("user_id", user, (f"hash-of-{user}",))
        made = record(
            events=(Event("identify", f"sign-in-of-{user}"),), session=session, claims=(Claim(0, (key,), traits),)
        )
        return made.profile_id

    return go


@pytest.fixture
def merge(engine, clock, new_id):
    def go(first: str, second: str, **options):
        work = lambda conn: manual_merge.merge(conn, first, second, new_id("merge"), clock(), **options)  # noqa: E731
        return transaction(engine, work)

    return go


def everything(read, *ids: str):
    return {
        name: (
            read(reports.profile, name),
            read(reports.sessions_of, name),
            read(reports.events, profile_id=name),
        )
        for name in ids
    }


def test_two_profiles_become_one_and_come_apart_again_as_they_were(
    engine, record, read, merge, identify, clock, broken
) -> None:
    record("e1", session="s1", profile=UUID)
    anna = identify("anna", "s2", name="Anna")
    before = everything(read, UUID, anna)
    found = merge(UUID, anna, note={"by": "test"})
    assert (found.survivor.id, found.loser.id) == (anna, "profile-1"), "the identified profile stays"
    person = read(reports.profile, UUID)
    assert (person["id"], person["visits"], person["events"], person["traits"]["name"]) == (anna, 2, 2, "Anna")
    assert set(person["ids"]) == {anna, "profile-1", UUID}
    [log] = read(reports.merges, anna)
    assert (log["loser"], log["survivor"], log["reason"]) == ("profile-1", anna, "manual")
    assert log["referral"] == {"by": "test"}
    assert broken() == {}
    transaction(engine, lambda conn: people.unmerge(conn, found.loser.id, clock()))
    assert everything(read, UUID, anna) == before | {
        anna: (before[anna][0] | {"updated": person["updated"]}, *before[anna][1:])
    }
    assert broken() == {}


def test_a_preview_writes_nothing_and_says_what_the_merge_will_bring(record, read, merge, identify) -> None:
    record("e1", "e2", session="s1", profile=UUID)
    anna = identify("anna", "s2", name="Anna")
    before = everything(read, UUID, anna)
    seen = read(manual_merge.preview, UUID, anna)
    assert everything(read, UUID, anna) == before
    assert read(reports.merges, anna) == []
    done = merge(UUID, anna)
    assert done == seen
    after = read(reports.profile, anna)
    assert set(after["ids"]) == {*seen.survivor.ids, *seen.loser.ids}
    assert after["events"] == seen.survivor.events + seen.loser.events
    assert after["visits"] == seen.survivor.sessions + seen.loser.sessions
    assert after["traits"] == seen.traits
    assert (seen.survivor.kinds, seen.loser.kinds) == (("user_id",), ())


def test_two_people_are_merged_only_on_an_explicit_wish_and_keep_apart_again_after_an_undo(
    engine, read, merge, identify, clock, broken
) -> None:
    anna, bea = identify("anna", "s1", name="Anna"), identify("bea", "s2", name="Bea")
    with pytest.raises(DifferentPeople):
        merge(anna, bea)
    assert read(reports.live_id, bea) == bea
    assert read(reports.merges, anna) == []
    merge(anna, bea, different_people=True)
    assert read(reports.live_id, bea) == anna
    assert read(reports.profile, anna)["traits"]["name"] == "Bea", "the newer value"
    assert broken() == {}
    # Who signs in as either of the two comes to the one profile now.
    assert identify("bea", "s3") == anna
    transaction(engine, lambda conn: people.unmerge(conn, bea, clock()))
    assert read(reports.profile, bea)["traits"]["name"] == "Bea"
    assert identify("bea", "s4") == bea
    assert identify("anna", "s5") == anna
    assert broken() == {}


def test_what_cannot_be_merged_changes_nothing(record, read, merge) -> None:
    record("e1", session="s1", profile=UUID)
    with pytest.raises(people.NoSuchPerson, match="nobody"):
        merge(UUID, "nobody")
    with pytest.raises(people.NoSuchPerson, match="nobody"):
        read(manual_merge.preview, "nobody", UUID)
    with pytest.raises(CannotMerge, match="already"):
        merge(UUID, "profile-1")
    assert read(reports.merges, "profile-1") == []


def test_a_merge_by_hand_during_a_merge_by_a_link_is_decided_anew(engine, record, read, clock, broken) -> None:
    for number in "123":
        record(f"e{number}", session=f"s{number}")
    by_hand = lambda conn: manual_merge.merge(conn, "profile-1", "profile-3", "by-hand", clock())  # noqa: E731
    found = while_open(engine, merging("profile-1", "profile-2"), lambda: transaction(engine, by_hand))
    assert (found.survivor.id, found.loser.id) == ("profile-2", "profile-3")
    assert {read(reports.live_id, f"profile-{number}") for number in "123"} == {"profile-2"}
    assert broken() == {}
