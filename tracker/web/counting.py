"""Counting what comes in and what becomes of it; web/metrics.py shows it."""

import os
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from tracker.core.steps import Resolution

_ROUTES = {route: route for route in ("/track", "/pass", "/tracker", "/login", "/user/token", "/readyz")} | {
    "/track/": "/track",
    "/tracker/liliput.min.js": "/tracker",
    "/token": "/user/token",
}
"""Path → label: a client's own words would each become a series that is kept for ever."""
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The counters of one process; with several workers they are kept in files that any of them can add up."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "handoff_requests", "Requests to /track by status.", ["status"], registry=self.registry
        )
        self._limited = Counter(
            "handoff_limited", "Requests turned away by the rate limit, by route.", ["route"], registry=self.registry
        )
        self._received = Counter(
            "handoff_events_received",
            "Events in bodies to /track that could be read, once they were answered: "
            "the sum of handoff_events over all fates.",
            registry=self.registry,
        )
        self._events = Counter(
            "handoff_events",
            "Events by what became of them: stored, duplicate (known already), quarantined, not-saved (the page opted "
            "out of storing them), all once that was committed; or rejected with their whole request.",
            ["fate"],
            registry=self.registry,
        )
        # Finding a counter by its label costs more than counting.
        self._status = cache(lambda status: self._requests.labels(str(status)))
        self._fate = cache(self._events.labels)
        self._seconds = Histogram(
            "handoff_track_seconds", "Seconds a request to /track took.", buckets=_BUCKETS, registry=self.registry
        )

    def answered(self, status: int, seconds: float, events: int) -> None:
        """Count one answer of ``/track``, and the events that came with its request."""
        self._status(status).inc()
        self._seconds.observe(seconds)
        self._received.inc(events)
        if status >= 400:
            self._fate("rejected").inc(events)

    def limited(self, path: str) -> None:
        """Count one request that came over the rate limit, under one of a few routes whatever the path is."""
        self._limited.labels(_ROUTES.get("/" + path.lstrip("/"), "other")).inc()

    def over_quota(self) -> None:
        """Count one request of a source that has used up its quota."""
        self._limited.labels("quota").inc()

    def recorded(self, resolution: Resolution) -> None:
        """Count what became of the events of one payload."""
        fates = [fate for _, fate in resolution.fates]
        for fate in set(fates):
            self._fate(fate).inc(fates.count(fate))

    def text(self) -> bytes:
        """Return all figures in Prometheus's text format, those of the other workers too."""
        registry = self.registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
