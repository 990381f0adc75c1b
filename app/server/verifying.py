"""The operator's commands `tiendo verify` and `tiendo checkpoint`."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from app.clock import Clock
from app.db.database import Database
from app.services.verification import verification
from app.services.verification.checkpoints import Checkpoint
from app.services.verification.findings import Finding, Progress
from app.services.verification.keeping import CheckpointKeeper
from app.settings import Settings


def verify(
    settings: Settings,
    url: str,
    checkpoints: Sequence[Checkpoint],
    progress: Progress,
    report: Callable[[Finding], None],
) -> int:
    """Report every contradiction in the record as it is found; returns their number."""

    async def run() -> int:
        database = Database(url, settings.without_time_limit())
        count = 0
        try:
            async with database.snapshot() as session:
                async for finding in verification.verify(session, checkpoints, progress):
                    report(finding)
                    count += 1
                for line in await verification.explain_restores(session) if count else ():
                    progress(line)
        finally:
            await database.close()
        return count

    return asyncio.run(run())


def take_checkpoint(settings: Settings, url: str, clock: Clock) -> Path:
    """Take a checkpoint now; returns the file that it was written to.

    Raises:
        DeliveryError: it was written, but its copy cannot be sent.
        CheckpointFileError: the file cannot be read.
    """

    async def run() -> Path:
        database = Database(url, settings)
        try:
            return await CheckpointKeeper.of(database, clock, settings).keep()
        finally:
            await database.close()

    return asyncio.run(run())
