"""Whether the service lives, and whether it can serve."""

from fastapi import APIRouter
from sqlalchemy import text

from app.routers.dependencies import Now, ReadSession
from app.schemas.health import Health

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", summary="Tiến trình đang chạy")
async def live(now: Now) -> Health:
    """Answers as long as the process runs, whatever the database does."""
    return Health(status="ok", now=now)


@router.get("/ready", summary="Sẵn sàng phục vụ")
async def ready(session: ReadSession, now: Now) -> Health:
    """Answers 200 when the database answers, 503 when it does not."""
    await session.execute(text("SELECT 1"))
    return Health(status="ok", now=now)
