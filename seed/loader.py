"""Load a folder: check all files, then write in one transaction."""

from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from app.services.audit import ledger
from app.services.audit.action import Action
from app.vocabulary import AuditAction
from seed import periods, programmes, reorganisations
from seed.checks import check
from seed.content import PLAN_FILE, named_programme, read_content
from seed.files import Document
from seed.findings import SeedError
from seed.plans import PRINCIPAL, Echo, PlanSync
from seed.programmes import Catalogue, ProgrammeContent, ProgrammeSync
from seed.rows import PlanRow

__all__ = ["SeedError", "load"]


async def load(
    session: AsyncSession,
    folder: Path,
    *,
    now: datetime,
    echo: Echo,
    move_open_periods: bool = False,
) -> None:
    """Write the plan, programme or reorganisation in a folder, in the caller's transaction.

    A plan's programme is loaded first where its folder lies beside the plan's. Loading is
    idempotent and never deletes: rows that are no longer in the files are kept and reported.
    `echo` receives one Vietnamese line per file and notice. A plan's open periods keep their due
    dates unless `move_open_periods` is set.

    Raises:
        SeedError: with every error in the files, before anything is committed.
    """
    if (folder / reorganisations.FILE).exists():
        await reorganisations.load(session, folder, now=now, echo=echo)
        return
    if (folder / programmes.FILE).exists():
        await _load_programme(session, ProgrammeContent(folder), now, echo)
        return
    # 1. Read the files, completed by the programme's definitions.
    code = named_programme(folder)
    programme_folder = programmes.find_folder(folder, code) if code else None
    programme = ProgrammeContent(programme_folder) if programme_folder else None
    if programme and (findings := programme.findings()):
        raise SeedError(findings)
    content = read_content(folder, await _read_catalogue(session, programme, folder, code))
    # 2. Check all of them before the first write.
    if findings := check(content):
        raise SeedError(findings)
    # 3. Write the programme, the plan's tables and its money, then its periods.
    if programme:
        await _load_programme(session, programme, now, echo)
    await ledger.open_ledger(session, None, now)
    sync = PlanSync(session, content, echo)
    plan = await sync.load_tables(now)
    with session.no_autoflush:
        await sync.load_budget_lines(plan)
        await sync.record(plan, now)
    await session.flush()
    action = Action(PRINCIPAL, now)
    await periods.load(session, action, plan, move_open_periods=move_open_periods, echo=echo)


async def _read_catalogue(
    session: AsyncSession, programme: ProgrammeContent | None, folder: Path, code: str | None
) -> Catalogue:
    """The definitions of a plan's programme, from its files or else from the database.

    Raises:
        SeedError: neither has the programme.
    """
    if programme is not None:
        return programme.catalogue()
    catalogue = await programmes.read_catalogue(session, code) if code else None
    if catalogue is None:
        source = Document(folder, PLAN_FILE, PlanRow).source
        message = f"cần một chương trình đã nạp, hoặc thư mục của chương trình ở {folder.parent}"
        raise SeedError(source.findings or [source.finding(("programme",), message)])
    return catalogue


async def _load_programme(
    session: AsyncSession, content: ProgrammeContent, now: datetime, echo: Echo
) -> None:
    """Write a programme, and record the load if it changed anything.

    Raises:
        SeedError: the files have errors, or the meaning of reported figures would change.
    """
    if findings := content.findings():
        raise SeedError(findings)
    sync = ProgrammeSync(session, content)
    programme = await sync.upsert()
    await ledger.open_ledger(session, None, now)
    counts = {"added": sync.added, "changed": sync.changed}
    if any(counts.values()):
        action, subject = Action(PRINCIPAL, now), f"programmes/{programme.code}"
        await ledger.record_event(
            session, action, AuditAction.PROGRAMME_LOADED, subject, after=counts
        )
    projects, indicators = len(content.projects.rows), len(content.indicators.rows)
    echo(
        f"Chương trình {programme.code}: {projects} dự án, {indicators} chỉ tiêu "
        f"(thêm {sync.added}, sửa {sync.changed})"
    )
