"""The background work, for those who answer for it."""

from fastapi import APIRouter

from app.http.routing import StrictRoute
from app.routers.dependencies import JobsReader, Now, ReadSession
from app.routers.responses import problems
from app.schemas.job_health import JobsHealth
from app.services.notifications import job_health

router = APIRouter(prefix="/jobs", tags=["jobs"], route_class=StrictRoute)


@router.get("/health", summary="Tình trạng công việc nền", responses=problems())
async def get_jobs_health(_: JobsReader, session: ReadSession, now: Now) -> JobsHealth:
    """Whether messages leave in time, for the whole service; numbers only, no names."""
    return JobsHealth.model_validate(await job_health.health(session, now))
