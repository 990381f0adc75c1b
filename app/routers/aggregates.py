"""Aggregates over a subtree of agencies with their coverage, as JSON, CSV or XLSX."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from app.errors import AmbiguousPlan, NotAcceptable, NotFound, NotSettled
from app.http.headers import REVALIDATION, combined, etag, lists_tag, preferred_media_type
from app.http.routing import StrictRoute
from app.routers.dependencies import AggregatesReader, Now, PlanCode, ReadSession, Settlements
from app.routers.responses import problems, references
from app.schemas.aggregates import ExecutionAggregate, IndicatorAggregate, TimelinessAggregate
from app.schemas.base import QueryInstant
from app.services.aggregates import aggregates
from app.services.aggregates.aggregates import AggregateQuery
from app.text import tables
from app.vocabulary import Basis

router = APIRouter(prefix="/aggregates", tags=["aggregates"], route_class=StrictRoute)

JSON = "application/json"
MEDIA_TYPES = (JSON, tables.CSV, tables.XLSX)


@dataclass(frozen=True)
class AggregateRequest:
    """The parameters that all aggregates share, and the request with its headers."""

    request: Request
    query: AggregateQuery


async def aggregate_request(
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
        QueryInstant | None, Query(description="Số liệu như tại thời điểm này.")
    ] = None,
    if_none_match: Annotated[  # noqa: ARG001 - for OpenAPI; read from the request, where it can have several lines
        str | None,
        Header(alias="If-None-Match", description="ETag đã có; không đổi thì trả lời 304."),
    ] = None,
) -> AggregateRequest:
    """Collect the parameters of a request for an aggregate."""
    return AggregateRequest(
        request,
        AggregateQuery(period=period, plan=plan, agency=agency, basis=basis, as_of=as_of, now=now),
    )


Parameters = Annotated[AggregateRequest, Depends(aggregate_request)]


def _respond(parameters: AggregateRequest, aggregate: Mapping[str, Any]) -> Response:
    """Respond with the aggregate in the preferred format, or 304 if the client has these figures.

    The ETag does not depend on the `as_of` of the response, so it changes only with the figures.

    Raises:
        NotAcceptable: the client accepts none of the formats.
    """
    media_type = preferred_media_type(parameters.request, MEDIA_TYPES)
    if media_type is None:
        raise NotAcceptable(formats=", ".join(MEDIA_TYPES))
    figures = {name: value for name, value in aggregate.items() if name != "as_of"}
    figures |= {"as_of_parameter": str(parameters.query.as_of), "kind": media_type}
    digest = hashlib.sha256(json.dumps(figures, sort_keys=True).encode()).hexdigest()[:32]
    headers = {
        **REVALIDATION,
        "ETag": etag(digest),
        "Vary": f"Accept, {REVALIDATION['Vary']}",
    }
    if lists_tag(combined(parameters.request, "If-None-Match"), etag(digest)):
        return Response(status_code=304, headers=headers)
    if media_type == JSON:
        return Response(json.dumps(aggregate, ensure_ascii=False), media_type=JSON, headers=headers)
    name = f"{aggregate['period']}-{aggregate['agency']}"
    extension, content = (
        ("csv", tables.as_csv(aggregate))
        if media_type == tables.CSV
        else ("xlsx", tables.as_xlsx(aggregate))
    )
    headers["Content-Disposition"] = f'attachment; filename="{name}.{extension}"'
    return Response(content, media_type=media_type, headers=headers)


def _responses() -> dict[int | str, dict[str, Any]]:
    formats = {
        media_type: {"schema": {"type": "string", "format": "binary"}}
        for media_type in MEDIA_TYPES[1:]
    }
    return problems(NotFound, AmbiguousPlan, NotAcceptable, NotSettled) | {
        200: {"content": formats, "headers": references("Vary")},
        304: {"description": "The figures have not changed.", "headers": references("Vary")},
    }


@router.get(
    "/indicators",
    summary="Tổng hợp chỉ tiêu",
    response_model=IndicatorAggregate,
    responses=_responses(),
)
async def aggregate_indicators(
    parameters: Parameters,
    principal: AggregatesReader,
    session: ReadSession,
    settlement: Settlements,
) -> Response:
    """Sums of each indicator over the last accepted (or submitted) revision of every agency."""
    return _respond(
        parameters,
        await aggregates.sum_indicators(session, principal, parameters.query, settlement),
    )


@router.get(
    "/budget-execution",
    summary="Tổng hợp giải ngân",
    response_model=ExecutionAggregate,
    responses=_responses(),
)
async def aggregate_budget_execution(
    parameters: Parameters,
    principal: AggregatesReader,
    session: ReadSession,
    settlement: Settlements,
) -> Response:
    """Allocated and disbursed amounts by project, source and origin; rates are ratios of sums."""
    return _respond(
        parameters,
        await aggregates.sum_budget_execution(session, principal, parameters.query, settlement),
    )


@router.get(
    "/timeliness",
    summary="Tổng hợp tình trạng thời hạn",
    response_model=TimelinessAggregate,
    responses=_responses(),
)
async def aggregate_timeliness(
    parameters: Parameters,
    principal: AggregatesReader,
    session: ReadSession,
    settlement: Settlements,
) -> Response:
    """The timeliness of every agency at the requested instant, with counts."""
    return _respond(
        parameters,
        await aggregates.list_timeliness(session, principal, parameters.query, settlement),
    )
