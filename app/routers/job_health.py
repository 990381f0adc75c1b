"""Route of the background work's health."""

from fastapi import APIRouter

from app.http.routing import StrictRoute
from app.routers.dependencies import JobsReader, Now, ReadSession
from app.routers.responses import problems
from app.schemas.job_health import JobsHealth
from app.services.notifications import job_health

router = APIRouter(prefix="/jobs", tags=["jobs"], route_class=StrictRoute)


@router.get("/health", summary="Get the state of background jobs", responses=problems())
async def get_jobs_health(_: JobsReader, session: ReadSession, now: Now) -> JobsHealth:
    """Get the state of message delivery and jobs in the whole service, as numbers only."""
    return JobsHealth.model_validate(await job_health.get_health(session, now))
