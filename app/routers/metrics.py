"""Metrics for Prometheus."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from app.http.metrics import Metrics
from app.routers.dependencies import Now, ReadSession
from app.services.notifications import job_health

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    summary="Get metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"example": "tiendo_messages_waiting 0.0\n"}}}},
)
async def metrics(request: Request, session: ReadSession, now: Now) -> Response:
    """Request counts and durations, waiting and failed messages, overdue obligations.

    Needs no authentication, because the metrics contain no names, codes or reported figures. Block
    the path in the reverse proxy to hide them.
    """
    collected: Metrics = request.app.state.metrics
    messages, overdue = await job_health.get_gauges(session, now)
    body = collected.render(
        oldest_unsent=messages.oldest_unsent_seconds or 0.0,
        waiting=messages.waiting + messages.sending,
        failed=messages.failed,
        overdue=overdue,
    )
    return Response(body, media_type=CONTENT_TYPE_PLAIN_0_0_4)
