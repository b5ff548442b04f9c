"""``/track?dry_run=1`` says what would happen, and nothing happens."""

import pytest
from sqlalchemy import text

from tracker.store.tables import Base

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
    does = ["create-profile", "open-session", "note-event-type", "store-event"]
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
