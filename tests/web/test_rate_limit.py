"""Too much from one network for one source: 429, in words a browser may read, and nobody else is bothered."""

from ipaddress import ip_network

import pytest

from tracker.core.rate import SECOND, Rate
from tracker.store import reports

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
OWN = "https://shop.example"
RATE = Rate(SECOND, 3)


@pytest.fixture
def limited(another, make_source):
    """Make a client of a service that takes three requests at once, and one a second, from a network."""
    for name in ("shop", "blog"):
        make_source(name)
    make_source("strict", origins=(OWN,))

    def make(**settings):
        return another(rate_limit=RATE, **settings)

    return make


@pytest.fixture
def send(payload):
    """Post an event and return the answer."""

    def go(client, source="shop", path="/track", address="192.0.2.7", **headers):
        body = payload("e1", source=source, session="s") if path == "/track" else {"source": {"id": source}}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        extra = {} if path == "/track" else {"profile": {"id": "profile-1"}}
        return client.post(path, json=body | extra, headers=named, environ_base={"REMOTE_ADDR": address})

    return go


def statuses(send, client, count, **options) -> list[int]:
    return [send(client, **options).status_code for _ in range(count)]


def test_over_the_limit_the_answer_says_when_to_come_again_and_nothing_is_stored(limited, payload, read) -> None:
    client = limited()
    answers = [client.post("/track", json=payload(f"e{number}")) for number in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].get_json().keys() == {"detail", "request_id"}
    assert {int(answer.headers["Retry-After"]) for answer in answers[3:]} <= set(range(1, 7))
    assert len(read(reports.events)) == 3


def test_the_moments_to_come_again_are_spread(limited, send) -> None:
    client = limited()
    answers = [send(client) for _ in range(60)]
    assert len({answer.headers["Retry-After"] for answer in answers[3:]}) > 1


def test_who_waits_is_served_again(limited, send, clock) -> None:
    client = limited()
    assert statuses(send, client, 4) == [200, 200, 200, 429]
    clock.forward(1)
    assert statuses(send, client, 2) == [200, 429]


def test_another_network_and_another_source_are_not_bothered(limited, send) -> None:
    client = limited()
    assert statuses(send, client, 4) == [200, 200, 200, 429]
    assert send(client, address="192.0.2.200").status_code == 429, "the same network"
    assert send(client, address="198.51.100.7").status_code == 200
    assert send(client, source="blog").status_code == 200


def test_a_page_may_read_that_it_came_too_often_and_when_to_come_again(limited, send) -> None:
    client = limited()
    answer = [send(client, source="strict", Origin=OWN) for _ in range(4)][-1]
    assert answer.status_code == 429
    assert answer.headers["Access-Control-Allow-Origin"] == OWN
    assert "retry-after" in answer.headers["Access-Control-Expose-Headers"].lower()
    assert answer.headers["Cache-Control"] == "no-store"


def test_passes_are_limited_together_with_payloads(limited, send) -> None:
    client = limited()
    assert statuses(send, client, 2) == [200, 200]
    assert statuses(send, client, 2, path="/pass") == [200, 429]
    assert statuses(send, client, 1) == [429]


def test_trying_out_source_ids_is_limited_as_if_they_were_one_source(limited, send) -> None:
    client = limited()
    answers = [send(client, source=f"guess-{number}").status_code for number in range(4)]
    assert answers == [401, 401, 401, 429]
    assert send(client).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/tracker?source_id=shop", "/tracker/liliput.min.js"])
def test_what_is_only_read_is_not_limited(path: str, limited, send) -> None:
    client = limited()
    statuses(send, client, 4)
    assert {client.get(path).status_code for _ in range(10)} == {200}


def test_behind_a_trusted_proxy_it_is_the_visitor_who_counts(limited, send) -> None:
    client = limited(trusted_proxies=(ip_network("127.0.0.0/8"),))
    proxy = {"address": "127.0.0.1"}
    assert statuses(send, client, 4, X_Forwarded_For="203.0.113.1", **proxy) == [200, 200, 200, 429]
    assert send(client, X_Forwarded_For="198.51.100.1", **proxy).status_code == 200
    assert send(client, X_Forwarded_For="198.51.100.9, 203.0.113.1", **proxy).status_code == 429, "written by hand"


def test_a_client_that_is_no_proxy_changes_nothing_by_claiming_to_be_one(limited, send, capfd) -> None:
    client = limited()
    answers = [send(client, X_Forwarded_For=f"198.51.{number}.1").status_code for number in range(4)]
    assert answers == [200, 200, 200, 429]
    assert "TRUSTED_PROXIES is not set" in capfd.readouterr().out


def test_the_operator_sees_how_many_were_turned_away(limited, send) -> None:
    client = limited()
    statuses(send, client, 5)
    statuses(send, client, 3, path="/pass")
    figures = client.get("/metrics").text
    assert 'handoff_limited_total{route="/track"} 2.0' in figures
    assert 'handoff_limited_total{route="/pass"} 3.0' in figures
    assert 'handoff_requests_total{status="429"} 2.0' in figures


def test_where_redis_is_away_events_are_taken_all_the_same(limited, send) -> None:
    client = limited(redis_url="redis://127.0.0.1:1/0")
    assert statuses(send, client, 4) == [200, 200, 200, 429]
