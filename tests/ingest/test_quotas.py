"""Quotas: what each source may have stored in a day or a month, alone or together with other processes."""

import fakeredis
import pytest

from tracker.core.model import Source
from tracker.core.quota import read_quota
from tracker.core.steps import Resolution
from tracker.core.times import SECOND
from tracker.ingest.limiter import TRIED_AGAIN_AFTER
from tracker.ingest.quotas import LONGEST_WAIT, SHARED_EVERY, Quotas

SHOP, BLOG = Source("shop", "Shop"), Source("blog", "Blog", settings={"quota": "off"})
OWN = Source("own", "Own", settings={"quota": "2/month"})


def stored(events: int) -> Resolution:
    """What came of a payload of so many events that were stored, and one that was there already."""
    fates = [*((f"e{number}", "stored") for number in range(events)), ("old", "duplicate")]
    return Resolution("task", (), "P", "s", tuple(fates))


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def quotas(clock, told):
    """Make what one process counts with."""
    return lambda redis=None, standard="3/day": Quotas(read_quota(standard), redis, clock, told.append)


def test_a_source_may_have_as_many_as_its_quota_and_then_waits_for_the_next_day(quotas, clock) -> None:
    mine = quotas()
    mine.count(SHOP, stored(2))
    assert mine.wait(SHOP) == 0
    mine.count(SHOP, stored(2))
    assert mine.wait(SHOP) == LONGEST_WAIT
    clock.forward(12 * 3600 - 60)
    assert mine.wait(SHOP) == 60 * SECOND
    clock.forward(60)
    assert mine.wait(SHOP) == 0


def test_each_source_counts_for_itself_and_its_own_quota_comes_first(quotas) -> None:
    mine = quotas()
    for source in (SHOP, BLOG, OWN):
        mine.count(source, stored(2))
    assert (mine.wait(SHOP), mine.wait(BLOG), mine.wait(OWN)) == (0, 0, LONGEST_WAIT)
    mine.count(BLOG, stored(10))
    assert mine.wait(BLOG) == 0


def test_without_a_quota_nothing_is_counted(quotas) -> None:
    mine = quotas(standard="off")
    mine.count(SHOP, stored(10))
    assert mine.wait(SHOP) == 0
    assert not mine._tallies


def test_processes_that_share_a_redis_count_together_within_a_second(quotas, clock) -> None:
    redis = fakeredis.FakeRedis()
    one, other = quotas(redis), quotas(redis)
    assert one.wait(SHOP) == other.wait(SHOP) == 0
    one.count(SHOP, stored(2))
    other.count(SHOP, stored(1))
    clock.now += SHARED_EVERY
    one.wait(SHOP)
    assert other.wait(SHOP) == LONGEST_WAIT
    clock.now += SHARED_EVERY
    assert one.wait(SHOP) == LONGEST_WAIT
    assert quotas(redis).wait(SHOP) == LONGEST_WAIT, "a process that was just started knows"
    assert 0 < redis.ttl("handoff:quota:2025-06-01:shop") <= 40 * 86_400


def test_while_redis_is_away_each_counts_alone_and_nothing_is_forgotten(quotas, clock, told) -> None:
    server = fakeredis.FakeServer()
    mine = quotas(fakeredis.FakeRedis(server=server))
    mine.count(SHOP, stored(1))
    server.connected = False
    clock.now += SHARED_EVERY
    mine.count(SHOP, stored(1))
    assert mine.wait(SHOP) == 0
    mine.count(SHOP, stored(1))
    assert mine.wait(SHOP) == LONGEST_WAIT
    server.connected = True
    clock.now += TRIED_AGAIN_AFTER
    mine.wait(SHOP)
    assert fakeredis.FakeRedis(server=server).get("handoff:quota:2025-06-01:shop") == b"3"
    assert told == ["quota-redis-away", "quota-redis-back"]
