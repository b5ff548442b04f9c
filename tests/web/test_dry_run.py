"""``/track?dry_run=1`` says what would happen, and nothing happens."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from store_faults import faults_of, of_postgresql, of_sqlite

from tracker.core.quota import Quota
from tracker.store.tables import Base
from tracker.web.services import services

PATH = "/track?dry_run=1"


@pytest.fixture
def contents(engine):
    """Return every row of every table."""

    def look() -> dict[str, list[tuple]]:
        with engine.connect() as conn:
            return {
                table.name: sorted(map(str, conn.execute(text(f"SELECT * FROM {table.name}"))))  # noqa: S608
                for table in Base.metadata.sorted_tables
            }

    return look


def test_it_tells_of_a_new_visitor_and_stores_nothing(make_source, post, payload, contents) -> None:
    make_source("shop")
    before = contents()
    answer = post(payload("e1", session="s"), PATH)
    assert answer.status_code == 200
    body = answer.get_json()
    assert body["events"] == [{"id": "e1", "fate": "stored"}]
    does = ["create-profile", "open-session", "store-event"]
    assert [step["do"] for step in body["would"]] == does
    assert body["dry_run"] is True
    assert "pass" not in body
    assert contents() == before


def test_it_says_what_then_happens(make_source, post, payload, track, contents) -> None:
    make_source("shop")
    track("e1", session="s")
    before = contents()
    told = post(payload("e1", "e2", session="s"), PATH).get_json()
    assert contents() == before
    real = track("e1", "e2", session="s", options={"debugger": True})
    assert (told["events"], told["profile"], told["session"]) == (real["events"], real["profile"], real["session"])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_it_refuses_what_the_real_one_refuses(make_source, post, payload, client) -> None:
    make_source("shop", origins=("https://shop.example",))
    assert post(payload("e1"), PATH).status_code == 401
    assert post({"events": []}, PATH).status_code == 422
    assert client.post(PATH, data="{", content_type="text/plain").status_code == 422
    answer = post(payload("e1"), PATH, Origin="https://shop.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("query", "status"), [("0", 200), ("true", 422), ("", 422), ("yes", 422), ("1&dry_run=0", 200)]
)
def test_a_wish_that_could_mean_either_is_refused(query: str, status: int, make_source, post, payload) -> None:
    make_source("shop")
    answer = post(payload("e1"), f"/track?dry_run={query}")
    assert answer.status_code == status
    if status == 422:
        assert answer.get_json()["detail"][0]["loc"] == ["query", "dry_run"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_other_parameters_change_nothing(make_source, post, payload) -> None:
    make_source("shop")
    assert "would" not in post(payload("e1"), "/track?utm_source=x").get_json()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_it_is_not_counted_among_what_became_of_events(make_source, post, payload, client) -> None:
    make_source("shop")
    post(payload("e1"), PATH)
    assert 'fate="stored"' not in client.get("/metrics").text


@pytest.fixture
def failing(app, backend):
    """Let the statements of an app fail that hold a text."""

    def go(code: int, state: str, only: str):
        with app.app_context():
            error = of_sqlite(code) if backend == "sqlite" else of_postgresql(state)
            return faults_of(services().engine, error=error, only=only)

    return go


@pytest.mark.parametrize(
    ("code", "state", "status"), [(13, "53100", 503), (1, "42501", 503), (1, "0A000", 503), (18, "22P05", 200)]
)
def test_it_answers_as_the_real_one_where_the_database_does_not_take_it(
    code: int, state: str, status: int, make_source, post, payload, contents, failing
) -> None:
    make_source("shop")
    body = payload("e1", session="s", properties={"of": "canary"})
    before = contents()
    with failing(code, state, "canary"):
        told, real = post(body, PATH), post(body | {"options": {"debugger": True}})
    assert (told.status_code, real.status_code) == (status, status)
    if status == 200:
        assert told.get_json()["events"] == real.get_json()["events"] == [{"id": "e1", "fate": "quarantined"}]
        assert [step["do"] for step in told.get_json()["would"]][-1] == "quarantine-event"
    else:
        assert contents() == before


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_it_answers_as_the_real_one_where_there_is_no_room(another, make_source, payload) -> None:
    make_source("shop")
    full = another(quota=Quota(1, "day"))
    assert full.post("/track", json=payload("e1", session="s")).status_code == 200
    assert full.post(PATH, json=payload("e2", session="s")).status_code == 429
    assert full.post("/track", json=payload("e2", session="s")).status_code == 429


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_it_does_not_keep_others_from_writing(make_source, post, payload, track, engine) -> None:
    make_source("shop")
    with engine.connect() as watching:
        assert post(payload("e1", session="s"), PATH).status_code == 200
        watching.exec_driver_sql("ROLLBACK")
        # Nobody holds the lock: it is to be had without any wait.
        watching.exec_driver_sql("PRAGMA busy_timeout=0")
        watching.exec_driver_sql("BEGIN IMMEDIATE")
        watching.exec_driver_sql("ROLLBACK")


def test_many_at_once_change_nothing_and_hold_nobody_up(make_source, post, payload, contents, track) -> None:
    make_source("shop", identify="open")
    before = contents()
    bodies = [
        {"source": {"id": "shop"}, "session": {"id": f"s{n % 3}"}, "events": [
            {"type": "identify", "id": f"e{n}", "properties": {"user_id": f"u{n % 2}", "traits": {"plan": "gold"}}}]}
        for n in range(24)
    ]  # fmt: skip
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: post(body, PATH).status_code, bodies))
    assert set(answers) == {200}
    assert contents() == before
    track("real", session="s0")
