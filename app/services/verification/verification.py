"""Verification of the whole record, in one snapshot."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL
from app.services.verification.budgets import verify_budgets
from app.services.verification.chains import verify_budget_changes, verify_events
from app.services.verification.checkpoints import Checkpoint
from app.services.verification.findings import Finding, Progress
from app.services.verification.obligations import verify_obligations
from app.services.verification.reports import verify_decisions, verify_reports
from app.services.verification.revisions import verify_revisions

# The restores of the database: when, and the instant of the backup.
LIST_RESTORES = text("""
SELECT at, CAST(after ->> 'taken_at' AS timestamptz) AS taken_at
FROM audit_event WHERE action = 'database.restored' ORDER BY at
""")


async def verify(
    session: AsyncSession, checkpoints: Sequence[Checkpoint], progress: Progress
) -> AsyncIterator[Finding]:
    """Every contradiction between tables, audit events, ledgers and checkpoints.

    The session reads one snapshot, so the service can go on writing.
    """
    for findings in (
        verify_events(session, checkpoints, progress),
        verify_budget_changes(session, checkpoints, progress),
        verify_revisions(session, progress),
        verify_reports(session, progress),
        verify_decisions(session, progress),
        verify_obligations(session, progress),
        verify_budgets(session, progress),
    ):
        async for finding in findings:
            yield finding


async def explain_restores(session: AsyncSession) -> list[str]:
    """A line for each restore of the database, which contradicts later checkpoints."""
    return [
        f"The database was restored at {_local(row.at)} from a backup of {_local(row.taken_at)}: "
        "checkpoints that were taken in between contradict it."
        for row in await session.execute(LIST_RESTORES)
    ]


def _local(instant: datetime) -> str:
    return instant.astimezone(LOCAL).isoformat(timespec="seconds")
