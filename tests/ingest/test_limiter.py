"""The buckets: each network and source has its own, their number is bounded, and Redis may go away."""

import pytest
from fakeredis import FakeRedis, FakeServer

from tracker.core.rate import SECOND, Rate
from tracker.ingest.limiter import MemoryBuckets, RedisBuckets, limiter, no_limit

RATE = Rate(SECOND, 3)
SLOW = Rate(3600 * SECOND, 3)
HOME = ("192.0.2.0/24", "shop")


def test_each_network_and_source_has_a_bucket_of_its_own(clock) -> None:
    buckets = MemoryBuckets(RATE, clock)
    assert [buckets.wait(HOME) for _ in range(4)] == [0, 0, 0, SECOND]
    assert buckets.wait(("198.51.100.0/24", "shop")) == 0
    assert buckets.wait(("192.0.2.0/24", "blog")) == 0
    clock.forward(1)
    assert [buckets.wait(HOME) for _ in range(2)] == [0, SECOND]


def test_the_number_of_buckets_is_bounded_and_who_keeps_coming_is_remembered(clock) -> None:
    buckets = MemoryBuckets(RATE, clock, most=100)
    for number in range(10_000):
        buckets.wait((f"network-{number}", "shop"))
        if number % 20 == 0:
            buckets.wait(HOME)
        assert len(buckets) <= 100
    assert buckets.wait(HOME) > 0


def test_off_means_that_everybody_may(clock) -> None:
    assert limiter(None, "redis://nowhere", clock, print) is no_limit
    assert no_limit(HOME) == 0


def test_without_a_redis_the_buckets_are_in_memory(clock) -> None:
    wait = limiter(RATE, None, clock, print)
    assert [wait(HOME) for _ in range(4)] == [0, 0, 0, SECOND]


@pytest.fixture
def redis() -> FakeServer:
    return FakeServer()


@pytest.fixture
def shared(redis, clock):
    """Make the buckets of one more process that shares the Redis, and what it told its log."""

    def make(rate: Rate = SLOW) -> tuple[RedisBuckets, list[str]]:
        told: list[str] = []
        client = FakeRedis(server=redis)
        return RedisBuckets(client, rate, clock, MemoryBuckets(rate, clock), told.append), told

    return make


def test_processes_that_share_a_redis_share_the_buckets(shared) -> None:
    (one, told), (other, _) = shared(), shared()
    assert [one.wait(HOME), other.wait(HOME), one.wait(HOME)] == [0, 0, 0]
    assert 3590 * SECOND < other.wait(HOME) <= 3600 * SECOND
    assert one.wait(("192.0.2.0/24", "blog")) == 0
    assert told == []


def test_a_large_request_takes_several_tokens_in_redis_as_in_memory(shared, redis, clock) -> None:
    buckets, _ = shared()
    assert buckets.wait(HOME, 2) == 0
    assert buckets.wait(HOME, 2) > 0
    assert buckets.wait(HOME, 1) == 0
    # More than a bucket holds is all that it holds.
    assert buckets.wait(("192.0.2.0/24", "blog"), 500) == 0
    redis.connected = False
    assert buckets.wait(HOME, 3) == 0
    assert buckets.wait(HOME, 1) > 0


def test_a_bucket_in_redis_fills_up_again_and_then_needs_no_key(shared, redis) -> None:
    buckets, told = shared(Rate(1, 1))
    waits = [buckets.wait(HOME) for _ in range(20)]
    assert waits.count(0) > 1
    assert told == []
    slow, _ = shared(Rate(60 * SECOND, 3))
    slow.wait(("198.51.100.0/24", "shop"))
    assert 59_000 < FakeRedis(server=redis).pttl("handoff:rate:198.51.100.0/24|shop") <= 60_000


def test_while_redis_is_away_the_memory_limits_and_the_log_hears_of_it_once(shared, redis, clock) -> None:
    buckets, told = shared()
    redis.connected = False
    assert [buckets.wait(HOME) for _ in range(3)] == [0, 0, 0]
    assert buckets.wait(HOME) > 0
    clock.forward(5)
    assert buckets.wait(HOME) > 0
    assert told == ["redis-away"]


def test_a_redis_that_is_back_is_found_within_seconds(shared, redis, clock) -> None:
    buckets, told = shared()
    redis.connected = False
    assert [buckets.wait(HOME) for _ in range(3)] == [0, 0, 0]
    redis.connected = True
    assert buckets.wait(HOME) > 0, "it is left alone for a moment"
    clock.forward(5)
    assert buckets.wait(HOME) == 0
    assert told == ["redis-away", "redis-back"]


def test_a_redis_that_nobody_answers_for_turns_nobody_away(clock) -> None:
    told: list[str] = []
    wait = limiter(RATE, "redis://127.0.0.1:1/0", clock, told.append)
    assert [wait(HOME) for _ in range(4)] == [0, 0, 0, SECOND]
    assert told == ["redis-away"]
