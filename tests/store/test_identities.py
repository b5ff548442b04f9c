"""What a batch decided of people is written only where nobody else was faster."""

from collections.abc import Sequence

import pytest
from sqlalchemy import text

from tracker.core.model import Claim, Event, IdentityKey, Payload
from tracker.core.person_limits import MOST_TRAITS
from tracker.core.resolution import resolve
from tracker.core.steps import MergeProfiles, Step
from tracker.ingest.fresh import fresh_for
from tracker.store import reports, sources
from tracker.store.applying import apply
from tracker.store.engine import transaction
from tracker.store.repository import known


def naming(*users: str, **traits: object) -> tuple[Claim, ...]:
    """A signed claim to be these users, each by its own kind of key."""
    kinds = zip(("user_id", "email"), users, strict=False)
    return (Claim(0, tuple(IdentityKey(kind, user, (user * 8,)) for kind, user in kinds), traits, signed=True),)


@pytest.fixture
def decide(engine, read, clock, new_id, digest):
    """Return the steps for a payload, built on what the store holds now and not written yet."""

    def go(payload: Payload) -> Sequence[Step]:
        known_sources = {source.id: source for source in sources.all_sources(engine)}
        found = read(known, [payload], known_sources, digest, clock())
        return resolve(payload, found, fresh_for(payload, clock, new_id)).steps

    return go


@pytest.fixture
def write(engine):
    """Write steps in one go and say whether that was in time: a lost race is told, not tried again."""

    def go(steps: Sequence[Step]) -> bool:
        tries = []

        def work(conn) -> bool:
            tries.append(steps)
            if len(tries) > 1:
                return False
            apply(conn, steps)
            return True

        return transaction(engine, work, pause=lambda _: None)

    return go


@pytest.fixture(autouse=True)
def shop(make_source) -> None:
    make_source("shop", identify="open")


def test_two_people_who_sign_in_on_one_profile_at_once_do_not_both_become_its_owner(
    record, decide, write, read, broken
) -> None:
    record("e0", session="s")
    anna = decide(record.payload("e1", session="s", claims=naming("anna")))
    ben = decide(record.payload("e2", session="s", claims=naming("ben")))
    assert (write(anna), write(ben)) == (True, False)
    again = decide(record.payload("e2", session="s", claims=naming("ben")))
    assert write(again)
    assert read(reports.live_id, "profile-1") == "profile-1"
    assert broken() == {}


def test_one_person_who_signs_in_on_two_devices_at_once_ends_as_one(record, decide, write, read, broken) -> None:
    phone, laptop = (decide(record.payload(f"e-{name}", session=name, claims=naming("anna"))) for name in "pl")
    assert (write(phone), write(laptop)) == (True, False)
    assert record("e-l", session="l", claims=naming("anna")).profile_id == "profile-1"
    assert broken() == {}


def test_a_link_does_not_merge_away_who_was_identified_a_moment_ago(record, clock, write, broken) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    merge = MergeProfiles("m1", "profile-1", "profile-2", "referral", clock())
    record("e3", session="s1", claims=naming("anna"))
    assert not write([merge])
    assert broken() == {}


def test_many_people_of_one_batch_are_written_together(record, read, broken) -> None:
    payloads = [record.payload(f"e{n}", session=f"s{n}", claims=naming(f"u{n % 5}", size=n)) for n in range(20)]
    answers = record.batch(*payloads)
    assert len({answer.profile_id for answer in answers}) == 5
    assert read(reports.profile, answers[0].profile_id)["traits"] == {"size": 15, "user_id": "u0"}
    assert broken() == {}


def test_merges_of_late_are_counted_and_old_ones_forgotten(record, clock) -> None:
    def sign_in(number: int) -> str | None:
        record(f"a{number}", session=f"s{number}")
        claim = (Claim(0, (IdentityKey("email", "x", ("x" * 40,)),)),)
        return record(f"b{number}", session=f"s{number}", claims=claim).profile_id

    assert {sign_in(number) for number in range(11)} == {"profile-1"}
    assert sign_in(11) != "profile-1"
    clock.forward(3601)
    assert sign_in(12) == "profile-1"


def test_the_traits_of_one_profile_are_bounded(record, read) -> None:
    for start in range(0, 3 * MOST_TRAITS, 50):
        record(f"e{start}", session="s", claims=naming("anna", **{f"t{start + n}": n for n in range(50)}))
    record("last", session="s", claims=naming("anna", t0="new"))
    traits = read(reports.profile, "profile-1")["traits"]
    assert len(traits) == MOST_TRAITS
    assert traits["t0"] == "new"


def test_what_an_event_without_a_claim_costs_is_what_it_cost_before(record, engine) -> None:
    record("e1", session="s", claims=naming("anna"))
    from store.test_round_trip import statements_of

    asked = statements_of(engine, lambda: record("e2", session="s", profile="profile-1"))
    assert not [statement for statement in asked if "identity" in statement]
    with engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM identity")).scalar() == 1


def test_event_types_alone_identify_nobody_without_a_claim(record, read) -> None:
    record(events=(Event("identify", "e1"),), session="s")
    assert read(reports.profile, "profile-1")["traits"] == {}
