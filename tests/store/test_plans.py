"""What a batch costs PostgreSQL does not grow with what is stored, whatever it knows of its tables so far."""

from itertools import pairwise

import pytest
from debian_postgres import POSTGRESQL
from sqlalchemy import event, text

pytestmark = pytest.mark.parametrize("backend", POSTGRESQL, indirect=True)

MANY = 1_000
READ = text(
    "SELECT COALESCE(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_xact_user_tables"
    " WHERE relname IN ('profile', 'alias', 'session', 'event_key')"
)


def test_a_batch_reads_no_more_people_than_come_back_in_it(engine, make_source, record) -> None:
    make_source("shop")
    # Nobody has analysed a table, so PostgreSQL knows nothing of the people in it.
    for start in range(0, MANY, 250):
        record.batch(*(record.payload(f"e{n}", session=f"s{n}") for n in range(start, start + 250)))
    so_far: list[int] = []
    event.listen(engine, "commit", lambda conn: so_far.append(int(conn.scalar(READ))))
    # The driver prepares what comes again, and PostgreSQL plans what is prepared in another way.
    for turn in range(12):
        record.batch(*(record.payload(f"e{turn}-{n}", session=f"s{n}") for n in range(0, MANY, 100)))
    # What this connection has read is added up until PostgreSQL hands the figures on and begins anew.
    read = [now - before if now >= before else now for before, now in pairwise(so_far)]
    assert len(read) > 12
    assert 10 <= max(read) < 100, "ten people came back, and a few rows tell about each"


def test_a_repeated_batch_is_found_by_its_keys_alone(engine, make_source, record) -> None:
    make_source("shop")
    make_source("blog")
    for start in range(0, MANY, 250):
        record.batch(*(record.payload(f"e{n}", session=f"s{n}") for n in range(start, start + 250)))
    read: list[int] = []
    event.listen(engine, "commit", lambda conn: read.append(int(conn.scalar(READ))))
    for _ in range(12):
        payloads = [record.payload(f"e{n}", session=f"s{n}") for n in range(0, MANY, 100)]
        answers = record.batch(*payloads, record.payload("e0", session="other", source="blog"))
        assert [fate for answer in answers[:-1] for _, fate in answer.fates] == ["duplicate"] * 10
        assert answers[-1].fates[0][1] in ("stored", "duplicate")
    read = [now - before if now >= before else now for before, now in pairwise(read)]
    assert 10 <= max(read) < 150
