"""The application: wiring, nothing else."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from fastapi import APIRouter, FastAPI

from app import openapi, problems
from app.clock import Clock
from app.database import Database
from app.jobs import embedded_worker
from app.middleware import RequestFrame
from app.routers import (
    agencies,
    aggregates,
    api_keys,
    assignments,
    audit_events,
    auth,
    budgets,
    health,
    indicators,
    obligations,
    periods,
    plans,
    projects,
    reports,
    users,
)
from app.routing import StrictRoute
from app.services.attempts import Attempts
from app.settings import Settings


def create_app(settings: Settings, database_url: str, clock: Clock) -> FastAPI:
    """The service on a database, by a clock."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.database = database = Database(database_url, settings)
        await database.check()
        async with AsyncExitStack() as stack:
            if settings.embedded_worker:
                await stack.enter_async_context(
                    embedded_worker(database_url, database, clock, settings)
                )
            yield
        await database.close()

    app = FastAPI(
        title="Tiến độ",
        version="1",
        lifespan=lifespan,
        max_body_size=settings.max_body_bytes,
        openapi_url="/api/v1/openapi.json",
        docs_url="/docs",
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = settings
    app.state.clock = clock
    app.state.attempts = Attempts()
    problems.install(app)
    openapi.describe(app)
    app.add_middleware(RequestFrame)
    app.include_router(health.router)
    v1 = APIRouter(prefix="/api/v1", route_class=StrictRoute)
    v1.include_router(auth.router)
    v1.include_router(users.router)
    v1.include_router(api_keys.router)
    v1.include_router(plans.router)
    v1.include_router(projects.router)
    v1.include_router(agencies.router)
    v1.include_router(assignments.router)
    v1.include_router(budgets.router)
    v1.include_router(indicators.router)
    v1.include_router(periods.router)
    v1.include_router(obligations.router)
    v1.include_router(reports.router)
    v1.include_router(aggregates.router)
    v1.include_router(audit_events.router)
    app.include_router(v1)
    return app


def create_worker_app() -> FastAPI:
    """The service as a worker process finds it: all that `tiendo serve` decided is in the env."""
    settings = Settings()
    url = os.environ["TIENDO_DATABASE_URL"]
    return create_app(settings, url, Clock(timedelta(seconds=settings.clock_offset_seconds or 0)))
