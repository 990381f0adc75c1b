"""A failed load notifies the coordinators of the plan."""

import asyncio
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from app.channels.errors import DeliveryDelayedError
from app.cli.console import Console
from app.server import operating
from app.server.operating import Echo
from app.services.notifications.delivery import deliver
from app.settings import Settings
from app.vocabulary import Channel, Role
from seed import failure
from seed.findings import SeedError
from tests.conftest import Service
from tests.support.deliveries import (
    Outbox,
    add_account,
    add_webhook,
    deliver_all,
    delivery_context,
    list_messages,
    prefer,
)
from tests.support.reference_calls import add_neighbour, list_events
from tests.support.report_calls import ok
from tests.support.seed_folders import changes, correct

RIGHT, WRONG = "15493,Xã Xuân Hồng,commune,395", "15493,Xã Xuân Hồng,village,395"
SUBJECT = "Nạp kế hoạch không thành: 1 lỗi cần sửa"


async def load(service: Service, folder: Path, echo: Echo = lambda _: None) -> list[str]:
    """Load like `tiendo seed`; return the findings."""
    now, settings = service.clock.now(), Settings()
    try:
        await asyncio.to_thread(
            operating.load_plan, settings, service.database_url, folder, now, echo
        )
    except SeedError as error:
        return [str(finding) for finding in error.findings]
    return []


async def states(service: Service) -> list[tuple[str, str]]:
    """State and reason of the e-mail notifications about plans."""
    query = """SELECT state, why FROM notification
        WHERE plan_id IS NOT NULL AND channel = 'email' ORDER BY id"""
    async with service.database.reading() as session:
        return [(row.state, row.why) for row in await session.execute(text(query))]


async def test_coordinators_are_notified_of_the_findings(service: Service, folder: Path) -> None:
    await add_neighbour(service)
    await add_account(service, "neighbour", Role.COORDINATOR, "397")
    line = correct(folder / "agencies.csv", RIGHT, WRONG)
    different = await changes(service.database, lambda: load(service, folder))
    assert different == {"audit_event": 1, "message": 2, "notification": 2, "plan": 1}

    (mail,) = (await deliver_all(service)).mails
    assert (mail.email, mail.text.subject) == ("coordinator@example.vn", SUBJECT)
    assert "Tệp kế hoạch trong thư mục plan còn 1 lỗi nên chưa được nạp" in mail.text.plain
    (finding,) = [line for line in mail.text.plain.splitlines() if line.startswith("- ")]
    assert finding.startswith(f"- agencies.csv, dòng {line}, kind: cần ")
    assert "Chương trình mục tiêu quốc gia" in mail.text.plain

    inbox = ok(await service.client("coordinator").get("/notifications"))
    (message,) = inbox["items"]
    assert (inbox["unread"], message["subject"], message["obligations"]) == (1, SUBJECT, [])
    assert message["plans"] == [{"plan": "tho-xuan-2024", "about": "plan.import_failed"}]
    read = await service.client("coordinator").post(f"/notifications/{message['id']}/read")
    assert ok(read)["plans"] == message["plans"]
    assert ok(await service.client("xuan-hong").get("/notifications"))["items"] == []


async def test_each_failure_is_an_audit_event(service: Service, folder: Path) -> None:
    correct(folder / "agencies.csv", RIGHT, WRONG)
    await load(service, folder)
    await load(service, folder)
    events = await list_events(service, "plan.import_failed")
    assert [(event.subject, event.after) for event in events] == [
        ("plans/tho-xuan-2024", {"folder": "plan", "count": 1})
    ] * 2
    answer = await service.client("coordinator").get("/audit-events?action=plan.import_failed")
    assert [event["agency"] for event in ok(answer)["items"]] == ["395", "395"]


async def test_the_same_findings_are_notified_once_a_day_and_others_immediately(
    service: Service, folder: Path
) -> None:
    correct(folder / "agencies.csv", RIGHT, WRONG)
    mail_counts = []
    for at in ("2024-06-10 08:00", "2024-06-10 16:00", "2024-06-11 08:00"):
        service.clock.set(at)
        await load(service, folder)
        mail_counts.append(len((await deliver_all(service)).mails))
    correct(folder / "agencies.csv", WRONG, "15493,,commune,395")
    await load(service, folder)
    mail_counts.append(len((await deliver_all(service)).mails))
    assert mail_counts == [1, 0, 1, 1]


