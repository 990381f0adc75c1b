"""Liveness and readiness probes."""

from fastapi import APIRouter

from app.routers.dependencies import ReadSession, ServiceClock
from app.schemas.health import Health
from app.services.notifications import job_health

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", summary="Tiến trình đang chạy")
async def live(clock: ServiceClock) -> Health:
    """Responds 200 while the process runs, whether or not the database is available."""
    return Health(status="ok", now=clock.now(), rehearsal=clock.is_rehearsal)


@router.get("/ready", summary="Sẵn sàng phục vụ")
async def ready(session: ReadSession, clock: ServiceClock) -> Health:
    """Responds 200 if the database is available, 503 if it is not."""
    await job_health.check_database(session)
    return Health(status="ok", now=clock.now(), rehearsal=clock.is_rehearsal)
