"""What a stranger piles up on one session or one profile is bounded, and nobody reads more because of it."""

import orjson
import pytest
from sqlalchemy import event as happens
from sqlalchemy import select

from tracker.core.model import Claim, IdentityKey
from tracker.core.person_limits import MOST_NAMES, MOST_TRAIT_BYTES, Weight
from tracker.core.which_session import MOST_SESSIONS
from tracker.store import reports
from tracker.store.engine import transaction
from tracker.store.person_weights import weights_of
from tracker.store.tables import AliasRow, ProfileRow, SessionRow

CROWD = 60
UUIDS = [f"6ba7b810-9dad-41d1-80b4-{number:012x}" for number in range(CROWD)]


@pytest.fixture(autouse=True)
def shop(make_source) -> None:
    make_source("shop", identify="open")


def claiming(user: str, **traits: object) -> tuple[Claim, ...]:
    return (Claim(0, (IdentityKey("user_id", user, (user * 8,)),), traits),)


def test_of_a_crowd_on_one_session_id_twenty_sessions_stand_for_it(record, engine, read, broken) -> None:
    answers = [record(f"e{number}", session=f"own-{number}") for number in range(CROWD)]
    for number, answer in enumerate(answers):
        record(f"f{number}", session="shared", profile=answer.profile_id)
    with engine.connect() as conn:
        standing = conn.scalars(select(SessionRow.id).where(SessionRow.client_id == "shared")).all()
    assert len(standing) == MOST_SESSIONS
    assert record("last", session="shared").profile_id == answers[0].profile_id
    assert {event["profile"] for event in read(reports.events)} == {answer.profile_id for answer in answers}
    assert broken() == {}


def test_megabytes_of_traits_leave_a_bounded_profile_and_are_named(record, engine, broken) -> None:
    said = [f"{number:03}" + "x" * 40_000 for number in range(200)]
    named = 0
    for start in range(0, 200, 10):
        traits = {f"t{number}": said[number] for number in range(start, start + 10)}
        answer = record(f"e{start}", session="s", claims=claiming("anna", **traits))
        named += any("these were not kept: t" in warning for warning in answer.warnings)
    with engine.connect() as conn:
        [traits] = conn.scalars(select(ProfileRow.traits)).all()
    assert len(orjson.dumps(traits)) <= MOST_TRAIT_BYTES
    assert len(traits) == 7
    assert named == 20
    assert record("later", session="s", claims=claiming("anna", small=1)).warnings == ()
    assert broken() == {}


def test_profiles_merged_into_a_person_bring_no_more_traits_than_one_may_have(record, read, clock, broken) -> None:
    half = "x" * 150_000
    record("a", session="s1", claims=claiming("anna", first=half))
    # What an unsigned visitor says is kept with the visitor, and would come along with the merge.
    record("b0", session="s2")
    record("b", session="s2", claims=(Claim(0, (), {"second": half}),))
    answer = record("c", session="s2", claims=claiming("anna"))
    assert answer.profile_id == "profile-1"
    assert answer.warnings[0] == "The two profiles hold more ids or traits than one may; they were not merged."
    assert read(reports.live_id, "profile-2") == "profile-2"
    assert broken() == {}


def test_what_is_asked_of_a_person_with_too_many_ids_is_bounded(record, engine) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    with engine.begin() as conn:
        rows = [{"id": f"id-{n}", "profile_id": "profile-1", "given_to": "profile-1"} for n in range(2 * MOST_NAMES)]
        conn.execute(AliasRow.__table__.insert(), rows)
    found = transaction(engine, lambda conn: weights_of(conn, ["profile-1", "profile-2"]))
    assert found == {"profile-1": Weight(MOST_NAMES + 1), "profile-2": Weight(1)}
    answer = record("e3", session="s1", profile=UUIDS[0])
    assert answer.warnings == ("This profile has as many ids as one may have; the one sent was not kept.",)


def test_an_everyday_event_asks_nothing_about_weights(record, engine) -> None:
    record("e1", session="s1", profile=UUIDS[0])
    asked: list[str] = []
    happens.listen(engine, "before_cursor_execute", lambda conn, cursor, text, *_: asked.append(text))
    record("e2", session="s1", profile=UUIDS[0])
    assert not [text for text in asked if "coalesce(sum" in text.lower()]
    record("e3", session="s1", profile=UUIDS[1])
    assert [text for text in asked if "coalesce(sum" in text.lower()]
