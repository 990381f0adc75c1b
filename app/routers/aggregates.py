"""Aggregates: sums over a subtree with their coverage, as JSON, CSV or XLSX."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from app.errors import AmbiguousPlan, NotAcceptable, NotFound, NotSettled
from app.http.headers import combined, etag, matches_weakly, preferred_media_type
from app.http.routing import StrictRoute
from app.routers.dependencies import AggregatesReader, Now, PlanCode, ReadSession
from app.routers.responses import problems
from app.schemas.aggregates import ExecutionAggregate, IndicatorAggregate, TimelinessAggregate
from app.schemas.base import AskedInstant
from app.services.aggregates import aggregates
from app.services.aggregates.aggregates import Question
from app.text import tables
from app.vocabulary import Basis

router = APIRouter(prefix="/aggregates", tags=["aggregates"], route_class=StrictRoute)

JSON = "application/json"
OFFERED = (JSON, tables.CSV, tables.XLSX)


@dataclass(frozen=True)
class Asked:
    """The question that all aggregates share, and how the answer is wanted."""

    request: Request
    question: Question


async def asked(
    request: Request,
    period: Annotated[str, Query(max_length=64, examples=["2024-Q2"])],
    agency: Annotated[
        str | None,
        Query(max_length=64, description="Gốc của cây đơn vị; bỏ trống là cả phạm vi của mình."),
    ] = None,
    plan: PlanCode = None,
    basis: Annotated[
        Basis, Query(description="Bản gửi đã duyệt gần nhất, hay bản gửi gần nhất.")
    ] = Basis.ACCEPTED,
    as_of: Annotated[
        AskedInstant | None, Query(description="Số liệu như tại thời điểm này.")
    ] = None,
    if_none_match: Annotated[  # noqa: ARG001 - for the description; all of its lines are read
        str | None,
        Header(alias="If-None-Match", description="ETag đã có; không đổi thì trả lời 304."),
    ] = None,
) -> Asked:
    """What a request asks for."""
    return Asked(request, Question(period, plan, agency, basis, as_of))


What = Annotated[Asked, Depends(asked)]


def _answer(asked: Asked, aggregate: Mapping[str, Any]) -> Response:
    """The aggregate in the format wanted; 304 where the client has these figures already.

    The tag leaves `as_of` out: where nothing changed, the answer it has still stands.
    """
    kind = preferred_media_type(asked.request, OFFERED)
    if kind is None:
        raise NotAcceptable(formats=", ".join(OFFERED))
    figures = {name: value for name, value in aggregate.items() if name != "as_of"}
    figures |= {"asked": str(asked.question.as_of), "kind": kind}
    digest = hashlib.sha256(json.dumps(figures, sort_keys=True).encode()).hexdigest()[:32]
    headers = {
        "ETag": etag(digest),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Authorization, X-API-Key",
    }
    if matches_weakly(combined(asked.request, "If-None-Match"), etag(digest)):
        return Response(status_code=304, headers=headers)
    if kind == JSON:
        return Response(json.dumps(aggregate, ensure_ascii=False), media_type=JSON, headers=headers)
    name = f"{aggregate['period']}-{aggregate['agency']}"
    ending, content = (
        ("csv", tables.as_csv(aggregate))
        if kind == tables.CSV
        else ("xlsx", tables.as_xlsx(aggregate))
    )
    headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return Response(content, media_type=kind, headers=headers)


def _answers() -> dict[int | str, dict[str, Any]]:
    formats = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in OFFERED[1:]}
    return problems(NotFound, AmbiguousPlan, NotAcceptable, NotSettled) | {
        200: {"content": formats},
        304: {"description": "Không đổi so với ETag đã có"},
    }


@router.get(
    "/indicators",
    summary="Tổng hợp chỉ tiêu",
    response_model=IndicatorAggregate,
    responses=_answers(),
)
async def aggregate_indicators(
    asked: What, principal: AggregatesReader, session: ReadSession, now: Now
) -> Response:
    """Each indicator's sum over the last accepted (or submitted) revision of every agency."""
    return _answer(asked, await aggregates.indicators(session, principal, asked.question, now))


@router.get(
    "/budget-execution",
    summary="Tổng hợp giải ngân",
    response_model=ExecutionAggregate,
    responses=_answers(),
)
async def aggregate_budget_execution(
    asked: What, principal: AggregatesReader, session: ReadSession, now: Now
) -> Response:
    """Money given and spent by project, source and origin; rates are ratios of sums."""
    return _answer(
        asked, await aggregates.budget_execution(session, principal, asked.question, now)
    )


@router.get(
    "/timeliness",
    summary="Tổng hợp tình trạng thời hạn",
    response_model=TimelinessAggregate,
    responses=_answers(),
)
async def aggregate_timeliness(
    asked: What, principal: AggregatesReader, session: ReadSession, now: Now
) -> Response:
    """Who sent on time, late, or not at all, at the instant asked for."""
    return _answer(asked, await aggregates.timeliness(session, principal, asked.question, now))
