"""Large bodies cost their network more, and take turns."""

import threading

import pytest

from tracker.core.rate import SECOND, Rate
from tracker.ingest.lane import Lane
from tracker.ingest.limiter import NETWORK_HOLDS
from tracker.web.limiting import EVENTS_A_TOKEN, ONE_TOKEN, tokens_for
from tracker.web.services import services

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
BURST = 20
RATE = Rate(SECOND, BURST)


def body(events: int, **fields):
    return {"source": {"id": "shop"}, "session": {"id": "s"}, "events": [{"type": "page-view"}] * events} | fields


@pytest.fixture
def client(another, make_source):
    """A client of a service that lets twenty requests through at once."""
    make_source("shop")
    return another(rate_limit=RATE)


def test_a_click_costs_one_token_and_more_by_size_or_by_events() -> None:
    assert [tokens_for(1_500, 1), tokens_for(ONE_TOKEN - 1, EVENTS_A_TOKEN - 1)] == [1, 1]
    assert tokens_for(4 * ONE_TOKEN, 1) == 5
    assert tokens_for(1_500, 4 * EVENTS_A_TOKEN) == 5
    assert tokens_for(1_048_576, 500) == 129


@ONE_DATABASE
def test_many_events_in_one_request_use_the_limit_up_like_many_requests(client) -> None:
    assert client.post("/track", json=body(BURST * EVENTS_A_TOKEN - 1)).status_code == 200
    assert client.post("/track", json=body(1)).status_code == 429


@ONE_DATABASE
def test_a_large_body_uses_the_limit_up_like_many_requests(client) -> None:
    large = {"properties": {f"p{n}": "v" * 1000 for n in range(BURST * ONE_TOKEN // 1024)}}
    assert client.post("/track", json=body(1, **large)).status_code == 200
    assert client.post("/track", json=body(1)).status_code == 429


@ONE_DATABASE
def test_hundreds_of_small_objects_are_counted_before_they_are_read(client) -> None:
    whole_network = BURST * NETWORK_HOLDS
    raw = b'{"source":{"id":"made-up"},"events":[' + b"{}," * ((whole_network - 2) * EVENTS_A_TOKEN) + b"{}]}"
    answers = [client.post("/track", data=raw, content_type="application/json").status_code for _ in range(2)]
    assert answers == [422, 429]


@ONE_DATABASE
def test_a_source_that_shows_its_secret_sends_as_many_events_as_it_likes(another, make_source, engine, clock) -> None:
    from tracker.core.model import Source
    from tracker.store import sources

    _, secret = sources.create(engine, Source(id="crm", name="crm", kind="server"), clock())
    client = another(rate_limit=RATE)
    many = body(400) | {"source": {"id": "crm"}}
    bearer = {"Authorization": f"Bearer {secret}"}
    assert [client.post("/track", json=many, headers=bearer).status_code for _ in range(4)] == [200] * 4


@ONE_DATABASE
@pytest.mark.parametrize(("path", "sent"), [("/track", body(60)), ("/pass", body(60) | {"profile": {"id": "p"}})])
def test_a_heavy_body_waits_for_its_turn_and_a_click_does_not(app, make_source, path, sent) -> None:
    make_source("shop")
    with app.app_context():
        lane = services().lane
    assert isinstance(lane, Lane)
    lane._most = 1
    with lane.turn():
        waiting = threading.Thread(target=lambda: app.test_client().post(path, json=sent))
        waiting.start()
        while lane._waiting == 0 and waiting.is_alive():
            threading.Event().wait(0.001)
        answer = app.test_client().post(path, json=sent)
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        assert app.test_client().post("/track", json=body(1)).status_code == 200
    waiting.join()
