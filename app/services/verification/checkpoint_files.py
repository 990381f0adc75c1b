"""Files of checkpoints: one JSON object a line, only appended to, one file a year."""

import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from app.clock import local_day
from app.errors import OperatorError
from app.services.verification.checkpoints import Checkpoint
from app.text.bilingual import Bilingual


class CheckpointFileError(OperatorError):
    """A file of checkpoints cannot be read; the message addresses the operator."""


def folder_of(data_dir: Path) -> Path:
    """Where the service keeps its checkpoints."""
    return data_dir / "checkpoints"


def list_files(data_dir: Path) -> list[Path]:
    """The files that the service has written."""
    return sorted(folder_of(data_dir).glob("*.jsonl"))


def is_due(data_dir: Path, now: datetime) -> bool:
    """Whether none was taken on the local day of `now` yet."""
    newest = max((each.taken_at for each in read(list_files(data_dir))), default=None)
    return newest is None or local_day(datetime.fromisoformat(newest)) < local_day(now)


def append(data_dir: Path, checkpoints: Sequence[Checkpoint], now: datetime) -> Path:
    """Append the checkpoints that differ from the newest ones; returns the file.

    The ledger of no plan is always written, so the file shows each day.
    """
    newest = {each.ledger: each.content for each in read(list_files(data_dir))}
    lines = [
        f"{each}\n"
        for each in checkpoints
        if each.plan is None or newest.get(each.ledger) != each.content
    ]
    folder = folder_of(data_dir)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{now.year}.jsonl"
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, "".join(lines).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return file


def set_aside(data_dir: Path, taken_at: datetime, now: datetime) -> Path | None:
    """Rename the folder if it has a checkpoint that is newer than a restored backup.

    A checkpoint of what the backup lacks contradicts the restored record for ever. `taken_at` is
    the backup's instant. Returns the new name; None if nothing was renamed.
    """
    checkpoints = read(list_files(data_dir))
    if all(datetime.fromisoformat(each.taken_at) <= taken_at for each in checkpoints):
        return None
    folder = folder_of(data_dir)
    return folder.rename(folder.with_name(f"{folder.name}.until-{now:%Y%m%dT%H%M%S}"))


def read(files: Iterable[Path]) -> list[Checkpoint]:
    """The checkpoints of these files, in their order.

    Raises:
        CheckpointFileError: a file cannot be read, or a line is not a checkpoint.
    """
    checkpoints = []
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CheckpointFileError(
                Bilingual(
                    f"không đọc được {file}: {error}",
                    f"{file} cannot be read: {error}",
                )
            ) from error
        for number, line in enumerate(lines, start=1):
            try:
                checkpoints.append(Checkpoint.parse(line))
            except (ValueError, TypeError) as error:
                raise CheckpointFileError(
                    Bilingual(
                        f"{file}:{number}: không phải điểm kiểm tra",
                        f"{file}:{number}: not a checkpoint",
                    )
                ) from error
    return checkpoints