async def test_a_correction_before_delivery_cancels_the_mail(
    service: Service, folder: Path
) -> None:
    correct(folder / "agencies.csv", RIGHT, WRONG)
    await load(service, folder)
    correct(folder / "agencies.csv", WRONG, "15493,Xã Xuân Hồng mới,commune,395")
    service.clock.advance(minutes=1)
    assert await load(service, folder) == []
    assert (await deliver_all(service)).mails == []
    assert await states(service) == [("skipped", "plan_loaded")]


async def test_restoring_the_files_cancels_the_mail(service: Service, folder: Path) -> None:
    """That load changes nothing, but an audit event records that it succeeded."""
    for _ in range(2):
        assert await load(service, folder) == []
    assert len(await list_events(service, "plan.loaded")) == 1
    correct(folder / "agencies.csv", RIGHT, WRONG)
    await load(service, folder)
    correct(folder / "agencies.csv", WRONG, RIGHT)
    for _ in range(2):
        assert await load(service, folder) == []
    assert [event.after for event in await list_events(service, "plan.loaded")][1:] == [{}]
    assert (await deliver_all(service)).mails == []
    assert await states(service) == [("skipped", "plan_loaded")]


async def test_a_clock_set_back_does_not_hide_a_failure(service: Service, folder: Path) -> None:
    correct(folder / "agencies.csv", RIGHT, "15493,Xã Xuân Hồng mới,commune,395")
    assert await load(service, folder) == []
    correct(folder / "agencies.csv", "15493,Xã Xuân Hồng mới,commune,395", WRONG)
    service.clock.advance(hours=-1)
    await load(service, folder)
    assert len((await deliver_all(service)).mails) == 1


async def test_a_later_failure_supersedes_a_pending_one(service: Service, folder: Path) -> None:
    correct(folder / "agencies.csv", RIGHT, WRONG)
    await load(service, folder)
    correct(folder / "plan.yaml", "year: 2024", "year: soon")
    service.clock.advance(minutes=1)
    findings = await load(service, folder)
    (mail,) = (await deliver_all(service)).mails
    assert mail.text.subject == f"Nạp kế hoạch không thành: {len(findings)} lỗi cần sửa"
    assert [state for state, _ in await states(service)] == ["superseded", "sent"]


async def test_superseded_findings_are_notified_when_they_return(
    service: Service, folder: Path
) -> None:
    correct(folder / "agencies.csv", RIGHT, WRONG)
    await load(service, folder)
    correct(folder / "plan.yaml", "year: 2024", "year: soon")
    await load(service, folder)
    correct(folder / "plan.yaml", "year: soon", "year: 2024")
    for _ in range(2):
        await load(service, folder)
    assert [mail.text.subject for mail in (await deliver_all(service)).mails] == [SUBJECT]
    assert [state for state, _ in await states(service)] == ["superseded", "superseded", "sent"]


async def test_cancelled_findings_are_notified_when_they_return(
    service: Service, folder: Path
) -> None:
    correct(folder / "agencies.csv", RIGHT, WRONG)
    await load(service, folder)
    correct(folder / "agencies.csv", WRONG, RIGHT)
    assert await load(service, folder) == []
    assert (await deliver_all(service)).mails == []
    correct(folder / "agencies.csv", RIGHT, WRONG)
    for _ in range(2):
        await load(service, folder)
        await deliver_all(service)
    assert [state for state, _ in await states(service)] == ["skipped", "sent"]


async def test_findings_shown_in_the_inbox_are_mailed_after_their_first_mail_was_superseded(
    service: Service, folder: Path
) -> None:
    correct(folder / "agencies.csv", RIGHT, WRONG)
    await load(service, folder)
    await deliver(delivery_context(service, Outbox(trouble=DeliveryDelayedError("421 busy"))))
    correct(folder / "plan.yaml", "year: 2024", "year: soon")
    await load(service, folder)
    service.clock.advance(minutes=1)
    await deliver(delivery_context(service, Outbox(trouble=DeliveryDelayedError("421 busy"))))
    correct(folder / "plan.yaml", "year: soon", "year: 2024")
    await load(service, folder)
    service.clock.advance(minutes=1)
    assert (await deliver_all(service)).letters == [("coordinator", SUBJECT)]


