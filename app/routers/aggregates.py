"""Aggregates over a subtree of agencies with their coverage, as JSON, CSV or XLSX."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from app.db.pagination import LARGEST_LIMIT
from app.errors import AmbiguousPlan, AmbiguousProgramme, NotAcceptable, NotFound, NotSettled
from app.http.headers import (
    REVALIDATION,
    combined,
    etag,
    is_any,
    listed_versions,
    preferred_media_type,
)
from app.http.routing import StrictRoute
from app.routers.aggregate_requests import AggregateRequest, Parameters, TargetParameters
from app.routers.dependencies import Cursor
from app.routers.responses import problems, references
from app.schemas.aggregates import (
    ExecutionAggregate,
    IndicatorAggregate,
    TargetAggregate,
    TimelinessAggregate,
)
from app.schemas.plan_sums import ExecutionSums, IndicatorSums, TargetsOfPlans, TimelinessOfPlans
from app.services.aggregates import aggregates, scopes, target_progress, versions
from app.services.aggregates.names import get_names
from app.services.aggregates.paging import Paging
from app.services.aggregates.scopes import AggregateQuery, Scope
from app.services.audit.settlement import Settlement
from app.text.sheets import CSV, XLSX, machine_csv
from app.text.sheets import aggregates as sheets

router = APIRouter(prefix="/aggregates", tags=["aggregates"], route_class=StrictRoute)

JSON = "application/json"
MEDIA_TYPES = (JSON, CSV, XLSX)

Kind = Literal["indicators", "budget-execution", "timeliness", "targets"]


async def _negotiated(parameters: AggregateRequest, kind: Kind) -> Response:
    """Respond with the aggregate in the format that the client prefers.

    Raises:
        NotAcceptable: the client accepts none of the formats.
    """
    media_type = preferred_media_type(parameters.request, MEDIA_TYPES)
    if media_type is None:
        raise NotAcceptable(formats=", ".join(MEDIA_TYPES))
    return await _respond(parameters, kind, media_type)


async def _respond(parameters: AggregateRequest, kind: Kind, media_type: str) -> Response:
    """Respond with the aggregate, or 304 if an earlier answer of the client's still holds.

    The ETag does not depend on the `as_of` of the response, so it changes only with the figures,
    and where timeliness does. It follows from the scope, so that a 304 costs no sums.
    """
    query, driver, principal = parameters.query, parameters.database.driver, parameters.principal
    if media_type != JSON:
        query = replace(query, paging=None)  # a file has no cursor, so it has all rows
    # 1. Compare the scope with the client's answers.
    scope = await scopes.resolve(driver, principal, query)
    digest = versions.digest_of(scope, query, kind, media_type, parameters.wording)
    header = combined(parameters.request, "If-None-Match")
    held = versions.find_held(digest, listed_versions(header), scope.clock(query))
    if held is not None or is_any(header):
        return Response(status_code=304, headers=_headers(held or digest))
    # 2. Sum as of the scope's instant.
    aggregate, held_until = await _compute(parameters, kind, scope, query)
    headers = _headers(versions.version_of(digest, held_until))
    # 3. Write the answer in its format.
    if media_type == JSON:
        return Response(json.dumps(aggregate, ensure_ascii=False), media_type=JSON, headers=headers)
    name = f"{aggregate['period']}-{aggregate['agency']}"
    extension = EXTENSIONS[media_type]
    headers["Content-Disposition"] = f'attachment; filename="{name}.{extension}"'
    content = await _write_file(parameters, kind, scope, aggregate, media_type)
    return Response(content, media_type=media_type, headers=headers)


async def _write_file(
    parameters: AggregateRequest,
    kind: Kind,
    scope: Scope,
    aggregate: dict[str, Any],
    media_type: str,
) -> bytes:
    """The aggregate as a file; in a thread, because a large one takes seconds."""
    wording = parameters.wording
    if media_type == CSV and wording.csv is None:
        return await asyncio.to_thread(machine_csv.write, aggregate)
    if media_type == CSV:
        return await asyncio.to_thread(sheets.as_vietnamese_csv, kind, aggregate)
    names = await get_names(parameters.database.driver, scope)
    return await asyncio.to_thread(sheets.as_workbook, kind, aggregate, names, wording.lang)


async def _compute(
    parameters: AggregateRequest, kind: Kind, scope: Scope, query: AggregateQuery
) -> tuple[dict[str, Any], datetime | None]:
    """The aggregate, and the instant at which the clock changes it, if it does.

    The session is opened here, because a 304 needs none.
    """
    settlement = Settlement(parameters.database)
    async with parameters.database.reading() as session:
        match kind:
            case "indicators":
                return await aggregates.sum_indicators(session, scope, query, settlement), None
            case "budget-execution":
                answer = await aggregates.sum_budget_execution(session, scope, query, settlement)
                return answer, None
            case "targets":
                answer = await target_progress.measure_targets(session, scope, query, settlement)
                return answer, None
            case "timeliness":
                return await aggregates.list_timeliness(session, scope, query, settlement)


def _headers(version: str) -> dict[str, str]:
    return {
        **REVALIDATION,
        "ETag": etag(version),
        "Vary": f"Accept, {REVALIDATION['Vary']}",
    }


UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The figures have not changed.", "headers": references("Vary")}
}
AS_JSON = (
    problems(NotFound, AmbiguousPlan, AmbiguousProgramme, NotAcceptable, NotSettled) | UNCHANGED
)
AS_JSON |= {200: {"headers": references("Vary")}}
# A file has an operation of its own: with several media types in one response, generated clients
# would type an aggregate as an object or a string.
AS_FILE = problems(NotFound, AmbiguousPlan, AmbiguousProgramme, NotSettled) | UNCHANGED
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
FILE_TYPES = {"csv": CSV, "xlsx": XLSX}
EXTENSIONS = {media_type: extension for extension, media_type in FILE_TYPES.items()}
Extension = Annotated[
    Literal["csv", "xlsx"], Path(description="The format of the file: CSV or XLSX.")
]

RowLimit = Annotated[
    int | None,
    Query(ge=1, le=LARGEST_LIMIT, description="The number of rows a page."),
]


@router.get(
    "/indicators",
    summary="Aggregate indicators",
    response_model=IndicatorAggregate | IndicatorSums,
    responses=AS_JSON,
)
async def aggregate_indicators(parameters: Parameters) -> Response:
    """Sums of each indicator over the last accepted (or submitted) revision of every agency.

    Without `plan` all plans of the programme count whose reporters lie in the subtree. With one
    plan and without `by` the answer names it as `plan`, else all of them as `plans`.
    `Accept` chooses JSON, or CSV or XLSX as the path with that ending gives.
    """
    return await _negotiated(parameters, "indicators")


@router.get(
    "/budget-execution",
    summary="Aggregate budget execution",
    response_model=ExecutionAggregate | ExecutionSums,
    responses=AS_JSON,
)
async def aggregate_budget_execution(parameters: Parameters) -> Response:
    """Allocated and disbursed amounts by project, source, origin and nature.

    Rates are ratios of sums. Several plans are summed as indicators are.
    `Accept` chooses JSON, or CSV or XLSX as the path with that ending gives.
    """
    return await _negotiated(parameters, "budget-execution")


@router.get(
    "/timeliness",
    summary="Aggregate timeliness",
    response_model=TimelinessAggregate | TimelinessOfPlans,
    responses=AS_JSON,
)
async def aggregate_timeliness(
    parameters: Parameters, limit: RowLimit = None, cursor: Cursor = None
) -> Response:
    """The timeliness of every agency at the requested instant, with counts.

    The reports to several plans come in pages of at most 200 rows; those to one plan do with
    `limit`.

    `Accept` chooses JSON, or CSV or XLSX as the path with that ending gives.
    """
    query = replace(parameters.query, paging=Paging(limit, cursor))
    return await _negotiated(replace(parameters, query=query), "timeliness")


@router.get(
    "/targets",
    summary="Aggregate targets",
    response_model=TargetAggregate | TargetsOfPlans,
    responses=AS_JSON,
)
async def aggregate_targets(parameters: TargetParameters) -> Response:
    """The progress of the plan's targets: what is reached, the target, the share, what is missing.

    Several plans have the rows of each; counts that they have in common come first, in sum.

    `Accept` chooses JSON, or CSV or XLSX as the path with that ending gives.
    """
    return await _negotiated(parameters, "targets")


@router.get(
    "/indicators.{extension}",
    summary="Indicators as a file",
    response_class=Response,
    responses=AS_FILE,
)
async def download_indicators(extension: Extension, parameters: Parameters) -> Response:
    """Get the aggregate of indicators as CSV or XLSX."""
    return await _respond(parameters, "indicators", FILE_TYPES[extension])


@router.get(
    "/budget-execution.{extension}",
    summary="Budget execution as a file",
    response_class=Response,
    responses=AS_FILE,
)
async def download_budget_execution(extension: Extension, parameters: Parameters) -> Response:
    """Get the aggregate of budget execution as CSV or XLSX."""
    return await _respond(parameters, "budget-execution", FILE_TYPES[extension])


@router.get(
    "/timeliness.{extension}",
    summary="Timeliness as a file",
    response_class=Response,
    responses=AS_FILE,
)
async def download_timeliness(extension: Extension, parameters: Parameters) -> Response:
    """Get the aggregate of timeliness as CSV or XLSX."""
    return await _respond(parameters, "timeliness", FILE_TYPES[extension])


@router.get(
    "/targets.{extension}",
    summary="Targets as a file",
    response_class=Response,
    responses=AS_FILE,
)
async def download_targets(extension: Extension, parameters: TargetParameters) -> Response:
    """Get the progress of the plan's targets as CSV or XLSX."""
    return await _respond(parameters, "targets", FILE_TYPES[extension])
