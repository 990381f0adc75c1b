"""The database after loading the plan's folder."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from app.db.database import Database
from app.models.agencies import Agency
from app.models.audit_events import AuditEvent, Ledger
from app.models.obligations import Obligation
from app.models.periods import ReportingPeriod, Schedule, ScheduleReporter
from app.models.plans import LegalDocument, Plan, Responsibility
from app.models.projects import Assignment, Project
from app.models.targets import Target, TargetValue
from app.vocabulary import AgencyKind, AssignmentRole
from seed.loader import SeedError
from tests.conftest import NEIGHBOUR_FOLDER, PROGRAMME_FOLDER
from tests.support.seed_folders import LATER, TABLES, changes, contents, correct, load_folder
from tests.support.verification import list_findings

PROJECTS = f"{PROGRAMME_FOLDER.name}/projects.yaml"
INDICATORS = f"{PROGRAMME_FOLDER.name}/indicators.csv"
# One reported figure: the new poor households of a commune.
STORE_FIGURE = """
WITH owed AS (SELECT id FROM obligation ORDER BY id LIMIT 1),
report AS (
    INSERT INTO report (obligation_id, status) SELECT id, 'submitted' FROM owed RETURNING id
),
revision AS (
    INSERT INTO revision (report_id, number, submitted_at, received_at, recorded_at, submitted_by,
        body, fingerprint)
    SELECT id, 1, now(), now(), now(), 'person', '{}', '' FROM report RETURNING id
)
INSERT INTO revision_entry (revision_id, indicator_id, value)
SELECT revision.id, indicator.id, 1 FROM revision, indicator WHERE indicator.code = 'KQ.31.1'
"""
DUE_DATES = {
    "2024-Q1": date(2024, 3, 15),
    "2024-Q2": date(2024, 6, 15),
    "2024-H1": date(2024, 6, 20),
    "2024-Q3": date(2024, 9, 15),
    "2024-Y": date(2024, 12, 10),
    "2024-Q4": date(2024, 12, 15),
}


async def test_projects_and_their_lead_agencies(database: Database) -> None:
    await load_folder(database)
    async with database.transaction() as session:
        projects = (await session.scalars(select(Project).order_by(Project.position))).all()
        leads = await session.execute(
            select(Project.code, Agency.code)
            .join(Assignment, Assignment.project_id == Project.id)
            .join(Agency, Agency.id == Assignment.agency_id)
            .where(
                Assignment.role == AssignmentRole.LEAD,
                Agency.kind.not_in([AgencyKind.COMMUNE, AgencyKind.TOWNSHIP]),
            )
        )
        led = sorted(leads.all())
        communes_that_lead = await session.scalar(
            select(func.count())
            .select_from(Assignment)
            .join(Project, Project.id == Assignment.project_id)
            .join(Agency, Agency.id == Assignment.agency_id)
            .where(
                Project.code == "DA2",
                Assignment.role == AssignmentRole.LEAD,
                Agency.kind.in_([AgencyKind.COMMUNE, AgencyKind.TOWNSHIP]),
            )
        )
    assert [project.code for project in projects] == [
        "DA2", "DA3", "DA3.TDA1", "DA3.TDA2", "DA4", "DA4.TDA1", "DA4.TDA3",
        "DA6", "DA6.TDA1", "DA6.TDA2", "DA7", "DA7.TDA1", "DA7.TDA2",
    ]  # fmt: skip
    by_id = {project.id: project.code for project in projects}
    parents = {p.code: by_id[p.parent_id] for p in projects if p.parent_id}
    assert parents == {code: code[:3] for code in by_id.values() if "." in code}
    assert led == [
        ("DA2", "395-LDTBXH"),
        ("DA3.TDA1", "395-NNPTNT"),
        ("DA3.TDA2", "395-TTYT"),
        ("DA3.TDA2", "395-VP"),
        ("DA4.TDA1", "395-LDTBXH"),
        ("DA4.TDA3", "395-LDTBXH"),
        ("DA6.TDA1", "395-VHTT"),
        ("DA6.TDA2", "395-LDTBXH"),
        ("DA7.TDA1", "395-LDTBXH"),
        ("DA7.TDA2", "395-LDTBXH"),
    ]
    assert communes_that_lead == 30


async def test_periods_reporters_and_obligations(database: Database) -> None:
    await load_folder(database)
    async with database.transaction() as session:
        periods = (await session.scalars(select(ReportingPeriod))).all()
        reporters = await session.execute(
            select(Schedule.code, func.count())
            .join(ScheduleReporter, ScheduleReporter.schedule_id == Schedule.id)
            .group_by(Schedule.code)
        )
        obligations = await session.execute(
            select(ReportingPeriod.code, func.count())
            .join(Obligation, Obligation.period_id == ReportingPeriod.id)
            .group_by(ReportingPeriod.code)
        )
        assert dict(reporters.all()) == {"quarterly": 35, "six_month": 35, "annual": 35}
        assert dict(obligations.all()) == dict.fromkeys(DUE_DATES, 35)
    assert {period.code: period.due_date for period in periods} == DUE_DATES


async def test_the_plan_and_its_parts(database: Database) -> None:
    await load_folder(database)
    async with database.transaction() as session:
        plan = (await session.scalars(select(Plan))).one()
        targets = await session.scalars(
            select(TargetValue.value)
            .join(Target, Target.id == TargetValue.target_id)
            .order_by(Target.position)
        )
        values = [str(value) for value in targets]
        documents = (await session.scalars(select(LegalDocument))).all()
        items = await session.execute(
            select(Agency.code, func.count())
            .join(Responsibility, Responsibility.agency_id == Agency.id)
            .where(Agency.code.in_(["395-LDTBXH", "395-TTYT", "395-MTTQ", "395", "15493"]))
            .group_by(Agency.code)
        )
        # Section VI.7 gives each department and service unit two more.
        expected = {"395-LDTBXH": 8, "395-TTYT": 2, "395-MTTQ": 2, "15493": 5}
        assert dict(items.all()) == expected
    assert (plan.code, plan.year) == ("tho-xuan-2024", 2024)
    assert plan.signer == {
        "authority": "KT. CHỦ TỊCH",
        "position": "PHÓ CHỦ TỊCH",
        "name": "Nguyễn Xuân Hải",
    }
    assert values == [
        "0.3100", "180.0000", "150.0000", "30.0000", "100.0000", "100.0000",
    ]  # fmt: skip
    issued = {document.number: document.issued_on for document in documents}
    assert issued["1277/QĐ-UBND"] == date(2024, 4, 1)
    assert issued["27/2022/NĐ-CP"] is None


async def test_a_load_is_one_audit_event(database: Database) -> None:
    await load_folder(database)
    async with database.transaction() as session:
        event = (
            await session.scalars(select(AuditEvent).where(AuditEvent.action == "plan.loaded"))
        ).one()
        ledgers = (await session.scalars(select(Ledger.plan_id))).all()
        assert await list_findings(session) == []
    assert (event.actor, event.subject) == ("seed", "plans/tho-xuan-2024")
    assert event.after is not None
    assert event.after["agencies.csv"] == {"added": 48, "changed": 0}
    assert event.after["budget_lines.csv"] == {"added": 14, "changed": 0}
    assert len(ledgers) == 2
    assert None in ledgers


async def test_each_file_is_reported_with_its_counts(database: Database) -> None:
    lines = await load_folder(database)
    assert [line.split(":")[0] for line in lines[:-1]] == [
        "Chương trình giam-ngheo-2021-2025",
        "agencies.csv",
        "projects.yaml",
        "assignments.csv",
        "responsibilities.yaml",
        "indicators.csv",
        "plan.yaml",
        "schedules.yaml",
        "working_days.csv",
        "reminders.yaml",
        "budget_lines.csv",
    ]
    assert "14 khoản vốn, 12.298.140.000 đồng" in lines[-2]
    assert "210 báo cáo phải gửi" in lines[-1]


async def test_a_plan_needs_its_programme(database: Database, folder: Path) -> None:
    shutil.rmtree(folder.parent / PROGRAMME_FOLDER.name)
    with pytest.raises(SeedError, match="programme: cần một chương trình đã nạp"):
        await load_folder(database, folder)
    await load_folder(database, PROGRAMME_FOLDER)
    lines = await load_folder(database, folder)
    assert "103 chỉ tiêu (thêm 103, sửa 0)" in "\n".join(lines)


async def test_definitions_of_reported_figures_do_not_change(
    database: Database, folder: Path
) -> None:
    await load_folder(database)
    async with database.transaction() as session:
        await session.execute(text(STORE_FIGURE))
    path = folder.parent / INDICATORS
    correct(path, "KQ.31.1,Số hộ nghèo trở thành hộ cận nghèo,,hộ,flow", "KQ.31.1,Hộ,,hộ,stock")
    correct(path, "KQ.31.1 + KQ.31.2", "KQ.31.1 - KQ.31.2")
    with pytest.raises(SeedError) as refused:
        await load_folder(database, folder)
    assert [finding.field for finding in refused.value.findings] == ["formula", "kind"]


async def test_loading_again_changes_no_row(database: Database) -> None:
    await load_folder(database)
    assert await changes(database, lambda: load_folder(database, now=LATER), ignored=()) == {}


@pytest.mark.parametrize(
    ("file", "old", "new", "table"),
    [
        ("agencies.csv", "Xã Xuân Hồng", "Xã Xuân Hồng mới", "agency"),
        ("agencies.csv", "Xuân Hồng,commune,395,,", "Xuân Hồng,commune,395,2020-01-01,", "agency"),
        ("budget_lines.csv", "126450000", "126460000", "budget_line"),
        ("indicators.csv", "KQ.01,year", "KQ.01,half_year;year", "plan_indicator"),
        (INDICATORS, "Tổng số hộ dân cư", "Tổng số hộ", "indicator"),
        ("projects.yaml", "Hoàn thành quý III năm 2024\n  l", "Xong\n  l", "plan_project"),
        (PROJECTS, "DA7.TDA2\n  parent: DA7", "DA7.TDA2\n  parent: DA6", "project"),
        ("plan.yaml", 'value: "0.31"', 'value: "0.32"', "target_value"),
        ("plan.yaml", "name: Giảm số hộ nghèo\n", "name: Giảm hộ nghèo\n", "target"),
        ("plan.yaml", "issued_on: 2024-01-05", "issued_on: 2024-01-06", "legal_document"),
        ("plan.yaml", "name: Nguyễn Xuân Hải", "name: Nguyễn Văn Hải", "plan"),
        ("schedules.yaml", "day: 20", "day: 21", "schedule"),
        ("working_days.csv", "ngày 29/4", "ngày 29/4/2024", "working_day"),
        ("responsibilities.yaml", "cấp\n      huyện năm", "huyện\n      năm", "responsibility"),
    ],
)  # fmt: skip
async def test_a_correction_changes_one_row(
    database: Database, folder: Path, file: str, old: str, new: str, table: str
) -> None:
    await load_folder(database)
    correct((folder.parent if "/" in file else folder) / file, old, new)
    ignored = ("ledger", "budget_change")
    changed = await changes(database, lambda: load_folder(database, folder, LATER), ignored)
    assert changed == {table: 1, "audit_event": 1}
    assert await changes(database, lambda: load_folder(database, folder, LATER), ignored=()) == {}


async def test_open_periods_keep_their_dates_until_they_are_moved(
    database: Database, folder: Path
) -> None:
    assert not any(line.startswith("Kỳ 2024") for line in await load_folder(database))
    correct(folder / "schedules.yaml", "day: 20", "day: 21")
    keeps = "Kỳ 2024-H1: giữ hạn 20/6/2024; thêm --move-open-periods để dời sang 21/6/2024"
    for _ in range(2):
        lines = await load_folder(database, folder, LATER)
        assert [line for line in lines if line.startswith("Kỳ 2024")] == [
            f"{keeps} (35 báo cáo phải gửi)"
        ]
        assert await due_dates(database) == DUE_DATES
    moves = "Kỳ 2024-H1: dời hạn từ 20/6/2024 sang 21/6/2024 (35 báo cáo phải gửi)"
    lines = await load_folder(database, folder, LATER, move_open_periods=True)
    assert [line for line in lines if line.startswith("Kỳ 2024")] == [moves]
    assert await due_dates(database) == DUE_DATES | {"2024-H1": date(2024, 6, 21)}
    lines = await load_folder(database, folder, LATER, move_open_periods=True)
    assert not any(line.startswith("Kỳ 2024") for line in lines)


async def due_dates(database: Database) -> dict[str, date]:
    """The due date of each period, which all of its obligations have."""
    async with database.reading() as session:
        rows = await session.execute(
            select(ReportingPeriod.code, ReportingPeriod.due_date, Obligation.due_date)
            .join(Obligation, Obligation.period_id == ReportingPeriod.id)
            .distinct()
        )
        found = rows.all()
    assert all(of_period == of_obligation for _, of_period, of_obligation in found)
    return {code: due for code, due, _ in found}


async def test_what_the_file_leaves_empty_keeps_what_was_entered(database: Database) -> None:
    await load_folder(database)
    async with database.transaction() as session:
        plan = (await session.scalars(select(Plan))).one()
        plan.number, plan.issued_on = "102/KH-UBND", date(2024, 4, 12)
    assert await changes(database, lambda: load_folder(database, now=LATER), ignored=()) == {}


async def test_a_new_organisation_gets_the_duties_of_its_group(
    database: Database, folder: Path
) -> None:
    await load_folder(database)
    mttq = "395-MTTQ,Ủy ban Mặt trận Tổ quốc huyện,mass_organisation,395,,\n"
    farmers = "395-HND,Hội Nông dân huyện,mass_organisation,395,,\n"
    correct(folder / "agencies.csv", mttq, mttq + farmers)
    changed = await changes(database, lambda: load_folder(database, folder, LATER))
    assert changed == {"agency": 1, "responsibility": 2, "audit_event": 1}


async def test_a_correction_increments_the_version(database: Database, folder: Path) -> None:
    await load_folder(database)
    correct(folder / "agencies.csv", "Xã Xuân Hồng", "Xã Hồng")
    await load_folder(database, folder)
    async with database.transaction() as session:
        rows = await session.execute(
            select(Agency.code, Agency.name, Agency.version).where(Agency.version > 1)
        )
        assert rows.all() == [("15493", "Xã Hồng", 2)]


async def test_rows_removed_from_the_files_are_kept_and_reported(
    database: Database, folder: Path
) -> None:
    await load_folder(database)
    correct(folder / "agencies.csv", "395-GDDT,Phòng Giáo dục và Đào tạo,department,395,,\n", "")
    correct(folder / "assignments.csv", "DA3.TDA2,395-GDDT,coordinating\n", "")
    lines: list[str] = []

    async def again() -> None:
        lines.extend(await load_folder(database, folder, LATER))

    assert await changes(database, again, ignored=()) == {}
    assert "agencies.csv: giữ nguyên trong cơ sở dữ liệu: 395-GDDT" in lines
    assert any(line.startswith("assignments.csv: giữ nguyên") for line in lines)


async def test_a_second_district_leaves_the_first_unchanged(database: Database) -> None:
    await load_folder(database)
    before = await contents(database)
    await load_folder(database, NEIGHBOUR_FOLDER, LATER)
    after = await contents(database)
    unchanged = set(TABLES) - {"ledger"}
    assert all(set(before[name]) <= set(after[name]) for name in unchanged)
    async with database.transaction() as session:
        provinces = (await session.scalars(select(Agency).where(Agency.code == "38"))).all()
        district = (await session.scalars(select(Agency).where(Agency.code == "397"))).one()
        plans = await session.execute(
            select(Plan.code, func.count())
            .join(ReportingPeriod, ReportingPeriod.plan_id == Plan.id)
            .join(Obligation, Obligation.period_id == ReportingPeriod.id)
            .group_by(Plan.code)
        )
        assert dict(plans.all()) == {"tho-xuan-2024": 210, "trieu-son-2024": 20}
    assert len(provinces) == 1
    assert district.parent_id == provinces[0].id
    assert (
        await changes(database, lambda: load_folder(database, NEIGHBOUR_FOLDER), ignored=()) == {}
    )
    assert await changes(database, lambda: load_folder(database), ignored=()) == {}


async def test_invalid_files_change_nothing(database: Database, folder: Path) -> None:
    await load_folder(database)
    correct(folder / "agencies.csv", "Xã Xuân Hồng", "Xã Hồng")
    correct(folder / "working_days.csv", "2024-05-04", "2024-02-30")

    async def again() -> None:
        with pytest.raises(SeedError):
            await load_folder(database, folder, LATER)

    assert await changes(database, again, ignored=()) == {}
