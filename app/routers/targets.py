"""Targets of a plan, and their values for the plan or for single agencies."""

from fastapi import APIRouter, Response

from app.errors import NotFound, PreconditionRequired, Stale
from app.http.headers import etag
from app.http.revalidation import ReferenceRoute
from app.routers.dependencies import (
    ReadSession,
    ReferenceAction,
    ReferenceReader,
    Unchanged,
    WriteSession,
)
from app.routers.responses import problems
from app.schemas.targets import AgencyTarget, TargetIn, TargetWithAgencies
from app.services.reference import targets

router = APIRouter(prefix="/plans", tags=["targets"], route_class=ReferenceRoute)


@router.get("/{plan}/targets/{target}", summary="Get a target", responses=problems(NotFound))
async def get_target(
    plan: str, target: str, response: Response, principal: ReferenceReader, session: ReadSession
) -> TargetWithAgencies:
    """Get a target of the plan, with its values for agencies. Send its ETag to change it."""
    row = await targets.get(session, principal, target, plan=plan)
    response.headers["ETag"] = etag(row["version"])
    return TargetWithAgencies.model_validate(row)


@router.put(
    "/{plan}/targets/{target}",
    summary="Set a target",
    responses=problems(NotFound, PreconditionRequired, Stale),
)
async def put_target(
    plan: str,
    target: str,
    body: TargetIn,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
    unchanged: Unchanged,
) -> TargetWithAgencies:
    """Set the value for the whole plan, and the baseline where the target is a decrease."""
    row = await targets.set_value(
        session, action, target, body.model_dump(), plan=plan, check_version=unchanged
    )
    response.headers["ETag"] = etag(row["version"])
    return TargetWithAgencies.model_validate(row)


@router.get(
    "/{plan}/targets/{target}/agencies/{agency}",
    summary="Get an agency's target",
    responses=problems(NotFound),
)
async def get_agency_target(
    plan: str,
    target: str,
    agency: str,
    response: Response,
    principal: ReferenceReader,
    session: ReadSession,
) -> AgencyTarget:
    """Get the value of a target for an agency below the plan's owner.

    The agency's code is read at the end of the plan's year. Version 0: nothing is set yet.
    """
    row = await targets.get_of_agency(session, principal, target, plan=plan, agency=agency)
    response.headers["ETag"] = etag(row["version"])
    return AgencyTarget.model_validate(row)


@router.put(
    "/{plan}/targets/{target}/agencies/{agency}",
    summary="Set an agency's target",
    responses=problems(NotFound, PreconditionRequired, Stale),
)
async def put_agency_target(
    plan: str,
    target: str,
    agency: str,
    body: TargetIn,
    response: Response,
    action: ReferenceAction,
    session: WriteSession,
    unchanged: Unchanged,
) -> AgencyTarget:
    """Set an agency's share of a target, and its own baseline where the target is a decrease."""
    row = await targets.set_value_of_agency(
        session,
        action,
        target,
        body.model_dump(),
        plan=plan,
        agency=agency,
        check_version=unchanged,
    )
    response.headers["ETag"] = etag(row["version"])
    return AgencyTarget.model_validate(row)
