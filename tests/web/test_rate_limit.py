"""Too much from one network for one source: 429, in words a browser may read, and nobody else is bothered."""

from io import BytesIO
from ipaddress import ip_network

import pytest
from sqlalchemy import event

from tracker.core.model import Source
from tracker.core.rate import SECOND, Rate
from tracker.ingest.limiter import NETWORK_HOLDS
from tracker.store import reports, sources
from tracker.web.limiting import ONE_TOKEN
from tracker.web.services import services

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
OWN = "https://shop.example"
RATE = Rate(SECOND, 3)
ALL_IN_ALL = 3 * NETWORK_HOLDS


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


def test_all_sources_of_a_network_together_have_a_limit_of_their_own(limited, send, make_source) -> None:
    client = limited()
    for number in range(5):
        make_source(f"site-{number}")
    answers = [send(client, source=f"site-{number % 5}").status_code for number in range(14)]
    assert answers == [200] * ALL_IN_ALL + [429] * 2
    assert send(client, address="198.51.100.7").status_code == 200


REFUSED = {
    "another type": {"data": b"{}", "content_type": "text/html"},
    "no JSON": {"data": b"{"},
    "another shape": {"json": {"source": {"id": "shop"}}},
    "too large": {"data": b" " * (1024 * 1024 + 1)},
    "a dry run of what": {"query_string": "dry_run=2"},
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("path", ["/track", "/pass"])
def test_every_refusal_counts(name: str, path: str, limited) -> None:
    client = limited()
    answers = [client.post(path, **REFUSED[name]).status_code for _ in range(ALL_IN_ALL + 1)]
    assert set(answers[:-1]) <= {413, 415, 422}
    assert answers[-1] == 429


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
@pytest.mark.parametrize(
    "path", ["/track", "//track", "/tracker?source_id=shop", "/tracker/liliput.min.js", "/login", "/nothing"]
)
def test_every_address_counts_whatever_is_asked_of_it(method: str, path: str, limited) -> None:
    client = limited()
    answers = [client.open(path, method=method).status_code for _ in range(ALL_IN_ALL + 1)]
    assert 429 not in answers[:-1]
    assert answers[-1] == 429


def test_a_large_body_counts_for_as_much_as_it_may_cost(limited) -> None:
    client = limited()
    assert client.post("/track", data=b" " * (ONE_TOKEN * (ALL_IN_ALL - 1))).status_code == 422
    assert client.get("/tracker/liliput.min.js").status_code == 429


def test_a_body_of_unsaid_length_counts_as_the_largest(limited) -> None:
    client = limited()
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    assert client.post("/track", environ_overrides=chunked, input_stream=BytesIO(b"{}")).status_code == 422
    assert client.get("/tracker/liliput.min.js").status_code == 429


def test_nothing_is_read_of_what_comes_over_the_limit(limited) -> None:
    class Unread(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("read")

    client = limited()
    for _ in range(ALL_IN_ALL):
        client.get("/nothing")
    answer = client.post("/track", input_stream=Unread(), environ_overrides={"wsgi.input_terminated": True})
    assert answer.status_code == 429


def test_a_flood_does_not_make_a_load_balancer_think_that_the_process_has_died(limited) -> None:
    client = limited()
    for _ in range(ALL_IN_ALL + 1):
        client.get("/nothing")
    assert client.get("/nothing").status_code == 429
    assert {client.get("/healthz").status_code for _ in range(30)} == {200}
    assert {client.get("/readyz").status_code for _ in range(30)} == {200}


def test_the_operator_on_the_machine_reads_the_metrics_during_a_flood(limited) -> None:
    client = limited()
    answers = [client.get("/nothing").status_code for _ in range(ALL_IN_ALL + 1)]
    assert answers[-1] == 429
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 429


def test_a_flood_of_questions_gets_the_answer_of_the_last_look(limited, clock) -> None:
    client = limited()
    looks: list[str] = []

    def note(_conn, _cursor, statement, *_more) -> None:
        looks.append(statement)

    with client.application.app_context():
        event.listen(services().engine, "before_cursor_execute", note)
    assert {client.get("/readyz").status_code for _ in range(2)} == {200}
    before = len(looks)
    assert {client.get("/readyz").status_code for _ in range(10)} == {200}
    assert len(looks) == before
    clock.forward(60)
    client.get("/readyz")
    assert len(looks) > before


def test_who_shows_a_secret_is_limited_by_the_quota_alone(limited, payload, engine, clock) -> None:
    _, secret = sources.create(engine, Source(id="backend", name="backend", kind="server"), clock())
    client = limited()
    own = {"Authorization": f"Bearer {secret}"}
    bodies = [payload(f"e{number}", source="backend") for number in range(3 * ALL_IN_ALL)]
    assert client.post("/track", json=bodies[0], headers=own).status_code == 200
    assert {client.post("/track", json=body, headers=own).status_code for body in bodies} == {200}
    # And it takes nothing away from the visitors of its network.
    assert client.post("/track", json=payload("e")).status_code == 200
    wrong = [
        client.post("/track", json=bodies[0], headers={"Authorization": "Bearer x"}).status_code for _ in range(20)
    ]
    assert set(wrong) == {401, 429}


def test_the_limit_can_be_switched_off(limited, client, another, payload) -> None:
    limited()
    free = another(rate_limit=None)
    assert {free.post("/track", data=b"{").status_code for _ in range(300)} == {422}


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


def test_what_a_client_writes_for_a_path_makes_no_label(limited) -> None:
    client = limited()
    here = {"REMOTE_ADDR": "192.0.2.7"}
    for number in range(3 * ALL_IN_ALL):
        client.post("/", data=b"{", environ_overrides=here | {"PATH_INFO": "/" * (number % 5) + "track"})
        client.post(f"/track/{number}", data=b"{", environ_overrides=here)
    told = client.get("/metrics").text
    routes = {line.split('"')[1] for line in told.splitlines() if line.startswith("handoff_limited_total")}
    assert routes <= {"/track", "other"}
    assert "other" in routes


def test_where_redis_is_away_events_are_taken_all_the_same(limited, send) -> None:
    client = limited(redis_url="redis://127.0.0.1:1/0")
    assert statuses(send, client, 4) == [200, 200, 200, 429]
