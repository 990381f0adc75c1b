"""Aggregates: sums over a subtree with their coverage, as JSON, CSV or XLSX."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from app.errors import AmbiguousPlan, NotAcceptable, NotFound, NotSettled
from app.http.routing import StrictRoute
from app.routers.dependencies import AggregatesReader, Now, PlanCode, ReadSession, Settlements
from app.routers.responses import problems
from app.schemas.aggregates import ExecutionAggregate, IndicatorAggregate, TimelinessAggregate
from app.schemas.base import AskedInstant
from app.services.aggregates import aggregates
from app.services.aggregates.aggregates import AggregateQuery
from app.text import tables
from app.vocabulary import Basis

router = APIRouter(prefix="/aggregates", tags=["aggregates"], route_class=StrictRoute)

JSON = "application/json"
OFFERED = (JSON, tables.CSV, tables.XLSX)


@dataclass(frozen=True)
class Asked:
    """The question that all aggregates share, and how the answer is wanted."""

    request: Request
    query: AggregateQuery
    if_none_match: str | None


async def asked(
    request: Request,
    now: Now,
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
    if_none_match: Annotated[
        str | None,
        Header(alias="If-None-Match", description="ETag đã có; không đổi thì trả lời 304."),
    ] = None,
) -> Asked:
    """What a request asks for."""
    return Asked(request, AggregateQuery(period, plan, agency, basis, as_of, now), if_none_match)


What = Annotated[Asked, Depends(asked)]


def _wanted(request: Request) -> str:
    """The offered format that the client likes best.

    Raises:
        NotAcceptable: it takes none of them.
    """
    accepted = [_accepted(part) for part in request.headers.get("accept", "*/*").split(",")]
    kinds = [kind for kind, _ in accepted]
    liked: list[tuple[float, int, str]] = []
    for offered in OFFERED:
        # What names a format most closely says how much it is liked.
        names = (offered, offered.split("/")[0] + "/*", "*/*")
        if named := next((name for name in names if name in kinds), None):
            position = kinds.index(named)
            liked.append((accepted[position][1], -position, offered))
    weight, _, format_ = max(liked, key=lambda each: each[:2], default=(0.0, 0, ""))
    if not weight > 0:
        raise NotAcceptable(formats=", ".join(OFFERED))
    return format_


def _accepted(part: str) -> tuple[str, float]:
    """A media type or range of the header Accept, and its weight."""
    kind, *options = (piece.strip().lower() for piece in part.split(";"))
    weight = next((option.removeprefix("q=") for option in options if option[:2] == "q="), "1")
    try:
        return kind, float(weight)
    except ValueError:
        return kind, 0.0


def _answer(asked: Asked, aggregate: Mapping[str, Any]) -> Response:
    """The aggregate in the format wanted; 304 where the client has these figures already.

    The tag leaves `as_of` out: where nothing changed, the answer it has still stands.
    """
    kind = _wanted(asked.request)
    figures = {name: value for name, value in aggregate.items() if name != "as_of"}
    figures |= {"asked": str(asked.query.as_of), "kind": kind}
    digest = hashlib.sha256(json.dumps(figures, sort_keys=True).encode()).hexdigest()[:32]
    headers = {
        "ETag": f'"{digest}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Authorization, X-API-Key",
    }
    if asked.if_none_match is not None and _names(asked.if_none_match, digest):
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


def _names(if_none_match: str, digest: str) -> bool:
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return f'"{digest}"' in tags or "*" in tags


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
    asked: What, principal: AggregatesReader, session: ReadSession, settlement: Settlements
) -> Response:
    """Each indicator's sum over the last accepted (or submitted) revision of every agency."""
    return _answer(
        asked, await aggregates.sum_indicators(session, principal, asked.query, settlement)
    )


@router.get(
    "/budget-execution",
    summary="Tổng hợp giải ngân",
    response_model=ExecutionAggregate,
    responses=_answers(),
)
async def aggregate_budget_execution(
    asked: What, principal: AggregatesReader, session: ReadSession, settlement: Settlements
) -> Response:
    """Money given and spent by project, source and origin; rates are ratios of sums."""
    return _answer(
        asked, await aggregates.sum_budget_execution(session, principal, asked.query, settlement)
    )


@router.get(
    "/timeliness",
    summary="Tổng hợp tình trạng thời hạn",
    response_model=TimelinessAggregate,
    responses=_answers(),
)
async def aggregate_timeliness(
    asked: What, principal: AggregatesReader, session: ReadSession, settlement: Settlements
) -> Response:
    """Who sent on time, late, or not at all, at the instant asked for."""
    return _answer(
        asked, await aggregates.list_timeliness(session, principal, asked.query, settlement)
    )
