"""Notify a plan's coordinators of a failed load."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import local_day
from app.models.plans import Plan
from app.services.audit.action import Action
from app.services.audit.ledger import record_event
from app.services.notifications import events
from app.vocabulary import AuditAction, EventKind
from seed.content import named_plan
from seed.findings import Finding
from seed.plans import PRINCIPAL

FINDINGS_PER_MESSAGE = 20
"""Further findings are only counted; the command line prints all of them."""


async def notify_coordinators(
    session: AsyncSession, folder: Path, findings: Sequence[Finding], *, now: datetime
) -> None:
    """Record a failed load and notify the coordinators of its plan.

    The same findings are notified once per day, unless the earlier notification was not sent
    because the plan was loaded, or failed with other findings, in between. Does nothing if the
    files name no plan of the database.
    """
    plan = await session.scalar(select(Plan).where(Plan.code == named_plan(folder)))
    if plan is None:
        return
    facts = {"folder": _storable(folder.name), "count": len(findings)}
    at = await record_event(
        session,
        Action(PRINCIPAL, now),
        AuditAction.PLAN_IMPORT_FAILED,
        f"plans/{plan.code}",
        plan_id=plan.id,
        agency_id=plan.owner_id,
        after=facts,
    )
    await session.execute(update(Plan).where(Plan.id == plan.id).values(import_failed=True))
    digest = hashlib.sha256(_storable("\n".join(map(str, findings))).encode()).hexdigest()[:16]
    listed = [
        {name: _storable(str(value)) for name, value in finding._asdict().items()}
        for finding in findings[:FINDINGS_PER_MESSAGE]
    ]
    await events.notify_coordinators(
        session,
        EventKind.IMPORT_FAILED,
        plan.id,
        same=f"{local_day(now)}/{digest}",
        at=at,
        facts=facts | {"findings": listed},
        now=now,
    )


def _storable(text: str) -> str:
    """Replace surrogates from undecodable file names, and NUL, which PostgreSQL rejects."""
    return text.encode(errors="replace").decode().replace("\0", "�")
