"""No statement grows with what clients send: one hostile payload in a batch must not cost the others theirs."""

import pytest
from debian_postgres import BACKENDS
from sqlalchemy import func, select
from store_faults import faults_of

from tracker.core.importing import Imported
from tracker.core.model import Claim, Event, IdentityKey
from tracker.core.steps import MergeProfiles
from tracker.store import importing, people, reports
from tracker.store.applying import apply
from tracker.store.engine import reading, transaction
from tracker.store.tables import TombstoneRow, TraitRow

pytestmark = pytest.mark.parametrize("backend", BACKENDS, indirect=True)

FEW, MANY = 4, 40
MOST = 200
"""Traits of one profile."""


@pytest.fixture(autouse=True)
def shop(make_source) -> None:
    make_source("shop", identify="open")


@pytest.fixture
def people_with(record):
    """Write down payloads of people who sign in, each with as many traits as one may have."""

    def write(number: int, turn: str, traits: int = MOST):
        return [
            record.payload(
                events=(Event("identify", f"{turn}-{n}"), Event("consent-granted", f"{turn}-{n}-c", {"ads": True})),
                session=f"s{n}",
                claims=(
                    Claim(
                        0,
                        (IdentityKey("user_id", f"u{n}", (f"u{n}",)),),
                        {f"t{place}": f"{turn}-{n}-{place}" for place in range(traits)},
                    ),
                ),
            )
            for n in range(number)
        ]

    return write


@pytest.fixture
def shape(engine):
    """Return (the longest statement, the most variables of one) that some work takes."""

    def go(work, *args):
        with faults_of(engine) as counted:
            work(*args)
        return counted.longest, max(counted.variables)

    return go


def test_a_batch_s_statements_are_no_longer_for_many_people_with_many_traits(
    record, people_with, shape, engine, broken
) -> None:
    record.batch(*people_with(MANY, "first"))
    # The same people say something else: all that was searched for by their traits is replaced.
    few, many = (shape(record.batch, *people_with(number, f"for {number}")) for number in (FEW, MANY))
    assert few == many
    assert many[1] < 40
    with engine.connect() as conn:
        assert conn.scalar(select(func.count()).select_from(TraitRow)) == MANY * MOST
    assert broken() == {}


def test_who_replaces_hundreds_of_traits_costs_an_innocent_neighbour_nothing(record, people_with) -> None:
    record.batch(*people_with(24, "first"))
    *_, innocent = record.batch(*people_with(24, "second"), record.payload("innocent", session="innocent"))
    assert innocent.fates == (("innocent", "stored"),)


def test_profiles_are_brought_in_by_statements_of_one_length(engine, digest, clock, shape) -> None:
    def bring(number, turn):
        given = [Imported(f"{turn}-{n}", (f"{turn}-{n}-other",), {"plan": f"p{n}"}) for n in range(number)]
        transaction(engine, lambda conn: importing.bring_in(conn, given, digest, clock()))

    assert shape(bring, FEW, "few") == shape(bring, MANY, "many")


def test_a_person_of_many_profiles_and_events_is_read_and_erased_by_statements_of_one_length(
    record, engine, clock, digest, new_id, shape, read
) -> None:
    def person(number, turn):
        made = [answer.profile_id for answer in record.batch(
            *(record.payload(f"{turn}-{n}", session=f"{turn}-{n}") for n in range(number))
        )]  # fmt: skip
        merges = [MergeProfiles(new_id("merge"), made[0], made[1], "referral", clock())]
        merges += [MergeProfiles(new_id("merge"), loser, made[1], "referral", clock()) for loser in made[2:]]
        transaction(engine, lambda conn: apply(conn, merges))
        return made[1]

    few, many = person(FEW, "few"), person(MANY, "many")
    assert shape(read, reports.profile, few) == shape(read, reports.profile, many)
    erased = {}

    def erase(name):
        erased.update(transaction(engine, lambda conn: people.erase(conn, name, clock(), digest)))

    assert shape(erase, few) == shape(erase, many)
    assert erased["profiles"] == MANY
    found = transaction(reading(engine), lambda conn: conn.scalar(select(func.count()).select_from(TombstoneRow)))
    assert found == 2 * (FEW + MANY), "each id and each event"
