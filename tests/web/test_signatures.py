"""What a signature covers is verified as it was signed, and nothing else is."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from sqlalchemy import text

from tracker.core.model import Source
from tracker.ingest.identities import IdentityOffice
from tracker.store import identify_secrets, reports, sources
from tracker.store.engine import transaction

SECRET_KEY = "a key that only tests sign with"
OFFICE = IdentityOffice((SECRET_KEY,))


def over_id(user_id: Any, generation: int = 0, source: str = "shop") -> str:
    secret = OFFICE.secret_of(source, generation)
    return hmac.new(secret.encode(), str(user_id).encode(), hashlib.sha256).hexdigest()


def over_all(generation: int = 0, **properties: Any) -> dict[str, Any]:
    """Return the properties with a signature over all of them."""
    canonical = json.dumps(properties, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key = f"{OFFICE.secret_of('shop', generation)}:traits".encode()
    return properties | {"signature": hmac.new(key, canonical.encode(), hashlib.sha256).hexdigest()}


@pytest.fixture
def identify(track):
    """Send an identify event of a new visitor and return the answer."""
    numbers = iter(range(1000))

    def go(properties: dict[str, Any], **fields: Any) -> Any:
        number = next(numbers)
        event = {"type": "identify", "id": f"identify-{number}", "properties": properties}
        return track(**({"session": f"session-{number}", "events": [event]} | fields))

    return go


@pytest.fixture
def traits(read):
    return lambda answer: read(reports.profile, answer["profile"]["id"])["traits"]


@pytest.mark.parametrize("other", ["ａnna", "anna ", " anna", "anna\u00a0", "Anna", "an\u00adna", "anna\u200b", "аnna"])
def test_user_ids_that_only_look_alike_are_different_people(other: str, make_source, identify) -> None:
    make_source("shop")
    anna = identify({"user_id": "anna", "signature": over_id("anna")})["profile"]["id"]
    for properties in ({"user_id": other, "signature": over_id(other)}, over_all(user_id=other)):
        answer = identify(properties)
        assert answer["profile"]["id"] != anna
        assert answer["warnings"] == []
    assert identify({"user_id": "anna", "signature": over_id("anna")})["profile"]["id"] == anna


def test_a_user_who_was_known_before_by_the_exact_id_is_found_again(make_source, identify, engine) -> None:
    make_source("shop")
    known = identify({"user_id": "anna", "signature": over_id("anna")})["profile"]["id"]
    key = hashlib.blake2b(SECRET_KEY.encode(), digest_size=32, person=b"handoff-identty").digest()
    with engine.connect() as conn:
        [hashed] = conn.scalars(text("SELECT hash FROM identity")).all()
    # As all earlier versions have stored it.
    assert hashed == hashlib.blake2b(b"user_id:anna", digest_size=20, key=key).hexdigest()
    assert identify({"user_id": "anna", "signature": over_id("anna")})["profile"]["id"] == known


def test_a_number_that_was_stored_with_its_trunk_zero_is_found_again(make_source, identify, engine) -> None:
    make_source("shop", identify="open")
    known = identify({"phone": "+49 170 1234567"})["profile"]["id"]
    key = hashlib.blake2b(SECRET_KEY.encode(), digest_size=32, person=b"handoff-identty").digest()
    before = hashlib.blake2b(b"phone:+4901701234567", digest_size=20, key=key).hexdigest()
    with engine.begin() as conn:
        conn.execute(text("UPDATE identity SET hash = :hash"), {"hash": before})
    assert identify({"phone": "+49 (0)170 / 123 45 67"})["profile"]["id"] == known
    # It is stored in its present spelling by now.
    assert identify({"phone": "+49 170 1234567"})["profile"]["id"] == known


def test_only_what_the_signature_covers_is_verified(make_source, identify, traits) -> None:
    make_source("shop")
    said = {"email": "anna@site.dev", "traits": {"plan": "pro", "phone": "+49 30 1234567"}}
    beside = identify({"user_id": "anna", "signature": over_id("anna")} | said)
    claimed = {"email": "anna@site.dev", "phone": "+49301234567", "plan": "pro"}
    assert traits(beside) == {"user_id": "anna", "unverified": claimed}
    whole = identify(over_all(user_id="ben", email="ben@site.dev", traits={"plan": "pro", "phone": "+49 30 7654321"}))
    assert traits(whole) == {"user_id": "ben", "email": "ben@site.dev", "phone": "+49307654321", "plan": "pro"}
    # What is verified leads to the person, too.
    assert identify(over_all(email="ben@site.dev"))["profile"] == whole["profile"]
    assert identify(over_all(email="anna@site.dev"))["profile"] != beside["profile"]


@pytest.mark.parametrize(
    "forged",
    [
        over_all(user_id="ben") | {"user_id": "anna"},
        over_all(user_id="ben") | {"traits": {"user_id": "anna"}},
        over_all(user_id="ben", traits={"plan": "pro"}) | {"traits": {"plan": "pro", "email": "anna@site.dev"}},
        {"signature": over_id("ben"), "traits": {"user_id": "anna"}},
        # A user id that names nobody may be signed; what stands beside it is not covered by that.
        {"user_id": "test", "signature": over_id("test"), "traits": {"user_id": "anna"}},
        # A user whose id is the text of the other kind of signature.
        {"user_id": "anna", "signature": over_id('{"user_id":"anna"}')},
        {"traits": {"user_id": "anna"}, "signature": over_id('{"traits":{"user_id":"anna"}}')},
    ],
)
def test_a_signature_for_one_thing_is_none_for_another(forged, make_source, identify, traits) -> None:
    make_source("shop")
    anna = identify(over_all(user_id="anna", email="anna@site.dev"))["profile"]["id"]
    answer = identify(forged)
    assert answer["profile"]["id"] != anna
    assert "anna" not in traits(answer).values()
    assert "anna@site.dev" not in traits(answer).values()


LOST = [
    ({"user_id": "(not set)"}, "user_id of"),
    ({"user_id": "anna", "signature": over_id("anna"), "traits": {"email": "no address"}}, "traits.email of"),
    ({"user_id": "anna", "signature": over_id("anna"), "traits": "plan=pro"}, "no object"),
    (over_all(user_id="anna", traits={"unverified": 1}), "unverified"),
    ({"phone": "1" * 300}, "phone of"),
]


@pytest.mark.parametrize(("properties", "named"), LOST)
def test_what_is_not_kept_is_named(properties, named, make_source, identify) -> None:
    make_source("shop")
    assert any(named in warning for warning in identify(properties)["warnings"])


def test_an_address_in_the_traits_of_a_signed_event_is_kept_as_unverified(make_source, identify, traits) -> None:
    make_source("shop")
    answer = identify({"user_id": "anna", "signature": over_id("anna"), "traits": {"email": "Anna@Site.dev"}})
    assert traits(answer) == {"user_id": "anna", "unverified": {"email": "anna@site.dev"}}


def test_of_more_identify_events_than_count_the_answer_tells(make_source, track, read) -> None:
    make_source("shop")
    events = [{"type": "identify", "id": f"e{n}", "properties": {"traits": {f"t{n}": n}}} for n in range(11)]
    answer = track(session="s", events=events)
    assert any("first 10 identify events" in warning for warning in answer["warnings"])
    assert len(read(reports.profile, answer["profile"]["id"])["traits"]["unverified"]) == 10


def test_a_secret_is_changed_for_one_source_and_the_old_one_is_believed_until_it_is_retired(
    make_source, identify, engine, clock
) -> None:
    make_source("shop")
    make_source("blog")
    anna = identify({"user_id": "anna", "signature": over_id("anna")})["profile"]["id"]

    def leads(generation: int, source: str = "shop") -> bool:
        clock.forward(5)
        said = {"user_id": "anna", "signature": over_id("anna", generation, source)}
        return identify(said, source=source)["profile"]["id"] == anna

    def change(work) -> int:
        return transaction(engine, lambda conn: work(conn, "shop", clock()))

    assert [leads(number) for number in (0, 1)] == [True, False]
    assert change(identify_secrets.rotate) == 1
    assert [leads(number) for number in (0, 1, 2)] == [True, True, False]
    assert leads(0, "blog")
    assert not leads(1, "blog")
    # Another change of the source does not take the new secret back.
    [before] = [source for source in sources.all_sources(engine) if source.id == "shop"]
    sources.change(engine, Source("shop", "Another name"), clock())
    [after] = [source for source in sources.all_sources(engine) if source.id == "shop"]
    assert after.identify_generations == before.identify_generations == (1, 0)
    assert change(identify_secrets.retire) == 1
    assert [leads(number) for number in (0, 1, 2)] == [False, True, False]
    assert [change(identify_secrets.rotate), change(identify_secrets.rotate)] == [2, 3]
    assert [leads(number) for number in (0, 1, 2, 3)] == [False, True, True, True]
    assert leads(0, "blog")


def test_a_program_changes_the_secret_of_a_source(tool, make_source) -> None:
    make_source("shop")
    path = "/api/sources/shop/identify-secret"
    made = tool.ok("POST", path, {"do": "rotate"})
    assert made == {"secret": OFFICE.secret_of("shop", 1), "generation": 1, "oldest_believed": 0}
    assert tool.ok("POST", path, {"do": "retire"})["oldest_believed"] == 1
    assert tool("POST", path, {"do": "guess"}).status_code == 422
    assert tool("POST", "/api/sources/none/identify-secret", {"do": "rotate"}).status_code == 404
