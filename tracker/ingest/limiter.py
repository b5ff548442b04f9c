"""The rate limit: a token bucket for each (network, source), in memory, or in a Redis that all processes share."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tracker.core.model import Micros
from tracker.core.rate import Rate, take
from tracker.ingest.fresh import Clock

if TYPE_CHECKING:
    from redis import Redis

Key = tuple[str, str]
"""(network, source id)."""
MOST_BUCKETS = 100_000
NETWORK_HOLDS = 4
"""How many times as much a network may send in all as to one source: an office has many visitors behind one address,
on several sites."""
TRIED_AGAIN_AFTER: Micros = 5_000_000
"""How long a Redis that failed is left alone, so that its absence costs one request in five seconds its timeout."""
TIMEOUT = 0.25

# The same arithmetic as core/rate.py, by Redis's own clock so that hosts need not agree on theirs; a bucket that is
# full again needs no key. Returns the microseconds to wait.
_SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval, fill, tokens = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = tonumber(redis.call('GET', KEYS[1]) or now)
if full_at < now or full_at - now > fill then full_at = now end
local after = full_at + interval * tokens
local wait = after - now - fill
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return 0
"""


class MemoryBuckets:
    """The buckets of one process; at most ``most`` of them, the least recently used go first.

    Two generations: what is asked for moves to the young one, and when that is full the old one is let go as a whole.
    No sweep ever stops a request, and a bucket that is let go counts as full.
    """

    def __init__(self, rate: Rate, clock: Clock, most: int = MOST_BUCKETS) -> None:
        self._rate = rate
        self._clock = clock
        self._half = most // 2
        self._young: dict[Key, Micros] = {}
        self._old: dict[Key, Micros] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def wait(self, key: Key, tokens: int = 1) -> Micros:
        """Take so many tokens and return 0, or return the microseconds until they are there."""
        full_at = self._young.get(key)
        if full_at is None:
            full_at = self._old.pop(key, None)
            if len(self._young) >= self._half:
                self._old, self._young = self._young, {}
        self._young[key], wait = take(self._rate, full_at, self._clock(), tokens)
        return wait


class RedisBuckets:
    """The buckets in Redis; while that is away, those of ``memory``, so that its absence loses no event."""

    def __init__(
        self, client: "Redis", rate: Rate, clock: Clock, memory: MemoryBuckets, tell: Callable[[str], None]
    ) -> None:
        self._script: Any = client.register_script(_SCRIPT)
        self._rate = rate
        self._clock = clock
        self._memory = memory
        self._tell = tell
        self._down_since: Micros | None = None
        self._changing = threading.Lock()

    def wait(self, key: Key, tokens: int = 1) -> Micros:
        """Take so many tokens and return 0, or return the microseconds until they are there."""
        since = self._down_since
        if since is not None and 0 <= self._clock() - since < TRIED_AGAIN_AFTER:
            return self._memory.wait(key, tokens)
        try:
            args = (self._rate.interval, self._rate.fill, min(tokens, self._rate.burst))
            waited = int(self._script(keys=["handoff:rate:" + "|".join(key)], args=args))
        except Exception:
            # Whatever is wrong with the Redis, or with what is said to be one: the visitors must not notice.
            self._note("redis-away", self._clock())
            return self._memory.wait(key, tokens)
        if since is not None:
            self._note("redis-back", None)
        return waited

    def _note(self, change: str, down_since: Micros | None) -> None:
        """Remember how it stands, and say so once at each change."""
        with self._changing:
            changed = (self._down_since is None) != (down_since is None)
            self._down_since = down_since
        if changed:
            self._tell(change)


def redis_at(url: str) -> "Redis":
    """Return a client that gives up soon and tries nothing twice."""
    # Loaded only where an operator has a Redis.
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0))


def no_limit(_: Key, _tokens: int = 1) -> Micros:
    """Return 0: everybody may."""
    return 0


def network_limiter(rate: Rate | None, clock: Clock) -> Callable[[Key, int], Micros]:
    """Return the function that takes tokens of a network and says how many microseconds to wait, mostly 0.

    It guards the time of this process, so each process has buckets of its own, also where there is a Redis.
    """
    return no_limit if rate is None else MemoryBuckets(rate.times(NETWORK_HOLDS), clock).wait


def limiter(
    rate: Rate | None, redis_url: str | None, clock: Clock, tell: Callable[[str], None]
) -> Callable[[Key, int], Micros]:
    """Return the function that takes tokens of (network, source) and says how many microseconds to wait, mostly 0."""
    if rate is None:
        return no_limit
    memory = MemoryBuckets(rate, clock)
    return memory.wait if redis_url is None else RedisBuckets(redis_at(redis_url), rate, clock, memory, tell).wait
