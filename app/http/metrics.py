"""Prometheus metrics of requests, messages and obligations.

The request metrics are recorded by our own middleware. prometheus-fastapi-instrumentator matches
each request against all routes a second time, which costs 40 to 80 µs (ours: 4 to 10 µs), and uses
any method that a client invents as a label.
"""

import os
import time

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped in the library

DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
VERSION_PREFIX = "/api/v1"
OTHER = "other"


class Metrics:
    """The metrics of one application, in its own registry.

    Each server process counts its own requests, hence the label `process`. The gauges come from the
    database and are the same in every process.
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._process = str(os.getpid())
        self._requests = Counter(
            "tiendo_http_requests",
            "Requests served.",
            ("method", "route", "status", "process"),
            registry=registry,
        )
        self._seconds = Histogram(
            "tiendo_http_request_duration_seconds",
            "Time from the arrival of a request to the end of its response, in seconds.",
            ("method", "route", "process"),
            buckets=DURATION_BUCKETS,
            registry=registry,
        )
        self._oldest_unsent = Gauge(
            "tiendo_messages_oldest_unsent_seconds",
            "Seconds since the oldest unsent message was due to be sent; 0 if there is none.",
            registry=registry,
        )
        self._waiting = Gauge(
            "tiendo_messages_waiting", "Messages that are not sent yet.", registry=registry
        )
        self._failed = Gauge(
            "tiendo_messages_failed", "Messages that failed for good.", registry=registry
        )
        self._overdue = Gauge(
            "tiendo_overdue_obligations", "Obligations that are overdue.", registry=registry
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. `route` is a path template, which keeps the number of labels small."""
        name = method if method in METHODS else OTHER
        self._requests.labels(name, route, str(status), self._process).inc()
        self._seconds.labels(name, route, self._process).observe(seconds)

    def count_refusal(self, status: int) -> None:
        """Count a request that was refused before it was complete, so that it has no duration."""
        self._requests.labels(OTHER, OTHER, str(status), self._process).inc()

    def render(self, *, oldest_unsent: float, waiting: int, failed: int, overdue: int) -> bytes:
        """The metrics in the Prometheus text format; the arguments set the gauges."""
        self._oldest_unsent.set(oldest_unsent)
        self._waiting.set(waiting)
        self._failed.set(failed)
        self._overdue.set(overdue)
        return generate_latest(self._registry)


class MetricsMiddleware:
    """Counts each request and measures its duration."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500  # an exception becomes a 500 in an outer middleware

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self.app(scope, receive, send_and_note_status)
        finally:
            seconds = time.perf_counter() - started
            self.metrics.count(scope["method"], _path_template(scope), status, seconds)


def _path_template(scope: Scope) -> str:
    """The path template of the route that served the request; `other` if no route matched."""
    route = getattr(scope.get("route"), "path_format", None)
    if route is None:
        return OTHER
    return f"{VERSION_PREFIX}{route}" if scope["path"].startswith(VERSION_PREFIX) else route
