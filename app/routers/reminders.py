"""Reminders: the rules, a preview of what they send, and reminders by hand."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field

from app.clock import local_day
from app.errors import (
    AmbiguousPlan,
    NotFound,
    OtherOwner,
    PreconditionRequired,
    Stale,
    StateConflict,
)
from app.http.headers import etag
from app.http.problems import CONSTRAINTS
from app.http.routing import StrictRoute
from app.routers.dependencies import (
    PAGE_SIZE,
    AddressedReport,
    Cursor,
    Limit,
    Now,
    OnDay,
    PlanCode,
    ReadSession,
    ReferenceReader,
    RemindersAction,
    RemindersReader,
    ServiceSettings,
    Unchanged,
    WriteSession,
)
from app.routers.responses import problems
from app.schemas.base import IsoDate, NewCode, Page
from app.schemas.reminders import (
    ForeseenOut,
    Reminded,
    ReminderRuleIn,
    ReminderRuleOut,
    RemindIn,
)
from app.services.reminders import manual, rules
from app.services.reminders.rules import RuleKey

router = APIRouter(tags=["reminders"], route_class=StrictRoute)

PreviewDay = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31)), IsoDate]

TOO_SOON = StateConflict(manual.TOO_SOON, at="16:10", retry_after=1800)

PUT_ANSWERS: dict[int | str, dict[str, Any]] = {
    201: {"model": ReminderRuleOut, "description": "Created."}
}
PUT_ANSWERS |= problems(
    NotFound,
    AmbiguousPlan,
    CONSTRAINTS["reminder_rule_schedule_id_agency_id_code_key"],
    PreconditionRequired,
    Stale,
)

RuleAgency = Annotated[
    str | None,
    Query(alias="agency", max_length=64, description="The code of the agency, for its own rule."),
]


async def rule_key(
    schedule: Annotated[str, Path(description="The code of the schedule.", examples=["quarterly"])],
    code: Annotated[NewCode, Path(description="The code of the rule.", examples=["before-3"])],
    on: OnDay,
    agency: RuleAgency = None,
    plan: PlanCode = None,
) -> RuleKey:
    """The rule that the path and the query address."""
    return RuleKey(schedule=schedule, code=code, agency=agency, plan=plan, on=on)


AddressedRule = Annotated[RuleKey, Depends(rule_key)]


@router.get("/reminder-rules", summary="List reminder rules", responses=problems(NotFound))
async def list_reminder_rules(
    principal: ReferenceReader,
    session: ReadSession,
    on: OnDay,
    schedule: Annotated[
        str | None, Query(max_length=64, description="The code of the schedule.")
    ] = None,
    agency: RuleAgency = None,
    plan: PlanCode = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[ReminderRuleOut]:
    """The rules by schedule, agencies' own rules included.

    With `agency`, only the rules that this agency has in place of the schedules'.
    """
    rows, next_cursor = await rules.list_page(
        session,
        principal,
        plan=plan,
        schedule=schedule,
        agency=agency,
        on=on,
        limit=limit,
        cursor=cursor,
    )
    items = [ReminderRuleOut.model_validate(row._asdict()) for row in rows]
    return Page[ReminderRuleOut](items=items, next_cursor=next_cursor)


@router.get(
    "/reminder-rules/{schedule}/{code}",  # noqa: FAST003 - read by rule_key
    summary="Get a reminder rule",
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_reminder_rule(
    key: AddressedRule, response: Response, principal: ReferenceReader, session: ReadSession
) -> ReminderRuleOut:
    """One rule, with the ETag that a change of it requires."""
    row = await rules.get(session, principal, key)
    response.headers["ETag"] = etag(row.version)
    return ReminderRuleOut.model_validate(row._asdict())


@router.put(
    "/reminder-rules/{schedule}/{code}",  # noqa: FAST003 - read by rule_key
    summary="Put a reminder rule",
    responses=PUT_ANSWERS,
)
async def put_reminder_rule(
    key: AddressedRule,
    body: ReminderRuleIn,
    response: Response,
    action: RemindersAction,
    session: WriteSession,
    unchanged: Unchanged,
) -> ReminderRuleOut:
    """Create or replace a rule of a schedule, or an agency's own rule.

    If-Match is required only where the rule exists already. A changed rule does not repeat a
    reminder that it has sent for the same due date.
    """
    row, is_new = await rules.put(session, action, key, body.model_dump(), check_version=unchanged)
    response.status_code = 201 if is_new else 200
    response.headers["ETag"] = etag(row.version)
    return ReminderRuleOut.model_validate(row._asdict())


@router.delete(
    "/reminder-rules/{schedule}/{code}",  # noqa: FAST003 - read by rule_key
    summary="Delete a reminder rule",
    status_code=204,
    responses=problems(NotFound, AmbiguousPlan, PreconditionRequired, Stale),
)
async def delete_reminder_rule(
    key: AddressedRule, action: RemindersAction, session: WriteSession, unchanged: Unchanged
) -> None:
    """Delete a rule. Where it was an agency's own, the schedule's rule applies to it again."""
    await rules.delete(session, action, key, check_version=unchanged)


@router.post("/reminders/preview", summary="Preview reminders", responses=problems())
async def preview_reminders(
    principal: RemindersReader,
    session: ReadSession,
    settings: ServiceSettings,
    now: Now,
    on: Annotated[
        PreviewDay | None,
        Query(description="The day to look at, from 2000 to 2100; today by default."),
    ] = None,
) -> Page[ForeseenOut]:
    """The messages that the rules would send on a day if nothing changed until then.

    Sends nothing. The list is complete: `next_cursor` is always null.
    """
    messages = await manual.preview(session, principal, on or local_day(now), settings.public_url)
    return Page[ForeseenOut].model_validate({"items": messages, "next_cursor": None})


@router.post(
    "/obligations/{period}/{agency}/remind",  # noqa: FAST003 - read by report_key
    summary="Remind an agency",
    responses=problems(NotFound, AmbiguousPlan, OtherOwner, TOO_SOON),
)
async def remind_obligation(
    key: AddressedReport,
    action: RemindersAction,
    session: WriteSession,
    body: RemindIn | None = None,
) -> Reminded:
    """Remind the reporters of an agency now, with a note; at most once an hour.

    Sooner, the answer is 409, and `Retry-After` is the number of seconds to wait.
    """
    people = await manual.remind(session, action, key, note=body.note if body else None)
    return Reminded(told=people)
