"""Verification of a test's database."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.services.verification.checkpoints import Checkpoint
from app.services.verification.verification import verify


async def list_findings(session: AsyncSession, checkpoints: Sequence[Checkpoint] = ()) -> list[str]:
    """Everything that verification finds in the session's transaction, as it is printed."""
    return [str(finding) async for finding in verify(session, checkpoints, lambda _: None)]
