"""The plan's budget lines, and lines that were distributed to agencies."""

from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.database import Database
from app.models.agencies import Agency
from app.models.audit_events import AuditEvent
from app.models.budgets import BudgetChange, BudgetLine
from app.models.projects import Project
from app.vocabulary import BudgetNature, BudgetOrigin, BudgetSource
from tests.conftest import PLAN_FOLDER
from tests.support.seed_folders import LATER, changes, correct, load_folder

# Section III of the plan, in VND: allocated for 2024, carried over from earlier years.
BUDGETS = {
    "DA2": (3_934_000_000, 126_450_000),
    "DA3.TDA1": (1_764_000_000, 491_780_000),
    "DA3.TDA2": (668_000_000, 494_000_000),
    "DA4.TDA1": (1_332_000_000, 1_540_660_000),
    "DA4.TDA3": (796_000_000, 0),
    "DA6.TDA1": (172_000_000, 0),
    "DA6.TDA2": (164_000_000, 0),
    "DA7.TDA1": (478_000_000, 0),
    "DA7.TDA2": (287_000_000, 50_250_000),
}


async def test_the_budget_of_every_project(database: Database) -> None:
    await load_folder(database)
    amount = func.sum(BudgetLine.amount_vnd)
    async with database.transaction() as session:
        rows = await session.execute(
            select(
                Project.code,
                amount.filter(BudgetLine.origin == BudgetOrigin.CURRENT_YEAR),
                amount.filter(BudgetLine.origin == BudgetOrigin.CARRIED_OVER),
            )
            .join(BudgetLine, BudgetLine.project_id == Project.id)
            .group_by(Project.code)
        )
        money = {code: (int(granted), int(left or 0)) for code, granted, left in rows}
        lines = (await session.scalars(select(BudgetLine))).all()
    assert money == BUDGETS
    granted = sum(line.amount_vnd for line in lines if line.origin == BudgetOrigin.CURRENT_YEAR)
    left_over = sum(line.amount_vnd for line in lines if line.origin == BudgetOrigin.CARRIED_OVER)
    assert (granted, left_over) == (9_595_000_000, 2_703_140_000)
    assert granted + left_over == 12_298_140_000
    assert len(lines) == 14
    assert {line.source for line in lines} == {BudgetSource.CENTRAL}
    assert {line.agency_id for line in lines} == {None}
    assert all((line.origin_years == [2024]) == bool(line.decision) for line in lines)
    natures = {(line.origin, line.nature) for line in lines}
    assert natures == {
        (BudgetOrigin.CURRENT_YEAR, BudgetNature.RECURRENT),
        (BudgetOrigin.CARRIED_OVER, None),
    }


async def test_carried_over_budget_keeps_its_years(database: Database) -> None:
    await load_folder(database)
    async with database.transaction() as session:
        rows = await session.execute(
            select(Project.code, BudgetLine.origin_years)
            .join(Project, Project.id == BudgetLine.project_id)
            .where(BudgetLine.origin == BudgetOrigin.CARRIED_OVER)
        )
        years = dict(rows.all())
    assert years == {
        "DA2": [2022, 2023],
        "DA3.TDA1": [2023],
        "DA3.TDA2": [2023],
        "DA4.TDA1": [2022, 2023],
        "DA7.TDA2": [2023],
    }


async def test_a_corrected_budget_line_changes_at_the_instant_of_its_load(
    database: Database, folder: Path
) -> None:
    await load_folder(database)
    correct(folder / "budget_lines.csv", "126450000", "126460000")
    await load_folder(database, folder, LATER)
    async with database.transaction() as session:
        events = await session.scalars(
            select(AuditEvent.at).where(AuditEvent.actor == "seed").order_by(AuditEvent.id)
        )
        *_, first, second = events.all()
        changes_made = await session.execute(
            select(BudgetChange.recorded_at, func.count(), func.sum(BudgetChange.change_vnd))
            .group_by(BudgetChange.recorded_at)
            .order_by(BudgetChange.recorded_at)
        )
        assert [tuple(row) for row in changes_made] == [
            (first, 14, 12_298_140_000),
            (second, 2, 10_000),
        ]
    assert second == LATER


async def distribute(session: AsyncSession, amount_vnd: int) -> None:
    """Distribute a part of DA2's budget of 2024 to Xuân Hồng, as the API does."""
    line = (
        await session.scalars(
            select(BudgetLine)
            .join(Project, Project.id == BudgetLine.project_id)
            .where(Project.code == "DA2", BudgetLine.origin == BudgetOrigin.CURRENT_YEAR)
        )
    ).one()
    agency_id = await session.scalar(select(Agency.id).where(Agency.code == "15493"))
    session.add(
        BudgetLine(
            plan_id=line.plan_id,
            project_id=line.project_id,
            agency_id=agency_id,
            source=line.source,
            origin=line.origin,
            origin_years=line.origin_years,
            nature=line.nature,
            amount_vnd=amount_vnd,
            decision=None,
        )
    )
    line.amount_vnd -= amount_vnd


async def test_distributed_budget_stays_distributed(database: Database, folder: Path) -> None:
    await load_folder(database)
    async with database.transaction() as session:
        await distribute(session, 100_000_000)
    lines: list[str] = []

    async def again() -> None:
        lines.extend(await load_folder(database, folder, LATER))

    assert await changes(database, again, ignored=()) == {}
    assert any("DA2 central current_year 2024" in s and "tổng số không đổi" in s for s in lines)
    correct(folder / "budget_lines.csv", "3934000000", "3935000000")
    lines.clear()
    assert await changes(database, again, ignored=()) == {}
    assert any("tổng số 3934000000 đồng, trong tệp 3935000000 đồng" in line for line in lines)


async def test_a_line_of_an_earlier_load_gets_the_nature_of_the_file(
    database: Database, folder: Path
) -> None:
    lines_file = folder / "budget_lines.csv"
    lines_file.write_text(lines_file.read_text("utf-8").replace(",recurrent\n", ",\n"), "utf-8")
    await load_folder(database, folder)
    await load_folder(database, PLAN_FOLDER, LATER)
    async with database.transaction() as session:
        lines = (await session.scalars(select(BudgetLine))).all()
    assert len(lines) == 14
    assert sum(line.nature == BudgetNature.RECURRENT for line in lines) == 9
