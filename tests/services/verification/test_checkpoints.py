"""Checkpoints in files and e-mails: once a day, only appended to, readable by `tiendo verify`."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.channels.mail import Mailer
from app.services.verification import checkpoint_files
from app.services.verification.checkpoint_files import CheckpointFileError
from app.services.verification.checkpoints import Checkpoint
from app.services.verification.keeping import CheckpointKeeper
from app.settings import Settings
from tests.conftest import Service
from tests.support.report_calls import XUAN_HONG, submit_complete


def keeper_of(service: Service, tmp_path: Path, email: str | None = None) -> CheckpointKeeper:
    settings = Settings(data_dir=tmp_path, checkpoint_email=email)
    return CheckpointKeeper.of(service.database, service.clock, settings)


def read(tmp_path: Path) -> list[Checkpoint]:
    return checkpoint_files.read(checkpoint_files.list_files(tmp_path))


async def test_a_checkpoint_is_taken_once_a_day(service: Service, tmp_path: Path) -> None:
    keeper = keeper_of(service, tmp_path)
    for _ in range(2):
        await keeper.keep_daily()
    assert [each.plan for each in read(tmp_path)] == [None, "tho-xuan-2024"]
    service.clock.set("2024-06-10 23:59")
    await keeper.keep_daily()
    assert len(read(tmp_path)) == 2
    service.clock.set("2024-06-11 00:00")
    await keeper.keep_daily()
    assert [each.plan for each in read(tmp_path)[2:]] == [None], "the plan has not changed"
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    service.clock.set("2025-01-02 08:00")
    await keeper.keep_daily()
    _, before, *_, after = read(tmp_path)
    assert (before.plan, after.plan) == ("tho-xuan-2024", "tho-xuan-2024")
    assert after.events > before.events
    assert [file.name for file in checkpoint_files.list_files(tmp_path)] == [
        "2024.jsonl",
        "2025.jsonl",
    ]


async def test_only_this_user_can_read_the_files(service: Service, tmp_path: Path) -> None:
    file = await keeper_of(service, tmp_path).keep()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


async def test_a_copy_is_mailed(service: Service, tmp_path: Path) -> None:
    await keeper_of(service, tmp_path, "luu-tru@example.vn").keep()
    (mail,) = (tmp_path / "mail").glob("*.eml")
    text = mail.read_text()
    assert "To: luu-tru@example.vn" in text
    assert "2024-06-10T080000.jsonl" in text


async def test_an_unsent_copy_does_not_stop_the_job(
    service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    unreachable = Mailer(Settings(smtp_url="smtp://127.0.0.1:9"))
    keeper = replace(keeper_of(service, tmp_path, "luu-tru@example.vn"), mailer=unreachable)
    await keeper.keep_daily()
    assert "was written, but not sent" in caplog.text
    assert len(read(tmp_path)) == 2


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"taken_at": "x"}', "\xff"])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    checkpoint = Checkpoint("2024-06-10T08:00:00+07:00", 1, None, 1, "00", 0, "")
    file = tmp_path / "kept.jsonl"
    file.write_text(f"{checkpoint}\n{line}\n")
    with pytest.raises(CheckpointFileError, match=r"kept\.jsonl:2: not a checkpoint"):
        checkpoint_files.read([file])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointFileError, match=r"nowhere\.jsonl cannot be read"):
        checkpoint_files.read([tmp_path / "nowhere.jsonl"])


def test_a_line_is_plain_json() -> None:
    checkpoint = Checkpoint("2024-06-10T08:00:00+07:00", 1, "kế-hoạch", 1, "00", 0, "")
    assert json.loads(str(checkpoint))["plan"] == "kế-hoạch"
    assert Checkpoint.parse(str(checkpoint)) == checkpoint


async def test_files_that_are_newer_than_a_restored_backup_are_set_aside(
    service: Service, tmp_path: Path
) -> None:
    now = service.clock.now()
    assert checkpoint_files.set_aside(tmp_path, now, now) is None
    await keeper_of(service, tmp_path).keep()
    assert checkpoint_files.set_aside(tmp_path, now, now) is None
    aside = checkpoint_files.set_aside(tmp_path, now - timedelta(seconds=1), now)
    assert aside is not None
    assert len(checkpoint_files.read(aside.glob("*.jsonl"))) == 2
    assert checkpoint_files.list_files(tmp_path) == []
