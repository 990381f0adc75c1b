"""Loading a plan's folder: everything is checked first, then written in one transaction."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import local_day
from app.models.indicators import Indicator
from app.models.notifications import ReminderRule
from app.models.obligations import Obligation
from app.models.periods import ReportingPeriod, Schedule, ScheduleReporter, WorkingDay
from app.models.plans import LegalDocument, Plan, Responsibility, Target
from app.models.projects import Assignment, Project
from app.policy import Principal
from app.services.audit import ledger
from app.services.audit.action import Action
from app.services.audit.ledger import Actor
from app.services.periods import periods
from seed.agencies import Agencies
from seed.budgets import Budgets
from seed.checks import check
from seed.content import Content, read_content
from seed.findings import SeedError
from seed.rows import PlanRow
from seed.stock import Stock

__all__ = ["SeedError", "load"]

ACTOR = Actor("seed")
Say = Callable[[str], None]


class Tally(Protocol):
    """Who counts what it added and changed."""

    added: int
    changed: int


async def load(session: AsyncSession, folder: Path, *, now: datetime, say: Say) -> None:
    """Make the database hold the plan of a folder, within the caller's transaction.

    Loading the same files again changes nothing; a corrected file changes what was corrected;
    what is no longer in the files is left alone and said. `say` is told of each file.

    Raises:
        SeedError: with everything that is wrong in the files; nothing has been written.
    """
    content = read_content(folder)
    if findings := check(content):
        raise SeedError(findings)
    await ledger.open_ledger(session, None, now)
    loading = _Loading(session, content, say)
    plan = await loading.put(now)
    with session.no_autoflush:
        await loading.put_budget_lines(plan)
        await loading.record(plan, now)
    await session.flush()
    action = Action(Principal(ACTOR.name, None, frozenset(), None, "", ""), now)
    created = await periods.generate_year(session, action, plan, plan.year)
    obligations = await session.scalar(
        select(func.count())
        .select_from(Obligation)
        .join(ReportingPeriod, ReportingPeriod.id == Obligation.period_id)
        .where(ReportingPeriod.plan_id == plan.id)
    )
    say(f"Kỳ báo cáo: lập mới {len(created)} kỳ; kế hoạch có {obligations} nghĩa vụ báo cáo")


class _Loading:
    """One load: what is put, file by file, and the counts of what that changed."""

    def __init__(self, session: AsyncSession, content: Content, say: Say) -> None:
        assert content.plan.row is not None, "the files have been checked"  # noqa: S101 - narrows
        self._session = session
        self._content = content
        self._row: PlanRow = content.plan.row
        self._say = say
        self._agencies = Agencies(session, content)
        self._projects: dict[str, int] = {}
        self._schedules: dict[str, int] = {}
        self.counts: dict[str, dict[str, int]] = {}

    async def put(self, now: datetime) -> Plan:
        """Put all but the money, in the order in which files refer to each other."""
        await self._agencies.put()
        plan = await self._put_plan(local_day(now))
        await ledger.open_ledger(self._session, plan.id, now)
        left = await self._agencies.left(self._agencies.named(self._row.district))
        total = len(self._content.agencies.entries)
        self._tell("agencies.csv", f"{total} cơ quan, đơn vị", self._agencies, left=left)
        await self._put_projects(plan)
        await self._put_plan_parts(plan)
        await self._put_assignments()
        await self._put_responsibilities(plan)
        await self._put_indicators(plan)
        await self._put_schedules(plan)
        await self._put_working_days(plan)
        await self._put_reminders()
        return plan

    async def put_budget_lines(self, plan: Plan) -> None:
        """Put the money, to be flushed after the change is recorded."""
        budgets = Budgets(self._session, self._project)
        wanted = [
            row.model_dump(exclude={"project", "agency"})
            | {
                "project_id": self._projects[row.project],
                "agency_id": self._agencies.named(row.agency).id if row.agency else None,
                "origin_years": sorted(row.origin_years),
            }
            for row in self._content.budget_lines.rows
        ]
        await budgets.put(plan.id, wanted)
        total = sum(row.amount_vnd for row in self._content.budget_lines.rows)
        what = f"{len(wanted)} dòng vốn, {_grouped_by_thousands(total)} đồng"
        self._tell("budget_lines.csv", what, budgets, left=budgets.kept)

    async def record(self, plan: Plan, now: datetime) -> None:
        """Record an audit event if the load changes something, or if the last one had failed."""
        if self.counts or plan.import_failed:
            await ledger.record(
                self._session,
                now=now,
                actor=ACTOR,
                action="plan.loaded",
                subject=f"plans/{plan.code}",
                plan_id=plan.id,
                agency_id=plan.district_id,
                after=self.counts,
            )
        if plan.import_failed:
            await self._session.execute(
                update(Plan).where(Plan.id == plan.id).values(import_failed=False)
            )

    async def _put_plan(self, today: date) -> Plan:
        row = self._row
        stock = await Stock.of(self._session, Plan, Plan.code == row.code, ["code"])
        parts = {"district", "legal_basis", "targets"}
        values = row.model_dump(exclude=parts | ({"due_soon_days"} - row.model_fields_set))
        values |= {"district_id": self._agencies.named(row.district).id}
        existing = await self._session.scalar(
            select(Plan.effective_from).where(Plan.code == row.code)
        )
        plan = stock.put(values | {"effective_from": _effective_from(row, existing or today)})
        await self._session.flush()
        self._count("plan.yaml", stock)
        return plan

    async def _put_projects(self, plan: Plan) -> None:
        stock = await Stock.of(self._session, Project, Project.plan_id == plan.id, ["code"])
        put: dict[str, Project] = {}
        for position, row in enumerate(self._content.projects.rows, start=1):
            parent = put[row.parent] if row.parent else None
            if parent is not None and parent.id is None:
                await self._session.flush()
            values = row.model_dump(exclude={"parent"})
            values |= {"plan_id": plan.id, "position": position, "parent_id": parent and parent.id}
            put[row.code] = stock.put(values)
        await self._session.flush()
        self._projects = {code: project.id for code, project in put.items()}
        self._tell(
            "projects.yaml",
            f"{len(put)} dự án, tiểu dự án",
            stock,
            left=stock.left(lambda project: project.code),
        )

    async def _put_plan_parts(self, plan: Plan) -> None:
        """The legal documents, and the targets, which name projects."""
        documents = await Stock.of(
            self._session, LegalDocument, LegalDocument.plan_id == plan.id, ["number"]
        )
        for position, document in enumerate(self._row.legal_basis, start=1):
            documents.put(document.model_dump() | {"plan_id": plan.id, "position": position})
        targets = await Stock.of(self._session, Target, Target.plan_id == plan.id, ["code"])
        for position, target in enumerate(self._row.targets, start=1):
            place = {"plan_id": plan.id, "position": position, "project_id": None}
            if target.project:
                place["project_id"] = self._projects[target.project]
            targets.put(target.model_dump(exclude={"project"}) | place)
        await self._session.flush()
        what = f"{len(self._row.legal_basis)} văn bản, {len(self._row.targets)} mục tiêu"
        left = documents.left(lambda row: row.number) + targets.left(lambda row: row.code)
        self._tell("plan.yaml", what, documents, targets, left=left)

    async def _put_assignments(self) -> None:
        stock = await Stock.of(
            self._session,
            Assignment,
            Assignment.project_id.in_(self._projects.values()),
            ["project_id", "agency_id"],
        )
        for row in self._content.assignments.rows:
            for agency in self._content.expand([row.agency]):
                stock.put(
                    {
                        "project_id": self._projects[row.project],
                        "agency_id": self._agencies.of(agency).id,
                        "role": row.role,
                    }
                )
        await self._session.flush()
        code = self._agencies.code
        left = stock.left(lambda row: f"{self._project(row.project_id)} {code(row.agency_id)}")
        self._tell("assignments.csv", f"{stock.total} phân công", stock, left=left)

    async def _put_responsibilities(self, plan: Plan) -> None:
        stock = await Stock.of(
            self._session,
            Responsibility,
            Responsibility.plan_id == plan.id,
            ["agency_id", "position"],
        )
        for row in self._content.responsibilities.rows:
            for agency in self._content.expand([row.agency]):
                for position, item in enumerate(row.items, start=1):
                    stock.put(
                        {
                            "plan_id": plan.id,
                            "agency_id": self._agencies.of(agency).id,
                            "position": position,
                            "title": row.title,
                            "text": item,
                        }
                    )
        await self._session.flush()
        code = self._agencies.code
        left = stock.left(lambda row: f"{code(row.agency_id)} ý {row.position}")
        self._tell("responsibilities.yaml", f"{stock.total} nhiệm vụ", stock, left=left)

    async def _put_indicators(self, plan: Plan) -> None:
        stock = await Stock.of(self._session, Indicator, Indicator.plan_id == plan.id, ["code"])
        for position, row in enumerate(self._content.indicators.rows, start=1):
            place = {"plan_id": plan.id, "position": position, "project_id": None}
            if row.project:
                place["project_id"] = self._projects[row.project]
            stock.put(row.model_dump(exclude={"project"}) | place)
        await self._session.flush()
        left = stock.left(lambda row: row.code)
        self._tell("indicators.csv", f"{stock.total} chỉ tiêu", stock, left=left)

    async def _put_schedules(self, plan: Plan) -> None:
        schedules = await Stock.of(self._session, Schedule, Schedule.plan_id == plan.id, ["code"])
        put = [
            (schedules.put(row.model_dump(exclude={"reporters"}) | {"plan_id": plan.id}), row)
            for row in self._content.schedules.rows
        ]
        await self._session.flush()
        reporters = await Stock.of(
            self._session,
            ScheduleReporter,
            ScheduleReporter.schedule_id.in_([schedule.id for schedule, _ in put]),
            ["schedule_id", "agency_id"],
        )
        for schedule, row in put:
            for agency in self._content.expand(row.reporters):
                agency_id = self._agencies.of(agency).id
                reporters.put({"schedule_id": schedule.id, "agency_id": agency_id})
        await self._session.flush()
        what = f"{schedules.total} chế độ báo cáo, {reporters.total} lượt cơ quan phải báo cáo"
        left = schedules.left(lambda row: row.code)
        named = {schedule.id: schedule.code for schedule, _ in put}
        self._schedules = {schedule.code: schedule.id for schedule, _ in put}
        code = self._agencies.code
        left += reporters.left(lambda row: f"{named[row.schedule_id]} {code(row.agency_id)}")
        self._tell("schedules.yaml", what, schedules, reporters, left=left)
        if schedules.changed:
            self._say("schedules.yaml: các kỳ đã lập giữ nguyên hạn cũ")

    async def _put_working_days(self, plan: Plan) -> None:
        rows = [
            {
                "district_id": plan.district_id,
                "day": row.date,
                "change": row.change,
                "note": row.note,
            }
            for row in self._content.working_days.rows
        ]
        scope = and_(
            WorkingDay.district_id == plan.district_id,
            WorkingDay.day.in_([row["day"] for row in rows]),
        )
        stock = await Stock.of(self._session, WorkingDay, scope, ["day"])
        for row in rows:
            stock.put(row)
        await self._session.flush()
        self._tell("working_days.csv", f"{stock.total} ngày nghỉ, làm bù", stock, left=[])

    async def _put_reminders(self) -> None:
        """The rules of schedules; an agency's own ones are made in the service."""
        scope = and_(
            ReminderRule.schedule_id.in_(self._schedules.values()),
            ReminderRule.agency_id.is_(None),
        )
        stock = await Stock.of(self._session, ReminderRule, scope, ["schedule_id", "code"])
        for row in self._content.reminders.rows:
            for code in row.schedules or self._schedules:
                place = {"schedule_id": self._schedules[code], "agency_id": None, "active": True}
                stock.put(row.model_dump(exclude={"schedules"}) | place)
        await self._session.flush()
        left = stock.left(lambda rule: rule.code)
        self._tell("reminders.yaml", f"{stock.total} quy tắc nhắc hạn", stock, left=left)

    def _project(self, project_id: int) -> str:
        named = (code for code, known in self._projects.items() if known == project_id)
        return next(named, str(project_id))

    def _count(self, file: str, *tallies: Tally) -> dict[str, int]:
        counts = self.counts.get(file, {"added": 0, "changed": 0})
        counts["added"] += sum(tally.added for tally in tallies)
        counts["changed"] += sum(tally.changed for tally in tallies)
        if any(counts.values()):
            self.counts[file] = counts
        return counts

    def _tell(self, file: str, what: str, *tallies: Tally, left: list[str]) -> None:
        counts = self._count(file, *tallies)
        self._say(f"{file}: {what} (thêm {counts['added']}, sửa {counts['changed']})")
        if left:
            self._say(f"{file}: giữ nguyên trong cơ sở dữ liệu: {'; '.join(left)}")


def _grouped_by_thousands(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")


def _effective_from(row: PlanRow, latest: date) -> date:
    """The day of the newest document that the plan cites, but at the latest `latest`."""
    issued = [document.issued_on for document in row.legal_basis if document.issued_on is not None]
    return min(max(issued), latest) if issued else latest
