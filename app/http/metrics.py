"""Figures of the running service in the words of Prometheus."""

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

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here

DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
VERSION_PREFIX = "/api/v1"
OTHER = "other"


class Metrics:
    """One application's figures, in a registry of its own.

    Each server process counts what it has served itself, hence the label `process`; the gauges are
    the same in all of them, because they are asked of the database.
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
            "From a request's arrival to the end of its answer.",
            ("method", "route", "process"),
            buckets=DURATION_BUCKETS,
            registry=registry,
        )
        self._oldest_unsent = Gauge(
            "tiendo_messages_oldest_unsent_seconds",
            "How long the oldest unsent message could have left; 0 when none waits.",
            registry=registry,
        )
        self._waiting = Gauge(
            "tiendo_messages_waiting", "Messages that have not left yet.", registry=registry
        )
        self._failed = Gauge(
            "tiendo_messages_failed", "Messages that were given up.", registry=registry
        )
        self._overdue = Gauge(
            "tiendo_overdue_obligations", "Obligations that are overdue.", registry=registry
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; `route` is a path template, so the labels stay few."""
        name = method if method in METHODS else OTHER
        self._requests.labels(name, route, str(status), self._process).inc()
        self._seconds.labels(name, route, self._process).observe(seconds)

    def render(self, *, oldest_unsent: float, waiting: int, failed: int, overdue: int) -> bytes:
        """All figures as Prometheus reads them, with what the database says at this moment."""
        self._oldest_unsent.set(oldest_unsent)
        self._waiting.set(waiting)
        self._failed.set(failed)
        self._overdue.set(overdue)
        return generate_latest(self._registry)


class MetricsMiddleware:
    """Counts and times each request of an application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500  # what an exception becomes further out

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
    """The path template that a request met: its own path would make a label of every address."""
    route = getattr(scope.get("route"), "path_format", None)
    if route is None:
        return OTHER
    return f"{VERSION_PREFIX}{route}" if scope["path"].startswith(VERSION_PREFIX) else route
