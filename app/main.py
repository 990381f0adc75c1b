"""The application: wiring, nothing else."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import APIRouter, FastAPI

from app import problems
from app.clock import Clock
from app.database import Database
from app.middleware import RequestFrame
from app.routers import health
from app.routing import StrictRoute
from app.settings import Settings


def create_app(settings: Settings, database_url: str, clock: Clock) -> FastAPI:
    """The service on a database, by a clock."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.database = Database(database_url, settings)
        await app.state.database.check()
        yield
        await app.state.database.close()

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
    problems.install(app)
    app.add_middleware(RequestFrame)
    app.include_router(health.router)
    v1 = APIRouter(prefix="/api/v1", route_class=StrictRoute)
    app.include_router(v1)
    return app


def create_worker_app() -> FastAPI:
    """The service as a worker process finds it: all that `tiendo serve` decided is in the env."""
    settings = Settings()
    url = os.environ["TIENDO_DATABASE_URL"]
    return create_app(settings, url, Clock(timedelta(seconds=settings.clock_offset_seconds or 0)))
