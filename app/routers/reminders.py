"""Reminders: the rules, what they would send, and a reminder by hand."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import local_day
from app.errors import (
    AlreadyExists,
    AmbiguousPlan,
    NotFound,
    PreconditionRequired,
    Stale,
    StateConflict,
)
from app.http.headers import etag
from app.http.routing import StrictRoute
from app.policy import Principal
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
    RemindersManager,
    ServiceSettings,
    Unchanged,
    WriteSession,
    actor,
)
from app.routers.responses import problems
from app.schemas.base import Day, NewCode, Page
from app.schemas.reminders import (
    ForeseenOut,
    Reminded,
    ReminderRuleIn,
    ReminderRuleOut,
    RemindIn,
)
from app.services.reminders import manual, rules
from app.services.reminders.rules import Place

router = APIRouter(tags=["reminders"], route_class=StrictRoute)

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)

PUT_ANSWERS: dict[int | str, dict[str, Any]] = {
    201: {"model": ReminderRuleOut, "description": "Đã tạo."}
}
PUT_ANSWERS |= problems(NotFound, AmbiguousPlan, AlreadyExists, PreconditionRequired, Stale)

OwnRulesOf = Annotated[
    str | None,
    Query(alias="agency", max_length=64, description="Mã đơn vị, với quy tắc riêng của đơn vị."),
]


@dataclass(frozen=True)
class RuleAddress:
    """Which rule is meant: a schedule's, or an agency's own one in its place."""

    schedule: str
    code: str
    agency: str | None
    plan: str | None
    on: date

    async def place(self, session: AsyncSession, principal: Principal) -> Place:
        """Where it stands, or may be put."""
        return await rules.find_place(
            session,
            principal,
            schedule=self.schedule,
            code=self.code,
            agency=self.agency,
            plan=self.plan,
            on=self.on,
        )


async def rule_address(
    schedule: Annotated[str, Path(description="Mã chế độ báo cáo.", examples=["quarterly"])],
    code: Annotated[NewCode, Path(description="Mã quy tắc.", examples=["before-3"])],
    on: OnDay,
    agency: OwnRulesOf = None,
    plan: PlanCode = None,
) -> RuleAddress:
    """The rule that a path names."""
    return RuleAddress(schedule, code, agency, plan, on)


AtRule = Annotated[RuleAddress, Depends(rule_address)]


@router.get("/reminder-rules", summary="Các quy tắc nhắc hạn", responses=problems(NotFound))
async def list_reminder_rules(
    principal: ReferenceReader,
    session: ReadSession,
    on: OnDay,
    schedule: Annotated[str | None, Query(max_length=64, description="Mã chế độ báo cáo.")] = None,
    agency: OwnRulesOf = None,
    plan: PlanCode = None,
    limit: Limit = PAGE_SIZE,
    cursor: Cursor = None,
) -> Page[ReminderRuleOut]:
    """The rules by schedule, agencies' own ones too; with `agency` only that agency's own ones."""
    items, following = await rules.listed(
        session,
        principal,
        plan,
        schedule=schedule,
        agency=agency,
        on=on,
        limit=limit,
        cursor=cursor,
    )
    return Page[ReminderRuleOut].model_validate({"items": items, "next_cursor": following})


@router.get(
    "/reminder-rules/{schedule}/{code}",  # noqa: FAST003 - read by rule_address
    summary="Một quy tắc nhắc hạn",
    responses=problems(NotFound, AmbiguousPlan),
)
async def get_reminder_rule(
    at: AtRule, response: Response, principal: ReferenceReader, session: ReadSession
) -> ReminderRuleOut:
    """One rule; its ETag is for changing it."""
    found = await rules.find(
        session,
        principal,
        schedule=at.schedule,
        code=at.code,
        agency=at.agency,
        plan=at.plan,
        on=at.on,
    )
    response.headers["ETag"] = etag(found["version"])
    return ReminderRuleOut.model_validate(found)


@router.put(
    "/reminder-rules/{schedule}/{code}",  # noqa: FAST003 - read by rule_address
    summary="Đặt quy tắc nhắc hạn",
    responses=PUT_ANSWERS,
)
async def put_reminder_rule(
    at: AtRule,
    body: ReminderRuleIn,
    request: Request,
    response: Response,
    principal: RemindersManager,
    session: WriteSession,
    now: Now,
    unchanged: Unchanged,
) -> ReminderRuleOut:
    """Make a rule of a schedule, or an agency's own one, or replace it.

    If-Match is needed only where there is one already. Who was told by a rule is not told again
    for the same due date when it changes.
    """
    place = await at.place(session, principal)
    rule, is_new = await rules.put(
        session,
        place,
        body.model_dump(),
        check_version=unchanged,
        now=now,
        actor=actor(request, principal),
    )
    response.status_code = 201 if is_new else 200
    response.headers["ETag"] = etag(rule["version"])
    return ReminderRuleOut.model_validate(rule)


@router.delete(
    "/reminder-rules/{schedule}/{code}",  # noqa: FAST003 - read by rule_address
    summary="Bỏ quy tắc nhắc hạn",
    status_code=204,
    responses=problems(NotFound, AmbiguousPlan, PreconditionRequired, Stale),
)
async def delete_reminder_rule(
    at: AtRule,
    request: Request,
    principal: RemindersManager,
    session: WriteSession,
    now: Now,
    unchanged: Unchanged,
) -> None:
    """Drop a rule. An agency that had its own one gets the schedule's again."""
    place = await at.place(session, principal)
    await rules.delete(
        session, place, check_version=unchanged, now=now, actor=actor(request, principal)
    )


@router.post("/reminders/preview", summary="Xem trước thông báo nhắc hạn", responses=problems())
async def preview_reminders(
    principal: RemindersManager,
    session: ReadSession,
    settings: ServiceSettings,
    now: Now,
    on: Annotated[
        Day | None,
        Query(ge=FIRST_DAY, le=LAST_DAY, description="Ngày muốn xem; bỏ trống là hôm nay."),
    ] = None,
) -> Page[ForeseenOut]:
    """What the rules would send on a day, to whom, in which words, if nothing changed until then.

    Sends nothing. The list is whole: `next_cursor` is always null.
    """
    found = await manual.preview(session, principal, on or local_day(now), settings.public_url)
    return Page[ForeseenOut].model_validate({"items": found, "next_cursor": None})


@router.post(
    "/obligations/{period}/{agency}/remind",  # noqa: FAST003 - read by report_key
    summary="Nhắc tay",
    responses=problems(NotFound, AmbiguousPlan, StateConflict),
)
async def remind_obligation(
    key: AddressedReport,
    action: RemindersAction,
    session: WriteSession,
    body: RemindIn | None = None,
) -> Reminded:
    """Remind the reporters of an agency now, with a note; at most once an hour.

    Sooner the answer is 409, and `Retry-After` says in how many seconds it can be done again.
    """
    told = await manual.remind(session, action, key, note=body.note if body else None)
    return Reminded(told=told)
