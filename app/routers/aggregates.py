"""Aggregates over a subtree of agencies with their coverage, as JSON, CSV or XLSX."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import AmbiguousPlan, NotAcceptable, NotFound, NotSettled
from app.http.headers import REVALIDATION, combined, etag, lists_tag, preferred_media_type
from app.http.routing import StrictRoute
from app.policy import Principal
from app.routers.dependencies import AggregatesReader, Now, PlanCode, ReadSession, Settlements
from app.routers.responses import problems, references
from app.schemas.aggregates import (
    ExecutionAggregate,
    IndicatorAggregate,
    TargetAggregate,
    TimelinessAggregate,
)
from app.schemas.base import QueryInstant
from app.services.aggregates import aggregates
from app.services.aggregates.aggregates import AggregateQuery
from app.services.audit.ledger import Settlement
from app.text import tables
from app.vocabulary import Basis

router = APIRouter(prefix="/aggregates", tags=["aggregates"], route_class=StrictRoute)

JSON = "application/json"
MEDIA_TYPES = (JSON, tables.CSV, tables.XLSX)

Aggregate = Mapping[str, Any]
Compute = Callable[[AsyncSession, Principal, AggregateQuery, Settlement], Awaitable[Aggregate]]
"""A function of the service that computes an aggregate."""


@dataclass(frozen=True)
class AggregateRequest:
    """What all requests for aggregates have in common."""

    request: Request
    query: AggregateQuery
    principal: Principal
    session: AsyncSession
    settlement: Settlement

    async def aggregate(self, compute: Compute) -> Aggregate:
        """The aggregate that the request asks for."""
        return await compute(self.session, self.principal, self.query, self.settlement)


async def aggregate_request(
    request: Request,
    principal: AggregatesReader,
    session: ReadSession,
    settlement: Settlements,
    now: Now,
    agency: Annotated[
        str | None,
        Query(max_length=64, description="The root of the subtree; without it your whole reach."),
    ] = None,
    plan: PlanCode = None,
    basis: Annotated[
        Basis, Query(description="Whether the last accepted or the last submitted revisions count.")
    ] = Basis.ACCEPTED,
    as_of: Annotated[
        QueryInstant | None, Query(description="The figures as they were at this instant.")
    ] = None,
    if_none_match: Annotated[  # noqa: ARG001 - for OpenAPI; read from the request, where it can have several lines
        str | None,
        Header(
            alias="If-None-Match",
            description="An earlier ETag; the answer is 304 if nothing has changed.",
        ),
    ] = None,
) -> AggregateRequest:
    """Collect what a request for an aggregate consists of, without its period."""
    query = AggregateQuery(period=None, plan=plan, agency=agency, basis=basis, as_of=as_of, now=now)
    return AggregateRequest(request, query, principal, session, settlement)


Shared = Annotated[AggregateRequest, Depends(aggregate_request)]


async def period_request(
    shared: Shared, period: Annotated[str, Query(max_length=64, examples=["2024-Q2"])]
) -> AggregateRequest:
    """The request for an aggregate of one period."""
    return replace(shared, query=replace(shared.query, period=period))


async def target_request(
    shared: Shared,
    period: Annotated[
        str | None,
        Query(max_length=64, description="The code of the period; without it the plan's year."),
    ] = None,
    by: Annotated[
        Literal["agency"] | None, Query(description="`agency`: rows for each agency.")
    ] = None,
) -> AggregateRequest:
    """The request for the progress of targets."""
    return replace(shared, query=replace(shared.query, period=period, by_agency=by == "agency"))


Parameters = Annotated[AggregateRequest, Depends(period_request)]
TargetParameters = Annotated[AggregateRequest, Depends(target_request)]


async def _negotiated(parameters: AggregateRequest, compute: Compute) -> Response:
    """Respond with the aggregate in the format that the client prefers.

    Raises:
        NotAcceptable: the client accepts none of the formats.
    """
    media_type = preferred_media_type(parameters.request, MEDIA_TYPES)
    if media_type is None:
        raise NotAcceptable(formats=", ".join(MEDIA_TYPES))
    return _respond(parameters, await parameters.aggregate(compute), media_type)


async def _as_file(parameters: AggregateRequest, compute: Compute, extension: str) -> Response:
    """Respond with the aggregate as a file with this extension."""
    return _respond(parameters, await parameters.aggregate(compute), FILE_TYPES[extension])


def _respond(parameters: AggregateRequest, aggregate: Aggregate, media_type: str) -> Response:
    """Respond with the aggregate, or 304 if the client has these figures.

    The ETag does not depend on the `as_of` of the response, so it changes only with the figures.
    """
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


UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The figures have not changed.", "headers": references("Vary")}
}
AS_JSON = problems(NotFound, AmbiguousPlan, NotAcceptable, NotSettled) | UNCHANGED
AS_JSON |= {200: {"headers": references("Vary")}}
# A file has an operation of its own: with several media types in one response, generated clients
# would type an aggregate as an object or a string.
AS_FILE = problems(NotFound, AmbiguousPlan, NotSettled) | UNCHANGED
AS_FILE |= {
    200: {
        "description": "The table as a file.",
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in MEDIA_TYPES[1:]
        },
        "headers": references("Vary", "Content-Disposition"),
    }
}
FILE_TYPES = {"csv": tables.CSV, "xlsx": tables.XLSX}
Extension = Annotated[
    Literal["csv", "xlsx"], Path(description="The format of the file: CSV or XLSX.")
]


@router.get(
    "/indicators",
    summary="Aggregate indicators",
    response_model=IndicatorAggregate,
    responses=AS_JSON,
)
async def aggregate_indicators(parameters: Parameters) -> Response:
    """Sums of each indicator over the last accepted (or submitted) revision of every agency.

    `Accept` chooses JSON, or CSV or XLSX as the path with that ending gives.
    """
    return await _negotiated(parameters, aggregates.sum_indicators)


@router.get(
    "/budget-execution",
    summary="Aggregate budget execution",
    response_model=ExecutionAggregate,
    responses=AS_JSON,
)
async def aggregate_budget_execution(parameters: Parameters) -> Response:
    """Allocated and disbursed amounts by project, source and origin; rates are ratios of sums.

    `Accept` chooses JSON, or CSV or XLSX as the path with that ending gives.
    """
    return await _negotiated(parameters, aggregates.sum_budget_execution)


@router.get(
    "/timeliness",
    summary="Aggregate timeliness",
    response_model=TimelinessAggregate,
    responses=AS_JSON,
)
async def aggregate_timeliness(parameters: Parameters) -> Response:
    """The timeliness of every agency at the requested instant, with counts.

    `Accept` chooses JSON, or CSV or XLSX as the path with that ending gives.
    """
    return await _negotiated(parameters, aggregates.list_timeliness)


@router.get(
    "/targets",
    summary="Aggregate targets",
    response_model=TargetAggregate,
    responses=AS_JSON,
)
async def aggregate_targets(parameters: TargetParameters) -> Response:
    """The progress of the plan's targets: what is reached, the target, the share, what is missing.

    `Accept` chooses JSON, or CSV or XLSX as the path with that ending gives.
    """
    return await _negotiated(parameters, aggregates.measure_targets)


@router.get(
    "/indicators.{extension}",
    summary="Indicators as a file",
    response_class=Response,
    responses=AS_FILE,
)
async def download_indicators(extension: Extension, parameters: Parameters) -> Response:
    """Get the aggregate of indicators as CSV or XLSX."""
    return await _as_file(parameters, aggregates.sum_indicators, extension)


@router.get(
    "/budget-execution.{extension}",
    summary="Budget execution as a file",
    response_class=Response,
    responses=AS_FILE,
)
async def download_budget_execution(extension: Extension, parameters: Parameters) -> Response:
    """Get the aggregate of budget execution as CSV or XLSX."""
    return await _as_file(parameters, aggregates.sum_budget_execution, extension)


@router.get(
    "/timeliness.{extension}",
    summary="Timeliness as a file",
    response_class=Response,
    responses=AS_FILE,
)
async def download_timeliness(extension: Extension, parameters: Parameters) -> Response:
    """Get the aggregate of timeliness as CSV or XLSX."""
    return await _as_file(parameters, aggregates.list_timeliness, extension)


@router.get(
    "/targets.{extension}",
    summary="Targets as a file",
    response_class=Response,
    responses=AS_FILE,
)
async def download_targets(extension: Extension, parameters: TargetParameters) -> Response:
    """Get the progress of the plan's targets as CSV or XLSX."""
    return await _as_file(parameters, aggregates.measure_targets, extension)