async def test_a_new_coordinator_is_notified_of_the_next_failure(
    service: Service, folder: Path
) -> None:
    correct(folder / "agencies.csv", RIGHT, WRONG)
    await load(service, folder)
    await deliver_all(service)
    await add_account(service, "successor", Role.COORDINATOR, "395")
    await load(service, folder)
    assert (await deliver_all(service)).letters == [("successor", SUBJECT)]


async def test_concurrent_failures_are_notified_once(service: Service, folder: Path) -> None:
    correct(folder / "agencies.csv", RIGHT, WRONG)
    await asyncio.gather(*(load(service, folder) for _ in range(4)))
    assert [mail.text.subject for mail in (await deliver_all(service)).mails] == [SUBJECT]


async def test_many_findings_are_counted_and_the_first_ones_listed(
    service: Service, folder: Path
) -> None:
    agencies = folder / "agencies.csv"
    agencies.write_text(agencies.read_text("utf-8").replace(",commune,", ",village,"), "utf-8")
    findings = await load(service, folder)
    (mail,) = (await deliver_all(service)).mails
    assert mail.text.subject == f"Nạp kế hoạch không thành: {len(findings)} lỗi cần sửa"
    listed = [line for line in mail.text.plain.splitlines() if line.startswith("- ")]
    assert len(listed) == 21
    assert listed[-1] == f"- và {len(findings) - 20} lỗi khác"


async def test_a_folder_without_a_known_plan_notifies_no_account(
    service: Service, folder: Path
) -> None:
    correct(folder / "agencies.csv", RIGHT, WRONG)
    plan = folder / "plan.yaml"
    whole = plan.read_text("utf-8")
    for code in ("code: another", 'code: "\\0"', "code: [x]", "code: {", ""):
        plan.write_text(whole.replace("code: tho-xuan-2024", code, 1), "utf-8")
        assert await load(service, folder), code
    plan.unlink()
    assert await load(service, folder)
    assert await list_messages(service) == []


async def test_findings_with_unstorable_text_are_notified(service: Service, folder: Path) -> None:
    """A folder name with undecodable bytes, and a file with a NUL."""
    odd = Path(shutil.move(folder, folder.with_name("kế \udcff<b>hoạch")))
    (odd / "indicators.csv").unlink()
    correct(odd / "agencies.csv", "code,name", "code,na\0me")
    findings = await load(service, odd)
    assert any("\0" in finding for finding in findings)
    (mail,) = (await deliver_all(service)).mails
    assert "trong thư mục kế ?<b>hoạch còn" in mail.text.plain
    assert "agencies.csv, dòng 1, na�me: " in mail.text.plain
    assert "<b>" not in mail.text.html


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("the database is away\n[SQL: SELECT 1]", "the database is away"),
        ("", "ConnectionError"),
    ],
)
async def test_findings_are_printed_even_if_the_notification_fails(
    service: Service, folder: Path, monkeypatch: pytest.MonkeyPatch, trouble: str, reason: str
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise ConnectionError(trouble)

    monkeypatch.setattr(failure, "notify_coordinators", fails)
    correct(folder / "agencies.csv", RIGHT, WRONG)
    lines: list[str] = []
    console = Console("vi")
    assert len(await load(service, folder, lambda line: lines.append(console.words(line)))) == 1
    assert lines == [f"Không báo được cho cơ quan tổng hợp: {reason}"]


async def test_the_current_folder_is_recorded_by_its_name(
    service: Service, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    correct(folder / "agencies.csv", RIGHT, WRONG)
    monkeypatch.chdir(folder)
    await load(service, Path())
    (failed,) = await list_events(service, "plan.import_failed")
    assert failed.after == {"folder": "plan", "count": 1}


async def test_a_webhook_payload_names_the_plan(service: Service, folder: Path) -> None:
    await add_webhook(service, "395")
    await prefer(service, "coordinator", Channel.WEBHOOK)
    correct(folder / "agencies.csv", RIGHT, WRONG)
    await load(service, folder)
    (post,) = (await deliver_all(service)).posts
    assert post.payload["subject"] == SUBJECT
    assert post.payload["obligations"] == []
    assert post.payload["plans"] == [{"plan": "tho-xuan-2024", "about": "plan.import_failed"}]
