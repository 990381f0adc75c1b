"""Write the tables of a plan from its files, and count the changes."""

from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.indicators import Indicator, PlanIndicator
from app.models.notifications import ReminderRule
from app.models.periods import Schedule, ScheduleReporter, WorkingDay
from app.models.plans import LegalDocument, Plan, Responsibility
from app.models.programmes import Programme
from app.models.projects import Assignment, PlanProject, Project
from app.policy import Principal
from app.services.audit import ledger
from app.services.audit.action import Action
from app.text.writing import figure
from app.vocabulary import AuditAction, SystemActor
from seed.agencies import AgencySync
from seed.budgets import BudgetSync
from seed.content import Content
from seed.programmes import INDICATOR_FIELDS, PROJECT_FIELDS
from seed.rows import PlanRow
from seed.table_sync import TableSync
from seed.targets import TargetSync

PRINCIPAL = Principal(SystemActor.SEED, None, frozenset(), None, "", "", "")
"""The principal of loads, for audit events."""

REPORTERS = {"reporters", "money_only"}
"""The values of a schedule that are rows of another table."""

Echo = Callable[[str], None]
Definition = TypeVar("Definition", Project, Indicator)


class ChangeCounts(Protocol):
    """The number of added and changed rows of a table."""

    @property
    def added(self) -> int:
        """The number of added rows."""

    @property
    def changed(self) -> int:
        """The number of changed rows."""


