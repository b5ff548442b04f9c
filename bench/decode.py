"""Prints what decoding costs beside plain json.loads, in rounds that take turns so that both meet the same noise."""

import io
import json
import statistics
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from tracker.core.limits import Limits
from tracker.ingest.decode import decode

ROUNDS, CALLS = 150, 100
LIMITS = Limits()


def event(number: int, query: str) -> dict[str, Any]:
    """An event as a shop's page sends it."""
    page = {"url": f"https://shop.example/shoes/autumn?{query}", "path": "/shoes/autumn", "hash": "", "title": "Shoes"}
    return {
        "type": "page-view",
        "id": f"0b7a9a50-1111-4222-8333-{number:012d}",
        "properties": {"title": "Shoes, autumn collection", "price": 129.9, "quantity": 2, "new": True},
        "options": {"saveEvent": True},
        "context": {"page": page | {"referer": {"host": "blog.example", "query": None}}},
        "tags": ["shop"],
        "time": {"create": "2024-05-01 10:00:00.123"},
    }


def payload(query: str = "utm_source=news&utm_medium=mail") -> dict[str, Any]:
    """A payload of two events as a browser sends it, 1.6 KB."""
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36"
    browser = {"name": "Netscape", "engine": "Gecko", "userAgent": agent, "language": "pl", "cookieEnabled": True}
    screen = {"width": 1920, "height": 1080, "innerWidth": 1500, "innerHeight": 900, "colorDepth": 24}
    return {
        "source": {"id": "5c5a6b1e-aaaa-4bbb-8ccc-1234567890ab"},
        "session": {"id": "9d5a6b1e-aaaa-4bbb-8ccc-1234567890ab"},
        "profile": {"id": "1d5a6b1e-aaaa-4bbb-8ccc-1234567890ab"},
        "metadata": {"sentAt": "2024-05-01T10:00:00.500Z"},
        "context": {
            "time": {"local": "5/1/2024, 12:00:00 PM", "tz": "Europe/Warsaw"},
            "browser": {"local": {"browser": browser, "device": {"platform": "Linux x86_64"}}},
            "screen": {"local": screen},
            "utm": {"source": "news", "medium": "mail"},
        },
        "properties": {},
        "options": {"saveSession": True},
        "events": [event(1, query), event(2, query)],
    }


def compact(value: Any) -> bytes:
    """The value as a browser writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


BODIES = {
    "typical": compact(payload()),
    "percent signs in URLs": compact(payload("q=red%20shoes")),
    "spaces and \\u escapes": json.dumps(payload("q=caf\u00e9")).encode(),
    "a landing with __tr_*": compact(payload("__tr_pid=1d5a6b1e&__tr_src=5c5a6b1e")),
    "JSON within a string": compact(payload() | {"properties": {"cart": '{"a":1}'}}),
    "a lone surrogate": compact(payload()).replace(b"Shoes,", b"\\ud800"),
}


def micros(call: Callable[[], object]) -> float:
    """Microseconds a call, over a hundred calls."""
    start = perf_counter()
    for _ in range(CALLS):
        call()
    return (perf_counter() - start) / CALLS * 1e6


def main() -> None:
    """Print a line for each kind of body: best and median of both, and the median of the rounds' ratios."""
    line = "{:24} {:>6} {:>16} {:>16} {:>7}\n"
    sys.stdout.write(line.format("body", "bytes", "json.loads µs", "decode µs", "ratio"))
    for name, raw in BODIES.items():
        plain: list[float] = []
        whole: list[float] = []
        for _ in range(ROUNDS):
            plain.append(micros(lambda raw=raw: json.loads(raw)))  # type: ignore[misc]
            whole.append(
                micros(lambda raw=raw: decode(io.BytesIO(raw), content_type="", content_encoding=None, limits=LIMITS))  # type: ignore[misc]
            )
        ratio = statistics.median(w / p for w, p in zip(whole, plain, strict=True))
        figures = [f"{min(times):.1f} / {statistics.median(times):.1f}" for times in (plain, whole)]
        sys.stdout.write(line.format(name, len(raw), *figures, f"{ratio:.2f}"))


if __name__ == "__main__":
    main()
