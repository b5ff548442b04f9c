"""Signing in, over HTTP and on both databases: one person on all devices and domains, and never somebody else."""

import hashlib
import hmac
import threading
from typing import Any

import pytest
from sqlalchemy import text

from tracker.core.model import Source
from tracker.ingest.identities import IdentityOffice
from tracker.store import people, reports, sources
from tracker.store.engine import transaction

SECRET_KEY = "a key that only tests sign with"
UNSIGNED = "What an identify event says is not signed; it was kept as unverified traits and merged nothing."


def signature(user_id: str, source: str = "shop", key: str = SECRET_KEY) -> str:
    """What the backend of a site sends along."""
    secret = IdentityOffice((key,)).secret_of(source)
    return hmac.new(secret.encode(), user_id.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def sign_in(track):
    """Send an identify event, signed by the site's backend unless told otherwise, and return the answer."""

    def go(user_id: str, *, source: str = "shop", kind: str = "identify", event: str | None = None, **fields: Any):
        said = {"user_id": user_id, "signature": signature(user_id, source)} | fields.pop("properties", {})
        said = {name: value for name, value in said.items() if value is not None}
        event_id = event or f"{kind}-{source}-{fields.get('session')}-{user_id}"
        events = [{"type": kind, "id": event_id, "properties": said}]
        return track(source=source, **(fields | {"events": events}))

    return go


@pytest.fixture
def whole(engine):
    """Return every byte of a profile's own row, and of the ids, keys and merges that are its."""

    def look(profile_id: str) -> list[tuple[Any, ...]]:
        with engine.connect() as conn:
            return [
                tuple(row)
                for table, column in (
                    ("profile", "id"),
                    ("alias", "profile_id"),
                    ("identity", "profile_id"),
                    ("session", "profile_id"),
                    ("merge", "survivor"),
                )
                for row in conn.execute(text(f"SELECT * FROM {table} WHERE {column} = :id"), {"id": profile_id})  # noqa: S608
            ]

    return look


def test_anonymous_on_phone_and_laptop_then_signed_in_on_both_is_one_person_across_domains(
    sites, track, sign_in, read, broken
) -> None:
    sites()
    phone = track("phone-1", session="phone", source="shop")["profile"]["id"]
    laptop = track("laptop-1", session="laptop", source="blog")["profile"]["id"]
    assert phone != laptop

    first = sign_in("anna", session="phone", profile=phone, source="shop")
    second = sign_in("anna", session="laptop", profile=laptop, source="blog")

    assert first["profile"]["id"] == second["profile"]["id"] == phone
    person = read(reports.profile, laptop)
    assert set(person["ids"]) == {phone, laptop}
    assert (person["visits"], person["events"]) == (2, 4)
    types = {event["id"] for event in read(reports.events, profile_id=phone)}
    assert {"phone-1", "laptop-1"} < types
    assert second["warnings"] == []
    later = track("laptop-2", session="laptop", profile=laptop, source="blog")
    assert later["profile"]["id"] == phone
    assert broken() == {}


@pytest.mark.parametrize("kind", ["identify", "Sign In", "identification"])
def test_each_way_to_say_it_is_understood(kind: str, make_source, sign_in) -> None:
    make_source("shop")
    one = sign_in("anna", kind=kind, session="s1")
    other = sign_in("anna", kind=kind, session="s2")
    assert one["profile"] == other["profile"]


WRONG = {
    "none": None,
    "empty": "",
    "of another user": signature("ben"),
    "of another source": signature("anna", "blog"),
    "under another key": signature("anna", key="a key of somebody else"),
    "no text": 7,
    "not ascii": "ä" * 64,
}


@pytest.mark.parametrize("shown", WRONG.values(), ids=WRONG)
def test_without_the_right_signature_the_victim_is_unchanged_byte_for_byte(
    shown, make_source, track, sign_in, read, whole
) -> None:
    make_source("shop")
    victim = sign_in("anna", session="s1", properties={"email": "anna@site.test"})["profile"]["id"]
    before = whole(victim)

    said = {"signature": shown, "email": "anna@site.test", "phone": "+49301234567", "traits": {"plan": "pro"}}
    answer = sign_in("anna", session="s2", properties=said)

    assert answer["profile"]["id"] != victim
    assert answer["warnings"] == [UNSIGNED]
    assert whole(victim) == before
    claimed = {"user_id": "anna", "email": "anna@site.test", "phone": "+49301234567", "plan": "pro"}
    assert read(reports.profile, answer["profile"]["id"])["traits"] == {"unverified": claimed}


def test_an_address_that_is_claimed_never_names_a_profile(make_source, sign_in, track, read) -> None:
    make_source("shop", identify="open")
    known = sign_in("anna", session="s1", properties={"email": "anna@site.test"})["profile"]["id"]
    for name in ("anna", "anna@site.test"):
        assert read(reports.profile, name) is None
        assert track(f"e-{name}", profile=name)["profile"]["id"] != known


def test_a_trusted_source_needs_no_signature(make_source, post, payload, engine, clock, read) -> None:
    _, secret = sources.create(engine, Source("crm", "CRM", kind="server"), clock())
    said = {"email": "Anna@Site.test", "traits": {"plan": "pro"}}
    answers = [
        post(
            payload(source="crm") | {"events": [{"type": "identify", "id": event, "properties": said}]},
            Authorization=f"Bearer {secret}",
        ).get_json()
        for event in ("e1", "e2")
    ]
    assert answers[0]["profile"] == answers[1]["profile"]
    assert read(reports.profile, answers[0]["profile"]["id"])["traits"] == {"email": "anna@site.test", "plan": "pro"}


def test_the_newer_trait_wins_field_by_field(make_source, sign_in, read, clock) -> None:
    make_source("shop", identify="open")
    sign_in("anna", session="s1", properties={"traits": {"plan": "free", "size": 42}})
    clock.forward(60)
    answer = sign_in("anna", session="s2", properties={"traits": {"plan": "pro", "hat": {"colour": "ü"}}})
    assert read(reports.profile, answer["profile"]["id"])["traits"] == {
        "user_id": "anna",
        "plan": "pro",
        "size": 42,
        "hat": {"colour": "ü"},
    }


def test_a_shared_browser_keeps_two_people_apart(make_source, track, sign_in, read, broken) -> None:
    make_source("shop")
    anna = sign_in("anna", session="s")
    ben = sign_in("ben", session="s", profile=anna["profile"]["id"])
    assert ben["profile"] != anna["profile"]
    back = sign_in("anna", session="s", profile=ben["profile"]["id"], event="again")
    assert back["profile"] == anna["profile"]
    assert read(reports.profile, anna["profile"]["id"])["events"] == 2
    assert broken() == {}


def test_a_link_does_not_merge_two_people(sites, sign_in, track, arriving) -> None:
    sites()
    anna = sign_in("anna", session="s1", source="shop")["profile"]["id"]
    ben = sign_in("ben", session="s2", source="blog")["profile"]["id"]
    arrived = track("e9", session="s2", profile=ben, source="blog", context=arriving(anna))
    assert arrived["profile"]["id"] == ben
    assert arrived["warnings"] == ["Both profiles are identified as different people; a link does not merge them."]


def test_a_link_leads_an_anonymous_visitor_into_the_person(sites, sign_in, track, arriving) -> None:
    sites()
    anna = sign_in("anna", session="s1", source="shop")["profile"]["id"]
    nobody = track("e1", session="s2", source="blog")["profile"]["id"]
    assert track("e2", session="s2", profile=nobody, source="blog", context=arriving(anna))["profile"]["id"] == anna


def test_after_an_unmerge_the_keys_stay_with_the_person_and_the_visitor_is_a_visitor_again(
    make_source, track, sign_in, read, engine, clock, broken
) -> None:
    make_source("shop")
    anna = sign_in("anna", session="s1")["profile"]["id"]
    visitor = track("e1", session="s2")["profile"]["id"]
    sign_in("anna", session="s2", profile=visitor)

    transaction(engine, lambda conn: people.unmerge(conn, visitor, clock()))

    assert read(reports.profile, visitor)["id"] == visitor
    assert sign_in("anna", session="s3")["profile"]["id"] == anna
    ben = sign_in("ben", session="s2", profile=visitor)
    assert (ben["profile"]["id"], ben["warnings"]) == (visitor, [])
    assert broken() == {}


def test_what_was_erased_is_forgotten_and_a_late_repeat_does_not_bring_it_back(
    make_source, sign_in, engine, clock, digest, broken
) -> None:
    make_source("shop")
    anna = sign_in("anna", session="s1", event="e1")["profile"]["id"]
    transaction(engine, lambda conn: people.erase(conn, anna, clock(), digest))
    with engine.connect() as conn:
        assert conn.execute(text("SELECT * FROM identity")).all() == []

    sign_in("anna", session="s1", event="e1")

    with engine.connect() as conn:
        assert conn.execute(text("SELECT * FROM identity")).all() == []
        assert conn.execute(text("SELECT * FROM profile")).all() == []
    assert broken() == {}


def test_the_table_says_nothing_to_who_reads_it(make_source, sign_in, engine) -> None:
    make_source("shop", identify="open")
    sign_in("anna", session="s1", properties={"email": "anna@site.test"})
    with engine.connect() as conn:
        rows = conn.execute(text("SELECT kind, hash FROM identity ORDER BY kind")).all()
    assert [row.kind for row in rows] == ["email", "user_id"]
    for row, value in zip(rows, ("anna@site.test", "anna"), strict=True):
        for plain in (hashlib.sha1, hashlib.sha256, lambda text: hashlib.blake2b(text, digest_size=20)):
            assert row.hash != plain(value.encode()).hexdigest()


def test_people_are_known_and_signatures_believed_after_the_key_was_changed(make_source, sign_in, another) -> None:
    make_source("shop")
    before = sign_in("anna", session="s1")["profile"]
    client = another(secret_keys=("a new key, sixteen and more", SECRET_KEY))
    for number, key in enumerate((SECRET_KEY, "a new key, sixteen and more")):
        said = {"user_id": "anna", "signature": signature("anna", key=key)}
        event = {"type": "identify", "id": f"after-{number}", "properties": said}
        body = {"source": {"id": "shop"}, "session": {"id": f"new-{number}"}, "events": [event]}
        assert client.post("/track", json=body).get_json()["profile"] == before
    # By now the key is known under the new secret too, so the old one may go.
    client = another(secret_keys=("a new key, sixteen and more",))
    event["id"] = "much-later"
    body = {"source": {"id": "shop"}, "session": {"id": "much-later"}, "events": [event]}
    assert client.post("/track", json=body).get_json()["profile"] == before


def test_two_who_sign_in_at_the_same_moment_are_one_person_or_two_but_never_half(
    make_source, app, broken, engine, payload
) -> None:
    """Each pair of requests fights over one key, and over one anonymous profile."""
    make_source("shop")
    client = app.test_client()
    shared = client.post("/track", json=payload("e0", session="shared")).get_json()["profile"]["id"]
    answers: list[int] = []

    def go(number: int) -> None:
        user = f"user-{number % 2}"
        said = {"user_id": user, "signature": signature(user)}
        body = {"source": {"id": "shop"}, "session": {"id": f"s-{number}"}, "profile": {"id": shared}}
        event = {"type": "identify", "id": f"e-{number}", "properties": said}
        answers.append(app.test_client().post("/track", json=body | {"events": [event]}).status_code)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200] * 16
    with engine.connect() as conn:
        keys = conn.execute(text("SELECT hash, profile_id FROM identity")).all()
    assert len({row.profile_id for row in keys}) == len(keys) == 2
    assert broken() == {}


def test_what_is_said_of_a_visitor_beside_identify_is_named_and_nothing_is_said_to_be_kept(make_source, post) -> None:
    make_source("shop")
    said = {"userId": "42", "name": "Anna"}
    body = {
        "source": {"id": "shop"},
        "session": {"id": "s"},
        "profile": {"id": "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "traits": {"email": "anna@site.dev"}},
        "events": [{"type": "identify", "id": "in", "traits": {"a": 1}, "properties": said}],
    }
    assert post(body).get_json()["warnings"] == [
        "These say nothing about the visitor here and were not kept; send an identify event:"
        " events.0.traits, profile.traits.",
        "These properties of an identify event are stored with the event alone;"
        " who the visitor is goes into user_id, email, phone and traits: name, userId.",
    ]
