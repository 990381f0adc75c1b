"""The background work, for those who answer for it."""

from fastapi import APIRouter

from app.routers.dependencies import JobsReader, Now, ReadSession
from app.routers.responses import problems
from app.routing import StrictRoute
from app.schemas.jobs import JobsHealth
from app.services import backlog

router = APIRouter(prefix="/jobs", tags=["jobs"], route_class=StrictRoute)


@router.get("/health", summary="Tình trạng công việc nền", responses=problems())
async def get_jobs_health(_: JobsReader, session: ReadSession, now: Now) -> JobsHealth:
    """Whether messages leave in time, for the whole service; numbers only, no names."""
    return JobsHealth.model_validate(await backlog.health(session, now))
