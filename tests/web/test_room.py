"""What there is no room for: a quota that is used up, or a full disk."""

import pytest

from tracker.core.quota import Quota
from tracker.store import reports
from tracker.web.services import services

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@SQLITE
def test_a_source_over_its_quota_is_told_to_come_again_and_the_others_go_on(
    make_source, another, payload, read
) -> None:
    make_source("shop", origins=("https://shop.example",))
    make_source("blog", settings={"quota": "1000/month"})
    client = another(quota=Quota(2, "day"))
    page = {"Origin": "https://shop.example"}
    assert client.post("/track", json=payload("e1", "e2"), headers=page).status_code == 200
    answer = client.post("/track", json=payload("e3"), headers=page)
    assert answer.status_code == 429
    assert 3600 < int(answer.headers["Retry-After"]) <= 3605
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "quota" in answer.get_json()["detail"]
    assert client.post("/track", json=payload("b1", "b2", "b3", source="blog")).status_code == 200
    assert len(read(reports.events)) == 5


@SQLITE
def test_repeats_and_what_is_not_stored_cost_no_quota(make_source, another, payload) -> None:
    make_source("shop", settings={"quota": "3/day"})
    client = another()
    for _ in range(5):
        assert client.post("/track", json=payload("e1", session="s1")).status_code == 200
        body = payload("e2", session="s1", options={"saveEvent": False})
        assert client.post("/track", json=body).status_code == 200
        assert client.post("/track?dry_run=1", json=payload("e4", "e5", "e6", "e7")).status_code == 200
    assert client.post("/track", json=payload("e3", "e4", session="s1")).status_code == 200
    assert client.post("/track", json=payload("e5", session="s1")).status_code == 429


@SQLITE
def test_a_full_disk_is_a_503_and_not_ready(make_source, another, payload, read, tmp_path, capfd) -> None:
    make_source("shop")
    client = another(disk_low_water=2**62, disk_folders=(tmp_path,))
    answer = client.post("/track", json=payload("e1"))
    assert (answer.status_code, client.get("/readyz").status_code) == (503, 503)
    assert 1 <= int(answer.headers["Retry-After"]) <= 5
    assert client.get("/healthz").status_code == 200
    assert client.post("/track?dry_run=1", json=payload("e1")).status_code == 503, "as the request itself"
    assert read(reports.events) == []
    log = capfd.readouterr().out
    assert log.count('"event":"disk-low"') == 1
    assert '"cause":"the disk is nearly full"' in log


def test_two_processes_that_bring_the_last_type_at_once_do_not_make_two_of_it(
    make_source, client, another, payload, read
) -> None:
    make_source("shop")
    other = another()
    assert client.post("/track", json=payload(events=[{"type": "a"}])).status_code == 200
    assert other.post("/track", json=payload(events=[{"type": "b"}, {"type": "a"}])).status_code == 200
    assert client.post("/track", json=payload(events=[{"type": "b"}, {"type": "a"}])).status_code == 200
    assert len(read(reports.events)) == 5


@pytest.mark.parametrize("quota", ["4/day", "4/month"])
def test_a_quota_outlives_a_restart_and_counts_what_other_processes_store(
    quota, make_source, another, payload, clock
) -> None:
    make_source("shop", settings={"quota": quota})
    make_source("blog", settings={"quota": quota})
    first, second = another(), another()

    def read(client) -> None:
        with client.application.app_context():
            services().usage.read()

    def send(client, *ids: str, source: str = "shop") -> int:
        return client.post("/track", json=payload(*ids, source=source, session="s1")).status_code

    assert send(first, "e1", "e2", "e3") == 200
    read(second)
    assert send(second, "e4") == 200
    # What it has stored itself counts at once, and only once when it is read again.
    assert send(second, "e5") == 429
    read(second)
    assert (send(second, "e5"), send(second, "b1", source="blog")) == (429, 200)
    # The other one finds out when it reads; a process that was just started knows.
    assert send(first, "e6") == 200
    read(first)
    assert send(first, "e7") == 429
    restarted = another()
    read(restarted)
    assert send(restarted, "e8") == 429
    # What is settled is not counted again, and a new day or month is a new quota.
    clock.forward(3600)
    read(restarted)
    assert send(restarted, "e9") == 429
    clock.forward(30 * 86_400)
    read(restarted)
    assert send(restarted, "e10") == 200
