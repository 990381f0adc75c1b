"""Checkpoints that the service takes: once a day into a file and, if set up, by e-mail."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.channels.errors import DeliveryError
from app.channels.mail import Attachment, Mailer
from app.clock import Clock
from app.db.database import Database
from app.services.verification import checkpoint_files, checkpoints
from app.settings import Settings

logger = logging.getLogger("tiendo")

SUBJECT = "Điểm đối chiếu nhật ký, {day}"
TEXT = """\
Tệp kèm theo là điểm đối chiếu nhật ký của {url} lúc {time}.
Hãy giữ thư này ở nơi người quản trị máy chủ không sửa được. Khi cần kiểm tra nhật ký có bị
cắt bớt hoặc sửa lại hay không, lưu tệp và chạy trên máy chủ: tiendo verify --checkpoint TỆP
"""


@dataclass(frozen=True)
class CheckpointKeeper:
    """Takes checkpoints of a database. email: where a copy goes; None for a file only."""

    database: Database
    clock: Clock
    data_dir: Path
    mailer: Mailer
    email: str | None
    public_url: str

    @classmethod
    def of(cls, database: Database, clock: Clock, settings: Settings) -> Self:
        """The keeper that the settings describe."""
        return cls(
            database,
            clock,
            settings.data_dir,
            Mailer(settings),
            settings.checkpoint_email,
            settings.public_url,
        )

    async def keep_daily(self) -> None:
        """Take a checkpoint if none was taken today.

        A copy that cannot be sent is not sent again: the next day's covers the same events.
        """
        if checkpoint_files.is_due(self.data_dir, self.clock.now()):
            try:
                await self.keep()
            except DeliveryError as error:
                logger.warning("the checkpoint was written, but not sent: %s", error)

    async def keep(self) -> Path:
        """Take a checkpoint now; returns the file that it was written to.

        Raises:
            DeliveryError: it was written, but its copy cannot be sent.
            CheckpointFileError: the file cannot be read.
        """
        now = self.clock.now()
        async with self.database.snapshot() as session:
            taken = await checkpoints.take(session, now)
        file = checkpoint_files.append(self.data_dir, taken, now)
        if self.email is not None:
            name = f"{now:%Y-%m-%dT%H%M%S}.jsonl"
            attachment = Attachment(name, "".join(f"{each}\n" for each in taken))
            text = TEXT.format(url=self.public_url, time=f"{now:%H:%M:%S %d/%m/%Y}")
            await self.mailer.send_attachment(
                self.email, SUBJECT.format(day=f"{now:%d/%m/%Y}"), text, attachment, now
            )
        return file
