"""Many at once, in several processes with several threads each: still one profile, one event, no cycle, no deadlock."""

import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tracker.core.model import Event, Payload
from tracker.store import people, reports
from tracker.store.engine import transaction

Body = dict[str, Any]
WORKERS = 2
ROUNDS = 8


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes of their own, each with its own connections, as gunicorn has them."""
    trace = tmp_path_factory.mktemp("workers") / "stderr"
    with trace.open("w") as file:
        command = [sys.executable, str(Path(__file__).with_name("worker.py"))]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": file, "text": True}
        started = [subprocess.Popen(command, **pipes) for _ in range(WORKERS)]
        yield started
        for worker in started:
            worker.communicate(timeout=30)
    assert [worker.returncode for worker in started] == [0] * WORKERS, trace.read_text()


@pytest.fixture
def at_once(workers, database_url):
    """Let each worker send its payloads, all at the same moment; returns the answers, which must be successes."""

    def go(*bodies_of_each: list[Body], meanwhile=lambda: None) -> list[Body]:
        for worker, bodies in zip(workers, bodies_of_each, strict=True):
            print(json.dumps({"url": database_url, "bodies": bodies}), file=worker.stdin, flush=True)
        assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * WORKERS
        for worker in workers:
            print("go", file=worker.stdin, flush=True)
        meanwhile()
        answers = [answer for worker in workers for answer in json.loads(worker.stdout.readline())]
        assert {status for status, _ in answers} == {200}, answers
        return [body for _, body in answers]

    return go


@pytest.mark.usefixtures("no_deadlocks")
def test_first_hits_with_one_session_id_make_one_profile_and_one_session(at_once, make_source, payload, read, broken):
    make_source("shop")
    hits = [[payload(f"{worker}-{n}", session="one") for n in range(12)] for worker in range(WORKERS)]
    answers = at_once(*hits)
    assert {answer["session"]["id"] for answer in answers} == {"one"}
    [profile_id] = {answer["profile"]["id"] for answer in answers}
    person = read(reports.profile, profile_id)
    assert (person["ids"], person["visits"], person["events"]) == ([profile_id], 1, 24)
    assert {event["profile"] for event in read(reports.events)} == {profile_id}
    assert broken() == {}


def test_first_hits_with_a_session_id_that_another_source_has_taken_make_one_profile(
    at_once, make_source, track, payload, read, broken
):
    make_source("shop")
    make_source("blog")
    stranger = track("e0", session="visit-7")["profile"]["id"]
    hits = [[payload(f"{w}-{n}", session="visit-7", source="blog") for n in range(8)] for w in range(WORKERS)]
    answers = at_once(*hits)
    [profile_id] = {answer["profile"]["id"] for answer in answers}
    assert len({answer["session"]["id"] for answer in answers}) == 1
    assert profile_id != stranger
    assert read(reports.profile, profile_id)["visits"] == 1
    assert broken() == {}


def test_first_hits_with_one_unknown_uuid_make_one_profile(at_once, make_source, payload, read, broken):
    make_source("shop")
    uuid = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
    hits = [[payload(f"{worker}-{n}", profile=uuid, session=f"{worker}-{n}") for n in range(8)] for worker in range(2)]
    [profile_id] = {answer["profile"]["id"] for answer in at_once(*hits)}
    person = read(reports.profile, profile_id)
    assert (person["ids"], person["visits"], person["events"]) == ([profile_id, uuid], 16, 16)
    assert broken() == {}


def test_the_same_batch_twenty_times_at_once_is_stored_once(at_once, make_source, payload, read, broken):
    make_source("shop")
    ids = [str(uuid.uuid5(uuid.NAMESPACE_URL, name)) for name in ("e1", "e2", "e3")]
    batch = payload(*ids, options={"debugger": True})
    answers = at_once([batch] * 10, [batch] * 10)
    assert [event["id"] for event in read(reports.events)] == ids
    fates = [[event["fate"] for event in answer["events"]] for answer in answers]
    assert fates.count(["stored"] * 3) == 1
    assert fates.count(["duplicate"] * 3) == 19
    # Even without a session id a retry with ids that nobody can guess is answered with the profile that got the events.
    assert len({answer["profile"]["id"] for answer in answers}) == 1
    assert broken() == {}


@pytest.fixture
def no_deadlocks(engine, backend, request):
    """Watch that PostgreSQL does not have to break a deadlock, which costs a second each; SQLite cannot have any."""
    if backend == "sqlite":
        yield
        return
    server, name = request.getfixturevalue("postgres"), engine.url.database
    engine.dispose()
    before = server.deadlocks(name)
    yield
    engine.dispose()
    assert server.deadlocks(name) == before


def profiles_of(record, count: int, *names: str) -> dict[str, str]:
    """Make profiles, each with an event and a session, and return their ids by name."""
    return {
        f"{name}{n}": record(f"event-{name}{n}", session=f"session-{name}{n}").profile_id
        for n in range(count)
        for name in names
    }


@pytest.mark.usefixtures("no_deadlocks")
def test_two_profiles_merged_from_both_sides_become_one(at_once, sites, payload, arriving, record, read, broken):
    sites()
    ids = profiles_of(record, ROUNDS, "a", "b")
    # On the blog a arrives with b from the shop, on the shop b arrives with a from the blog.
    on_blog = [
        payload(f"x{n}", source="blog", profile=ids[f"a{n}"], session=f"session-a{n}", context=arriving(ids[f"b{n}"]))
        for n in range(ROUNDS)
    ]
    back = {"source": "blog", "at": "shop.example"}
    on_shop = [
        payload(f"y{n}", profile=ids[f"b{n}"], session=f"session-b{n}", context=arriving(ids[f"a{n}"], **back))
        for n in range(ROUNDS)
    ]
    at_once(on_blog, on_shop)
    assert broken() == {}
    for n in range(ROUNDS):
        a, b = (read(reports.profile, ids[f"{name}{n}"]) for name in "ab")
        assert a["id"] == b["id"]
        assert set(a["ids"]) == {ids[f"a{n}"], ids[f"b{n}"]}
        assert a["events"] == 4
        assert len(read(reports.merges, a["id"])) == 1, "the second of the two found nothing left to do"


@pytest.mark.usefixtures("no_deadlocks")
def test_a_ring_of_three_merges_at_once_ends_in_one_profile(at_once, sites, payload, arriving, record, read, broken):
    sites()
    ids = profiles_of(record, ROUNDS, "a", "b", "c")
    ring = [
        payload(f"{here}{n}", source="blog", profile=ids[f"{here}{n}"], context=arriving(ids[f"{referred}{n}"]))
        for n in range(ROUNDS)
        for here, referred in ("ab", "bc", "ca")
    ]
    at_once(ring[::2], ring[1::2])
    assert broken() == {}
    for n in range(ROUNDS):
        [survivor] = {read(reports.live_id, ids[f"{name}{n}"]) for name in "abc"}
        assert read(reports.profile, survivor)["events"] == 6
        assert len(read(reports.merges, survivor)) == 2


@pytest.mark.usefixtures("no_deadlocks")
def test_merging_tracking_and_erasing_at_once_leave_a_sound_store(
    at_once, sites, payload, arriving, record, read, broken, engine, clock, digest
):
    sites()
    ids = profiles_of(record, ROUNDS, "a", "b")
    merging = [
        payload(f"m{n}", source="blog", profile=ids[f"a{n}"], context=arriving(ids[f"b{n}"])) for n in range(ROUNDS)
    ]
    tracking = [
        payload(f"t{n}-{name}", profile=ids[f"{name}{n}"], session=f"session-{name}{n}")
        for n in range(ROUNDS)
        for name in "ab"
    ]

    def erase(alias: str) -> None:
        try:
            transaction(engine, lambda conn: people.erase(conn, alias, clock(), digest))
        except people.NoSuchPerson:
            return

    def erase_every_second() -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(erase, [ids[f"b{n}"] for n in range(0, ROUNDS, 2)]))

    at_once(merging, tracking, meanwhile=erase_every_second)
    assert broken() == {}
    for n in range(ROUNDS):
        a, b = read(reports.live_id, ids[f"a{n}"]), read(reports.live_id, ids[f"b{n}"])
        if n % 2:
            assert a == b, "nobody disturbed this merge"
        else:
            # Had the merge come first, the erasure took both sides; else a lives on by itself.
            assert b is None, "an erased id names nobody, whoever came first"
            assert a in (None, ids[f"a{n}"])
            assert f"event-b{n}" not in {event["id"] for event in read(reports.events)}


@pytest.mark.usefixtures("no_deadlocks")
@pytest.mark.parametrize("known", [False, True], ids=["new visitors", "known visitors"])
def test_batches_that_meet_in_opposite_orders_do_not_wait_for_each_other(known, make_source, record, read, broken):
    make_source("shop")
    for turn in range(ROUNDS):
        batch = [
            record.payload(f"{turn}-{n}", session=f"s{turn}-{n}", profile=f"6ba7b810-9dad-41d1-80b4-{turn:06}{n:06}")
            for n in range(60)
        ]
        if known:
            record.batch(*(payload._replace(events=(Event("before"),)) for payload in batch))
        start = threading.Barrier(2)

        def commit(payloads: list[Payload], start=start) -> None:
            start.wait()
            record.batch(*payloads)

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(commit, batch), pool.submit(commit, batch[::-1])]:
                done.result(30)
    assert len(read(reports.events, event_type="page-view")) == 60 * ROUNDS
    assert broken() == {}


def test_threads_of_one_process_agree_as_well(app, make_source, payload, read, broken):
    make_source("shop")
    start = threading.Barrier(16)

    def hit(number: int) -> Body:
        start.wait()
        return app.test_client().post("/track", json=payload(f"e{number}", session="one")).get_json()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(hit, range(16)))
    [profile_id] = {answer["profile"]["id"] for answer in answers}
    person = read(reports.profile, profile_id)
    assert (person["visits"], person["events"]) == (1, 16)
    assert len({answer["task"][0] for answer in answers}) == 16
    assert broken() == {}
