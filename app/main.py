"""The application: assembles routers, middleware and the database."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any

from fastapi import FastAPI

from app.channels.webhook import WebhookSender
from app.clock import Clock
from app.db.database import Database
from app.http import openapi, problems
from app.http.bodies import BodyLimit
from app.http.compression import Compression
from app.http.cors import allow_origins
from app.http.metrics import Metrics, MetricsMiddleware
from app.http.middleware import DefaultHeaders, HeadAsGet, UnexpectedErrors
from app.routers import (
    accounts,
    agencies,
    aggregates,
    api_keys,
    assignments,
    audit_events,
    budgets,
    calendar,
    drafts,
    health,
    indicators,
    job_health,
    metrics,
    notifications,
    obligations,
    passwords,
    periods,
    plans,
    programmes,
    projects,
    receipts,
    reminders,
    reorganisations,
    report_forms,
    report_sheets,
    reports,
    sign_in,
    targets,
    webhooks,
    working_days,
)
from app.services.accounts.attempts import Attempts
from app.settings import Settings
from app.web import (
    account,
    check_receipt,
    docs,
    front,
    history,
    issued_codes,
    offline,
    plan,
    preferences,
    revisions,
)
from app.web import help as help_pages
from app.web import passwords as password_pages
from app.web import sign_in as sign_in_pages
from app.web.assets import assets, swagger_ui
from app.web.browsers import ProblemPages
from app.web.report_form import filling, receipt, sending

API_MODULES = (
    reports,
    drafts,
    report_forms,
    receipts,
    report_sheets,
    obligations,
    aggregates,
    sign_in,
    passwords,
    accounts,
    api_keys,
    programmes,
    plans,
    targets,
    projects,
    agencies,
    reorganisations,
    assignments,
    budgets,
    indicators,
    periods,
    working_days,
    notifications,
    reminders,
    webhooks,
    calendar,
    job_health,
    audit_events,
)
"""The routers of the API. Paths are matched in this order, so the busiest come first."""
PAGE_MODULES = (
    front,
    docs,
    preferences,
    sign_in_pages,
    password_pages,
    account,
    issued_codes,
    filling,
    sending,
    receipt,
    check_receipt,
    history,
    revisions,
    plan,
    help_pages,
    offline,
)


def create_app(settings: Settings, database_url: str, clock: Clock) -> FastAPI:
    """Create the application for a database and a clock."""
    app = FastAPI(
        title="Tiến độ",
        version="1",
        lifespan=_lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would trust the Host header
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = settings
    app.state.database_url = database_url
    app.state.clock = clock
    app.state.attempts = Attempts()
    app.state.metrics = Metrics()
    problems.install(app)
    openapi.describe(app, "/api/v1/openapi.json")
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    app.add_middleware(UnexpectedErrors)
    app.add_middleware(ProblemPages)
    app.add_middleware(Compression)
    app.add_middleware(HeadAsGet)
    allow_origins(app, settings.cors_origins)
    app.add_middleware(DefaultHeaders)
    app.add_middleware(MetricsMiddleware, metrics=app.state.metrics)
    _include_routes(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Open the database, and run the embedded worker if the settings ask for one.

    Yields what the server's protocol uses of the application.
    """
    state = app.state
    state.database = database = Database(state.database_url, state.settings)
    await database.open()
    async with AsyncExitStack() as stack:
        state.webhook_sender = WebhookSender(state.settings)
        stack.push_async_callback(state.webhook_sender.close)
        if state.settings.embedded_worker:
            await stack.enter_async_context(
                background_work(state.database_url, database, state.clock, state.settings)
            )
        yield {"metrics": state.metrics}
    await database.close()


def _include_routes(app: FastAPI) -> None:
    app.include_router(health.router)
    app.include_router(metrics.router)
    for module in API_MODULES:
        app.include_router(module.router, prefix="/api/v1")
    for module in PAGE_MODULES:
        app.include_router(module.router)
    app.mount("/static/swagger-ui", swagger_ui(), name="swagger-ui")
    app.mount("/static", assets(), name="static")


@asynccontextmanager
async def background_work(
    database_url: str, database: Database, clock: Clock, settings: Settings
) -> AsyncIterator[None]:
    """Run a worker for background jobs in the server process.

    The worker's modules are imported in a thread, so that the server starts responding earlier.
    """

    async def work() -> None:
        jobs = await asyncio.to_thread(import_module, "app.jobs")
        await jobs.work_beside(database_url, database, clock, settings)

    task = asyncio.create_task(work(), name="worker")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def create_worker_app() -> FastAPI:
    """Create the application in a worker process of `tiendo serve`, from environment variables."""
    settings = Settings()
    url = os.environ["TIENDO_DATABASE_URL"]
    return create_app(settings, url, Clock(timedelta(seconds=settings.clock_offset_seconds or 0)))