class PlanSync:
    """Writes the tables file by file, and counts the changes."""

    def __init__(self, session: AsyncSession, content: Content, echo: Echo) -> None:
        assert content.plan.row is not None, "the files have been checked"  # noqa: S101 - narrows
        self._session = session
        self._content = content
        self._row: PlanRow = content.plan.row
        self._echo = echo
        self._agencies = AgencySync(session, content)
        self._projects: dict[str, int] = {}
        self._indicators: dict[str, int] = {}
        self._targets: TargetSync | None = None
        self._schedules: dict[str, int] = {}
        self.counts: dict[str, dict[str, int]] = {}

    async def load_tables(self, now: datetime) -> Plan:
        """Write everything except budget lines, in the order of references between files."""
        await self._agencies.upsert()
        plan = await self._load_plan()
        await ledger.open_ledger(self._session, plan.id, now)
        kept = await self._agencies.missing_from_files(self._agencies.by_code(self._row.owner))
        total = len(self._content.agencies.entries)
        self._report("agencies.csv", f"{total} cơ quan, đơn vị", self._agencies, kept=kept)
        await self._load_projects(plan)
        await self._load_assignments(plan)
        await self._load_responsibilities(plan)
        await self._load_indicators(plan)
        await self._load_plan_parts(plan)
        await self._load_schedules(plan)
        await self._load_working_days(plan)
        await self._load_reminders()
        return plan

    async def load_budget_lines(self, plan: Plan) -> None:
        """Write the budget lines without a flush; see `BudgetSync.upsert`."""
        budgets = BudgetSync(self._session, self._project)
        lines = [
            row.model_dump(exclude={"project", "agency"})
            | {
                "plan_id": plan.id,
                "project_id": self._projects[row.project],
                "agency_id": self._agencies.by_code(row.agency).id if row.agency else None,
                "origin_years": sorted(row.origin_years),
            }
            for row in self._content.budget_lines.rows
        ]
        await budgets.upsert(plan.id, lines)
        total = sum(row.amount_vnd for row in self._content.budget_lines.rows)
        summary = f"{len(lines)} khoản vốn, {figure(total, 'vi')} đồng"
        self._report("budget_lines.csv", summary, budgets, kept=budgets.skipped)

    async def record(self, plan: Plan, now: datetime) -> None:
        """Record the load if it changed anything, or if the previous load failed."""
        if self.counts or plan.import_failed:
            at = await ledger.record_event(
                self._session,
                Action(PRINCIPAL, now),
                AuditAction.PLAN_LOADED,
                f"plans/{plan.code}",
                plan_id=plan.id,
                agency_id=plan.owner_id,
                after=self.counts,
            )
            if self._targets is not None:
                self._targets.add_values(at)
        if plan.import_failed:
            await self._session.execute(
                update(Plan).where(Plan.id == plan.id).values(import_failed=False)
            )

    async def _load_plan(self) -> Plan:
        row = self._row
        table = await TableSync.of(self._session, Plan, Plan.code == row.code, ["code"])
        programme_id = await self._session.scalar(
            select(Programme.id).where(Programme.code == row.programme)
        )
        # What the file leaves empty may have been entered in the meantime, as the plan's number.
        parts = {"programme", "owner", "legal_basis", "targets"}
        values = row.model_dump(exclude=parts, exclude_none=True)
        # Parts of these have empty fields of their own.
        values |= row.model_dump(include={"solutions", "funding", "signer"})
        values |= {
            "programme_id": programme_id,
            "owner_id": self._agencies.by_code(row.owner).id,
        }
        plan = table.upsert(values)
        await self._session.flush()
        self._count("plan.yaml", table)
        return plan

    async def _load_projects(self, plan: Plan) -> None:
        """Write the plan's own projects, then the adoption of every project."""
        definitions = await self._definitions(Project, plan)
        own = await TableSync.of(self._session, Project, Project.plan_id == plan.id, ["code"])
        adopted = await TableSync.of(
            self._session, PlanProject, PlanProject.plan_id == plan.id, ["project_id"]
        )
        for position, row in enumerate(self._content.projects.rows, start=1):
            project = definitions.get(row.code) or own.upsert(
                {
                    "programme_id": plan.programme_id,
                    "plan_id": plan.id,
                    "parent_id": self._projects[row.parent] if row.parent else None,
                    "position": position,
                    "code": row.code,
                    "name": row.name,
                }
            )
            await self._session.flush()
            self._projects[row.code] = project.id
            values = row.model_dump(exclude={"code", *PROJECT_FIELDS})
            values |= {"plan_id": plan.id, "project_id": project.id, "position": position}
            adopted.upsert(values)
        await self._session.flush()
        self._report(
            "projects.yaml",
            f"{adopted.total} dự án, tiểu dự án",
            own,
            adopted,
            kept=await self._names(Project, adopted.missing_from_files(lambda row: row.project_id)),
        )

    async def _load_plan_parts(self, plan: Plan) -> None:
        """Write the legal documents, and the targets, which refer to projects and indicators."""
        documents = await TableSync.of(
            self._session, LegalDocument, LegalDocument.plan_id == plan.id, ["number"]
        )
        for position, document in enumerate(self._row.legal_basis, start=1):
            documents.upsert(document.model_dump() | {"plan_id": plan.id, "position": position})
        self._targets = targets = await TargetSync.of(self._session, plan)
        await targets.upsert(self._row.targets, self._projects, self._indicators)
        await self._session.flush()
        summary = f"{len(self._row.legal_basis)} văn bản, {len(self._row.targets)} mục tiêu"
        kept = documents.missing_from_files(lambda row: row.number) + targets.missing_from_files()
        self._report("plan.yaml", summary, documents, targets, kept=kept)

    async def _load_assignments(self, plan: Plan) -> None:
        table = await TableSync.of(
            self._session,
            Assignment,
            Assignment.plan_id == plan.id,
            ["project_id", "agency_id"],
        )
        for row in self._content.assignments.rows:
            for agency in self._content.expand([row.agency]):
                table.upsert(
                    {
                        "plan_id": plan.id,
                        "project_id": self._projects[row.project],
                        "agency_id": self._agencies.agency_of(agency).id,
                        "role": row.role,
                    }
                )
        await self._session.flush()
        code = self._agencies.code_of
        kept = table.missing_from_files(
            lambda row: f"{self._project(row.project_id)} {code(row.agency_id)}"
        )
        self._report("assignments.csv", f"{table.total} phân công", table, kept=kept)

    async def _load_responsibilities(self, plan: Plan) -> None:
        table = await TableSync.of(
            self._session,
            Responsibility,
            Responsibility.plan_id == plan.id,
            ["agency_id", "position"],
        )
        positions: Counter[int] = Counter()
        for row in self._content.responsibilities.rows:
            for agency in self._content.expand([row.agency]):
                agency_id = self._agencies.agency_of(agency).id
                for item in row.items:
                    positions[agency_id] += 1
                    table.upsert(
                        {
                            "plan_id": plan.id,
                            "agency_id": agency_id,
                            "position": positions[agency_id],
                            "title": row.title,
                            "text": item,
                        }
                    )
        await self._session.flush()
        code = self._agencies.code_of
        kept = table.missing_from_files(lambda row: f"{code(row.agency_id)} ý {row.position}")
        self._report("responsibilities.yaml", f"{table.total} nhiệm vụ", table, kept=kept)

    async def _load_indicators(self, plan: Plan) -> None:
        """Write the plan's own indicators, then the adoption of every indicator."""
        definitions = await self._definitions(Indicator, plan)
        own = await TableSync.of(self._session, Indicator, Indicator.plan_id == plan.id, ["code"])
        adopted = await TableSync.of(
            self._session, PlanIndicator, PlanIndicator.plan_id == plan.id, ["indicator_id"]
        )
        for position, row in enumerate(self._content.indicators.rows, start=1):
            indicator = definitions.get(row.code)
            if indicator is None:
                columns = {
                    "programme_id": plan.programme_id,
                    "plan_id": plan.id,
                    "project_id": self._projects[row.project] if row.project else None,
                    "position": position,
                }
                defined = row.model_dump(include={"code", *INDICATOR_FIELDS} - {"project"})
                indicator = own.upsert(defined | columns)
                await self._session.flush()
            self._indicators[row.code] = indicator.id
            values = row.model_dump(exclude={"code", *INDICATOR_FIELDS})
            values |= {"plan_id": plan.id, "indicator_id": indicator.id, "position": position}
            adopted.upsert(values)
        await self._session.flush()
        missing = adopted.missing_from_files(lambda row: row.indicator_id)
        kept = await self._names(Indicator, missing)
        self._report("indicators.csv", f"{adopted.total} chỉ tiêu", own, adopted, kept=kept)

    async def _definitions(self, model: type[Definition], plan: Plan) -> dict[str, Definition]:
        """The projects or indicators of the plan's programme, by code."""
        rows = await self._session.scalars(
            select(model).where(model.programme_id == plan.programme_id, model.plan_id.is_(None))
        )
        return {row.code: row for row in rows}

    async def _names(self, model: type[Definition], ids: Collection[int]) -> list[str]:
        """The codes of projects or indicators."""
        return sorted(await self._session.scalars(select(model.code).where(model.id.in_(ids))))

    async def _load_schedules(self, plan: Plan) -> None:
        schedules = await TableSync.of(
            self._session, Schedule, Schedule.plan_id == plan.id, ["code"]
        )
        put = [
            (schedules.upsert(row.model_dump(exclude=REPORTERS) | {"plan_id": plan.id}), row)
            for row in self._content.schedules.rows
        ]
        await self._session.flush()
        reporters = await TableSync.of(
            self._session,
            ScheduleReporter,
            ScheduleReporter.schedule_id.in_([schedule.id for schedule, _ in put]),
            ["schedule_id", "agency_id"],
        )
        for schedule, row in put:
            money_only = {agency.code for agency in self._content.expand(row.money_only)}
            for agency in self._content.expand(row.reporters):
                reporters.upsert(
                    {
                        "schedule_id": schedule.id,
                        "agency_id": self._agencies.agency_of(agency).id,
                        "money_only": agency.code in money_only,
                    }
                )
        await self._session.flush()
        summary = f"{schedules.total} chế độ báo cáo, {reporters.total} lượt cơ quan phải báo cáo"
        kept = schedules.missing_from_files(lambda row: row.code)
        named = {schedule.id: schedule.code for schedule, _ in put}
        self._schedules = {schedule.code: schedule.id for schedule, _ in put}
        code = self._agencies.code_of
        kept += reporters.missing_from_files(
            lambda row: f"{named[row.schedule_id]} {code(row.agency_id)}"
        )
        self._report("schedules.yaml", summary, schedules, reporters, kept=kept)

    async def _load_working_days(self, plan: Plan) -> None:
        rows = [
            {
                "owner_id": plan.owner_id,
                "day": row.date,
                "change": row.change,
                "note": row.note,
            }
            for row in self._content.working_days.rows
        ]
        scope = and_(
            WorkingDay.owner_id == plan.owner_id,
            WorkingDay.day.in_([row["day"] for row in rows]),
        )
        table = await TableSync.of(self._session, WorkingDay, scope, ["day"])
        for row in rows:
            table.upsert(row)
        await self._session.flush()
        self._report("working_days.csv", f"{table.total} ngày nghỉ, làm bù", table, kept=[])

    async def _load_reminders(self) -> None:
        """Write the rules of schedules; agency-specific rules are managed in the API."""
        scope = and_(
            ReminderRule.schedule_id.in_(self._schedules.values()),
            ReminderRule.agency_id.is_(None),
        )
        table = await TableSync.of(self._session, ReminderRule, scope, ["schedule_id", "code"])
        for row in self._content.reminders.rows:
            for code in row.schedules or self._schedules:
                columns = {
                    "schedule_id": self._schedules[code],
                    "agency_id": None,
                    "active": True,
                }
                table.upsert(row.model_dump(exclude={"schedules"}) | columns)
        await self._session.flush()
        kept = table.missing_from_files(lambda rule: rule.code)
        self._report("reminders.yaml", f"{table.total} quy tắc nhắc hạn", table, kept=kept)

    def _project(self, project_id: int) -> str:
        named = (code for code, known in self._projects.items() if known == project_id)
        return next(named, str(project_id))

    def _count(self, file: str, *tables: ChangeCounts) -> dict[str, int]:
        counts = self.counts.get(file, {"added": 0, "changed": 0})
        counts["added"] += sum(table.added for table in tables)
        counts["changed"] += sum(table.changed for table in tables)
        if any(counts.values()):
            self.counts[file] = counts
        return counts

    def _report(self, file: str, summary: str, *tables: ChangeCounts, kept: list[str]) -> None:
        counts = self._count(file, *tables)
        self._echo(f"{file}: {summary} (thêm {counts['added']}, sửa {counts['changed']})")
        if kept:
            self._echo(f"{file}: giữ nguyên trong cơ sở dữ liệu: {'; '.join(kept)}")
