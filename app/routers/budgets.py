"""Budget lines: money of a project, distributed to agencies."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.errors import (
    AmbiguousPlan,
    NotFound,
    PreconditionRequired,
    Stale,
    StateConflict,
)
from app.http.headers import etag, location
from app.http.problems import CONSTRAINTS
from app.http.revalidation import ReferenceRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    Cursor,
    Limit,
    OnDay,
    PlanCode,
    ReadSession,
    ReferenceAction,
    ReferenceReader,
    Unchanged,
    WriteSession,
)
from app.routers.responses import problems
from app.schemas.base import Page
from app.schemas.budgets import BudgetLineIn, BudgetLineOut, BudgetLinePatch, BudgetSummary
from app.services.reference import budget_summary, budgets
from app.services.reference.budgets import BudgetFilter
from app.vocabulary import BudgetNature, BudgetOrigin, BudgetSource

router = APIRouter(prefix="/budgets", tags=["budgets"], route_class=ReferenceRoute)

LineId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("", summary="List budget lines", responses=problems(NotFound, AmbiguousPlan))
async def list_budget_lines(
    principal: ReferenceReader,
    session: ReadSession,
    on: OnDay,
    plan: PlanCode = None,
    project: Annotated[
        str | None, Query(max_length=64, description="The project, with its sub-projects.")
    ] = None,
    source: BudgetSource | None = None,
    origin: BudgetOrigin | None = None,
    nature: BudgetNature | None = None,
    agency: Annotated[
        str | None, Query(max_length=64, description="The code of the agency.")
    ] = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[BudgetLineOut]:
    """List the budget lines in the plan's order of projects. Their sum is the plan's budget."""
    filters = BudgetFilter(
        project=project, source=source, origin=origin, agency=agency, nature=nature
    )
    items, next_cursor = await budgets.list_page(
        session, principal, filters, plan=plan, on=on, limit=limit, cursor=cursor
    )
    return Page[BudgetLineOut].model_validate({"items": items, "next_cursor": next_cursor})


@router.get(
    "/summary", summary="Get the budget of a plan", responses=problems(NotFound, AmbiguousPlan)
)
async def get_budget_summary(
    principal: ReferenceReader, session: ReadSession, plan: PlanCode = None
) -> BudgetSummary:
    """Get the plan's budget by project and by source."""
    return BudgetSummary.model_validate(await budget_summary.get(session, principal, plan=plan))


@router.get("/{line_id:line_id}", summary="Get a budget line", responses=problems(NotFound))
async def get_budget_line(
    line_id: LineId,
    response: Response,
    principal: ReferenceReader,
    session: ReadSession,
) -> BudgetLineOut:
    """Get a budget line. Send its ETag to change or delete it."""
    line = await budgets.get(session, principal, line_id)
    response.headers["ETag"] = etag(line["version"])
    return BudgetLineOut.model_validate(line)


@router.post(
    "",
    summary="Create a budget line",
    status_code=201,
    responses=problems(NotFound, AmbiguousPlan, CONSTRAINTS["budget_line_once"]),
)
async def create_budget_line(
    body: BudgetLineIn,
    request: Request,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
    on: OnDay,
    plan: PlanCode = None,
) -> BudgetLineOut:
    """Distribute money to an agency or, without `agency`, add newly granted money.

    An agency's money is taken from the undistributed line: the line without an agency, of the same
    project, source, origin, years and nature. If that line exists already, change its amount to add
    newly granted money.
    """
    line = await budgets.create(session, action, body.model_dump(), plan=plan, on=on)
    response.headers["ETag"] = etag(line["version"])
    response.headers["Location"] = location(request, line["id"])
    return BudgetLineOut.model_validate(line)


@router.patch(
    "/{line_id:line_id}",
    summary="Change a budget line",
    responses=problems(NotFound, PreconditionRequired, Stale, CONSTRAINTS["budget_line_once"]),
)
async def change_budget_line(
    line_id: LineId,
    body: BudgetLinePatch,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
    unchanged: Unchanged,
) -> BudgetLineOut:
    """Change the amount, the nature or the decision.

    The difference of an agency's line is taken from, or returned to, the undistributed line. The
    nature changes on all lines among which the money is distributed.
    """
    line = await budgets.change(
        session, action, line_id, body.model_dump(), check_version=unchanged
    )
    response.headers["ETag"] = etag(line["version"])
    return BudgetLineOut.model_validate(line)


@router.delete(
    "/{line_id:line_id}",
    summary="Delete a budget line",
    status_code=204,
    responses=problems(
        NotFound, StateConflict(budgets.IS_DISTRIBUTED), PreconditionRequired, Stale
    ),
)
async def delete_budget_line(
    line_id: LineId,
    action: ReferenceAction,
    session: WriteSession,
    unchanged: Unchanged,
) -> None:
    """Return an agency's money to the undistributed line, or delete an undistributed line.

    An undistributed line cannot be deleted while agencies have money from it.
    """
    await budgets.delete(session, action, line_id, check_version=unchanged)
