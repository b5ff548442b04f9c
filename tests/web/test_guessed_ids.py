"""An id that can be guessed opens nothing outside its source; a dry run tells no more than a real request."""

import pytest
from sqlalchemy import update

from tracker.core.model import Source
from tracker.store import people, reports, sources
from tracker.store.engine import transaction
from tracker.store.tables import SessionRow

UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
ELSEWHERE = "The session belongs to another source; a session of this source stands for it."


@pytest.fixture
def victim(make_source, track):
    """A visitor of the shop whose session id can be guessed, and a stranger's source."""
    make_source("shop")
    make_source("blog")

    def visit(session: str) -> str:
        return track(f"first-{session}", session=session)["profile"]["id"]

    return visit


@pytest.mark.parametrize("session", ["visit-7", "cust-1001", "d41d8cd98f00b204e9800998ecf8427e"])
@pytest.mark.parametrize("path", ["/track", "/track?dry_run=1"])
def test_a_guessed_session_id_of_another_source_leads_to_nobody(session, path, victim, post, payload, read) -> None:
    whose = victim(session)
    answer = post(payload("e1", source="blog", session=session), path)
    body = answer.get_json()
    assert body["profile"]["id"] != whose
    assert body["session"]["id"] != session
    assert body["warnings"] == [ELSEWHERE]
    assert whose not in answer.text
    assert read(reports.profile, whose)["events"] == 1


def test_within_its_source_or_as_a_uuid_or_from_a_backend_a_session_id_leads_to_its_profile(
    victim, track, post, payload, engine, clock
) -> None:
    whose = victim("visit-7")
    assert track("e1", session="visit-7")["profile"]["id"] == whose
    known = victim(UUID)
    assert track("e2", source="blog", session=UUID)["profile"]["id"] == known
    _, secret = sources.create(engine, Source("crm", "CRM", kind="server"), clock())
    clock.forward(5)
    answer = post(payload("e3", source="crm", session="visit-7"), Authorization=f"Bearer {secret}").get_json()
    assert (answer["profile"]["id"], answer["session"]["id"]) == (whose, "visit-7")


def test_a_profile_gets_one_session_for_an_id_whichever_id_of_it_is_sent(victim, track, engine, read, broken) -> None:
    victim(UUID)
    profile, other = (track(event_id)["profile"]["id"] for event_id in ("e1", "e2"))
    track("e3", session=UUID, profile=profile)
    stands_for_it = track("e4", session=UUID, profile=other)["session"]["id"]
    # As a backup that was taken before an erasure brings it back.
    lost = update(SessionRow).where(SessionRow.id == stands_for_it).values(profile_id=None)
    transaction(engine, lambda conn: conn.execute(lost))
    answer = track("e5", session=stands_for_it, profile=profile)
    assert answer["errors"] == []
    assert (answer["profile"]["id"], answer["session"]["id"]) == (profile, stands_for_it)
    assert read(reports.profile, profile)["events"] == 3
    assert broken() == {}


def test_each_source_has_a_session_of_its_own_for_an_id_that_both_use_and_finds_it_again(
    victim, track, read, broken
) -> None:
    whose = victim("visit-7")
    first = track("e1", source="blog", session="visit-7")
    again = track("e2", source="blog", session="visit-7")
    by_its_own_id = track("e3", source="blog", session=first["session"]["id"])
    assert again["profile"] == first["profile"] == by_its_own_id["profile"]
    assert again["session"] == first["session"] == by_its_own_id["session"]
    assert again["warnings"] == []
    assert track("e4", session="visit-7")["profile"]["id"] == whose
    # The other way round, the id of the second session leads the first source nowhere.
    assert track("e5", session=first["session"]["id"])["profile"]["id"] not in (whose, first["profile"]["id"])
    assert read(reports.profile, first["profile"]["id"])["events"] == 3
    assert broken() == {}


def test_who_holds_the_profile_goes_on_with_its_session_on_any_source(victim, track) -> None:
    whose = victim("visit-7")
    answer = track("e1", source="blog", session="visit-7", profile=whose)
    assert (answer["profile"]["id"], answer["session"]["id"], answer["warnings"]) == (whose, "visit-7", [])


def test_a_guessed_event_and_session_of_another_source_lead_to_nobody(victim, track, read) -> None:
    whose = victim("visit-7")
    # The victim's own browser has sent an event with an id that can be guessed to the second source.
    track("order-1", source="blog", session="visit-7", profile=whose)
    answer = track("order-1", source="blog", session="visit-7")
    assert answer["profile"].get("id") != whose
    handed = {"tracardi": {"pass": {"profile": "x", "source": "shop", "session": "visit-7"}}}
    answer = track("order-1", source="blog", session="unknown", context=handed)
    assert answer["profile"].get("id") != whose


def test_a_session_whose_profile_is_gone_is_not_taken_over_by_another_source(
    victim, track, engine, clock, digest, read, broken
) -> None:
    whose = victim("visit-7")
    transaction(engine, lambda conn: people.erase(conn, whose, clock(), digest))
    made = track("e1", session="visit-7")
    answer = track("e2", source="blog", session="visit-7")
    assert answer["profile"]["id"] != made["profile"]["id"]
    assert read(reports.session, "visit-7")["profile"] == made["profile"]["id"]
    assert broken() == {}
