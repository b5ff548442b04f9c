"""``/metrics`` counts answers and what became of the events, and is the operator's business alone."""

import dataclasses

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app import create_app


@pytest.fixture
def figures(client):
    """What /metrics says: (name, label values…) → value."""

    def read() -> dict[tuple[str, ...], float]:
        families = text_string_to_metric_families(client.get("/metrics").text)
        return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}

    return read


def test_every_event_is_counted_by_what_became_of_it(client, make_source, figures) -> None:
    make_source("shop")
    events = [{"type": "a", "id": "e1"}, {"type": "b", "id": "e2"}, {"type": "c", "options": {"saveEvent": False}}]
    for _ in range(2):
        client.post("/track", json={"source": {"id": "shop"}, "session": {"id": "s"}, "events": events})

    found = figures()

    assert found["handoff_events_total", "stored"] == 2
    assert found["handoff_events_total", "duplicate"] == 2
    assert found["handoff_events_total", "not-saved"] == 2
    assert found["handoff_requests_total", "200"] == 2
    assert found[("handoff_track_seconds_count",)] == 2


def test_refusals_are_counted_by_their_status(client, figures) -> None:
    client.post("/track", json={"source": {"id": "nobody"}, "events": []})
    client.post("/track", data=b"{")

    found = figures()

    assert (found["handoff_requests_total", "401"], found["handoff_requests_total", "422"]) == (1, 1)


def test_what_was_received_is_the_sum_of_all_that_became_of_it(client, make_source, figures, monkeypatch) -> None:
    make_source("shop", origins=("https://shop.example",))
    from_shop = {"Origin": "https://shop.example"}

    def send(*events: dict[str, object], source: str = "shop", path: str = "/track", **fields: object) -> int:
        body = {"source": {"id": source}, "session": {"id": "s"}, "events": list(events)} | fields
        return client.post(path, json=body, headers=from_shop).status_code

    page_view, kept_out = {"type": "page-view"}, {"type": "t", "properties": {"text": ["x" * 9_000] * 9}}
    assert send({"id": "e1"} | page_view, {"id": "e2"} | page_view) == 200
    assert send({"id": "e1"} | page_view, {"id": "e3"} | page_view, kept_out) == 200
    assert send(page_view | {"options": {"saveEvent": False}}) == 200
    assert send(page_view, page_view, source="nobody") == 401
    assert send(page_view, {"type": 7}) == 422
    assert send(page_view, events="none") == 422
    assert client.post("/track", data=b"{").status_code == 422
    assert send({"id": "e4"} | page_view, path="/track?dry_run=1") == 200
    assert send(page_view, path="/track?dry_run=perhaps") == 422
    with monkeypatch.context() as full:
        full.setattr("tracker.ingest.committer.MOST_WAITING", 0)
        assert send(page_view, page_view, page_view) == 503

    found = figures()
    fates = {labels[0]: count for (name, *labels), count in found.items() if name == "handoff_events_total"}
    assert fates == {"stored": 3, "duplicate": 1, "quarantined": 1, "not-saved": 1, "rejected": 2 + 2 + 3}
    assert found[("handoff_events_received_total",)] == sum(fates.values())


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_who_comes_through_a_proxy_is_not_this_machine(header: str, client) -> None:
    assert client.get("/metrics", headers={header: "192.0.2.7"}).status_code == 403


def test_another_machine_gets_no_figures(client) -> None:
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 403


@pytest.mark.parametrize(
    ("shown", "status"), [("Bearer open-sesame", 200), ("Bearer open", 403), ("", 403), ("Bearer käse", 403)]
)
def test_where_a_token_is_set_it_alone_opens(shown: str, status: int, settings) -> None:
    client = create_app(dataclasses.replace(settings, metrics_token="open-sesame")).test_client()

    assert client.get("/metrics", headers={"Authorization": shown}).status_code == status
