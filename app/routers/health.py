"""Liveness and readiness probes."""

from fastapi import APIRouter, Request

from app.errors import NotReady
from app.routers.dependencies import ServiceClock, database_of
from app.routers.responses import problems
from app.schemas.health import Health

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", summary="Probe the process")
async def live(clock: ServiceClock) -> Health:
    """Responds 200 while the process runs, whether or not the database is available."""
    return Health(status="ok", now=clock.now(), rehearsal=clock.is_rehearsal)


@router.get("/ready", summary="Probe the service", responses=problems(NotReady))
async def ready(request: Request, clock: ServiceClock) -> Health:
    """Responds 200 if the database answers and has room, otherwise 503 with the `reason`.

    The question has a connection of its own, so busy pools and locked rows do not matter.
    """
    await database_of(request).watch.ensure_ready()
    return Health(status="ok", now=clock.now(), rehearsal=clock.is_rehearsal)
