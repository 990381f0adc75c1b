"""The sweep plans each due reminder once, for the right recipients."""

import asyncio
import shutil
from collections import Counter
from datetime import time
from pathlib import Path

from sqlalchemy import event, text

from app.server import operating
from app.services.reminders import sweep
from app.services.reminders.sweep import NOTHING_DUE, SweepResult
from app.vocabulary import Audience, Channel, DayKind, Role
from tests.conftest import PLAN_FOLDER, Service
from tests.support.deliveries import (
    add_account,
    add_rule,
    add_webhook,
    deliver_all,
    execute,
    keep_rules,
    list_notifications,
    prefer,
    return_report,
    rules_of,
    run_sweep,
)
from tests.support.reference_calls import add_neighbour
from tests.support.report_calls import BAC_LUONG, XUAN_HONG, ok, submit_complete
from tests.support.seed_folders import correct, load_folder

REPORTERS = ["agriculture", "bac-luong", "health-centre", "labour-reporter", "xuan-hong"]


# The reminders after the due date, and those of them on a Saturday or Sunday.
COUNT_LATE_REMINDERS = text("""
SELECT count(*) AS in_all,
    count(*) FILTER (WHERE extract(isodow FROM n.planned_for) > 5) AS at_weekends
FROM notification n JOIN obligation o ON o.id = n.obligation_id
WHERE n.planned_for::date > o.due_date
""")


async def extend(service: Service, agency: str, due: str) -> None:
    answer = await service.client("coordinator").put(
        f"/obligations/2024-Q2/{agency}/extension",
        json={"due_date": due, "reason": "Mưa lũ.", "document_number": "12/UBND"},
    )
    ok(answer)


async def test_a_reminder_is_due_at_the_time_of_its_rule(service: Service) -> None:
    service.clock.set("2024-06-08 07:59:59.999999")
    assert await run_sweep(service) == NOTHING_DUE
    service.clock.set("2024-06-08 08:00:00")
    assert await run_sweep(service) == SweepResult(planned=10, superseded=0, messages=10)
    rows = await list_notifications(service, channel="email")
    assert sorted(row.username for row in rows) == REPORTERS
    assert {(row.rule, row.occurrence, row.state) for row in rows} == {
        ("before-7", "2024-06-15", "planned")
    }
    assert (await deliver_all(service)).letters[0][1] == "Còn 7 ngày: báo cáo quý II năm 2024"


async def test_inactive_accounts_are_not_reminded(service: Service) -> None:
    agencies = {"reporter": XUAN_HONG, "viewer": XUAN_HONG, "coordinator": "395"}
    for role, agency in agencies.items():
        await add_account(service, f"former-{role}", Role(role), agency, active=False)
    service.clock.set("2024-06-18 08:00")
    await run_sweep(service)
    rows = await list_notifications(service)
    assert {"xuan-hong", "coordinator"} <= {row.username for row in rows}
    assert [row for row in rows if row.username.startswith("former-")] == []


async def test_submissions_do_not_wait_for_a_sweep(service: Service) -> None:
    async with service.database.transaction() as session:
        result = await sweep.sweep(session, service.clock.now())
        assert result.messages > 0
        async with asyncio.timeout(5):
            await submit_complete(service.client("xuan-hong"), XUAN_HONG)


async def test_a_second_sweep_plans_nothing(service: Service) -> None:
    await run_sweep(service)
    before = await list_notifications(service)
    service.clock.advance(minutes=1)
    assert await run_sweep(service) == NOTHING_DUE
    await deliver_all(service)
    service.clock.advance(minutes=1)
    assert await run_sweep(service) == NOTHING_DUE
    assert [row[:5] for row in await list_notifications(service)] == [row[:5] for row in before]


async def test_a_sweep_waits_for_a_concurrent_one(service: Service) -> None:
    async with service.database.transaction() as session:
        await sweep.sweep(session, service.clock.now())
        second = asyncio.create_task(run_sweep(service))
        ended, _ = await asyncio.wait({second}, timeout=0.5)
        assert not ended
    assert await second == NOTHING_DUE


async def test_concurrent_sweeps_plan_each_reminder_once(service: Service) -> None:
    results = await asyncio.gather(*(run_sweep(service) for _ in range(6)))
    assert sum(result.planned for result in results) == 10
    keys = [row[:5] for row in await list_notifications(service)]
    assert len(keys) == len(set(keys)) == 10


def test_first_start_and_sweep_use_different_locks() -> None:
    assert operating.FILL_LOCK != sweep.SWEEP_LOCK


async def test_after_an_outage_only_the_latest_reminder_is_sent(
    service: Service,
) -> None:
    service.clock.set("2024-06-08 08:00")
    await run_sweep(service)
    await deliver_all(service)
    service.clock.set("2024-06-17 08:30")  # before-3, before-1, due-day and after-1 in one
    await run_sweep(service)
    rows = await list_notifications(service, username="xuan-hong", channel="email")
    assert [(row.obligation[:7], row.rule, row.state) for row in rows] == [
        ("2024-Q2", "before-7", "sent"),
        ("2024-Q2", "before-3", "superseded"),
        ("2024-Q2", "before-1", "superseded"),
        ("2024-Q2", "due-day", "superseded"),
        ("2024-Q2", "after-1", "planned"),
        ("2024-H1", "before-7", "superseded"),
        ("2024-H1", "before-3", "planned"),
    ]
    assert {row.why for row in rows if row.state == "superseded"} == {"later_reminder"}
    outbox = await deliver_all(service)
    counts = Counter(name for name, _ in outbox.letters)
    assert counts == dict.fromkeys([*REPORTERS, "coordinator"], 1)
    urgent = "Quá hạn 2 ngày: báo cáo quý II năm 2024 và 1 việc khác"
    assert ("xuan-hong", urgent) in outbox.letters
    service.clock.advance(hours=1)
    assert await run_sweep(service) == NOTHING_DUE


async def test_due_dates_before_the_plan_took_effect_are_skipped(service: Service) -> None:
    """The first quarter was due on 15/3 and is exempt; the plan has effect from 1/4."""
    for day in ("2024-04-01 08:00", "2024-04-02 08:00", "2024-04-04 08:00"):
        service.clock.set(day)
        assert await run_sweep(service) == NOTHING_DUE


async def test_due_dates_after_the_plan_took_effect_are_reminded_of(service: Service) -> None:
    """As many days after the due date as in the test before."""
    service.clock.set("2024-07-02 08:00")  # 17 days after 15/6, as 1/4 after 15/3
    await run_sweep(service)
    assert "after-7" in rules_of(await list_notifications(service, state="planned"))


async def test_a_document_issued_later_does_not_skip_due_dates(
    service: Service, tmp_path: Path
) -> None:
    """A plan has effect from its first load at the latest, whatever documents it cites later."""
    folder = tmp_path / "plan"
    shutil.copytree(PLAN_FOLDER, folder)
    document = "number: 85/KH-UBND\n    issued_on: "
    correct(folder / "plan.yaml", f"{document}2024-04-01", f"{document}2024-06-30")
    await load_folder(service.database, folder)
    service.clock.set("2024-06-17 08:00")
    await submit_complete(service.client("bac-luong"), BAC_LUONG)
    await run_sweep(service)
    assert "after-1" in rules_of(await list_notifications(service, username="xuan-hong"))


async def test_a_missed_reminder_is_planned_for_two_weeks(service: Service) -> None:
    await keep_rules(service, "after-7")
    service.clock.set("2024-07-09 08:00")
    await run_sweep(service)
    assert {row.occurrence for row in await list_notifications(service)} == {"2024-06-20"}
    service.clock.set("2024-07-09 07:59")
    await run_sweep(service)
    assert {row.occurrence for row in await list_notifications(service)} == {
        "2024-06-20",
        "2024-06-15",
    }


async def test_a_rule_can_remind_sixty_working_days_ahead(service: Service) -> None:
    await keep_rules(service)
    await add_rule(service, offset_days=-60, day_kind=DayKind.WORKING)
    service.clock.set("2024-06-20 08:00")
    await run_sweep(service)
    assert {row.occurrence for row in await list_notifications(service)} == {"2024-09-15"}


async def test_an_extension_after_an_ended_exemption_is_reminded_of(service: Service) -> None:
    service.clock.set("2024-04-02 09:00")
    office, obligation = service.client("coordinator"), f"/obligations/2024-Q1/{XUAN_HONG}"
    ok(await office.delete(f"{obligation}/exemption"))
    extension = {"due_date": "2024-04-20", "reason": "Kế hoạch mới ban hành."}
    ok(await office.put(f"{obligation}/extension", json=extension))
    service.clock.set("2024-04-13 08:00")
    await run_sweep(service)
    rows = await list_notifications(service, channel="email", rule="before-7")
    assert [row.obligation for row in rows] == [f"2024-Q1/{XUAN_HONG}"]


async def test_a_new_rule_sends_only_its_latest_reminder(service: Service) -> None:
    service.clock.set("2024-06-08 08:00")
    await run_sweep(service)
    await deliver_all(service)
    service.clock.set("2024-06-10 09:00")
    await add_rule(service, offset_days=-9, repeat_days=1, repeat_times=3)  # 6/6 to 9/6
    await run_sweep(service)
    outbox = await deliver_all(service)
    assert sorted(name for name, _ in outbox.letters) == REPORTERS
    rows = await list_notifications(service, rule="extra", username="xuan-hong")
    assert [row.state for row in rows] == ["superseded", "superseded", "superseded", "sent"]


async def test_a_new_rule_does_not_repeat_a_later_reminder(service: Service) -> None:
    service.clock.set("2024-06-08 08:00")
    await run_sweep(service)
    await add_rule(service, offset_days=-8)
    service.clock.set("2024-06-08 09:00")
    assert (await run_sweep(service)).messages == 0
    assert {row.state for row in await list_notifications(service, rule="extra")} == {"superseded"}
    assert sorted(name for name, _ in (await deliver_all(service)).letters) == REPORTERS


async def test_a_changed_rule_applies_to_the_next_sweep(
    service: Service,
) -> None:
    await keep_rules(service, "before-3")
    service.clock.set("2024-06-11 08:00")
    assert await run_sweep(service) == NOTHING_DUE
    await execute(service, "UPDATE reminder_rule SET offset_days = -4 WHERE code = 'before-3'")
    assert (await run_sweep(service)).messages == 10


async def test_an_agencys_own_rule_replaces_the_schedules_rule(service: Service) -> None:
    await keep_rules(service, "before-7")
    await add_rule(service, code="before-7", agency=XUAN_HONG, offset_days=-6)
    await add_rule(service, code="before-7", agency=BAC_LUONG, offset_days=-7, active=False)
    service.clock.set("2024-06-08 08:00")
    await run_sweep(service)
    first = {row.username for row in await list_notifications(service)}
    assert first == set(REPORTERS) - {"xuan-hong", "bac-luong"}
    service.clock.set("2024-06-09 08:00")
    await run_sweep(service)
    second = {row.username for row in await list_notifications(service)} - first
    assert second == {"xuan-hong"}


async def test_an_agencys_own_rule_with_another_code_is_added(service: Service) -> None:
    await keep_rules(service, "before-7")
    await add_rule(service, code="early", agency=XUAN_HONG, offset_days=-10)
    service.clock.set("2024-06-05 08:00")
    await run_sweep(service)
    assert [(row.username, row.rule) for row in await list_notifications(service)] == [
        ("xuan-hong", "early")
    ]


async def test_preferences_choose_the_channel(service: Service) -> None:
    await prefer(service, "xuan-hong", Channel.IN_APP)
    await prefer(service, "bac-luong", Channel.WEBHOOK, Channel.EMAIL)
    await add_webhook(service, "395")
    await run_sweep(service)
    channels = Counter((row.username, row.channel) for row in await list_notifications(service))
    assert {key: n for key, n in channels.items() if key[0] in {"xuan-hong", "bac-luong"}} == {
        ("xuan-hong", "in_app"): 1,
        ("bac-luong", "webhook"): 1,
        ("bac-luong", "email"): 1,
    }


async def test_a_channel_listed_twice_is_used_once(service: Service) -> None:
    await execute(service, "UPDATE reminder_rule SET channels = '{email,email}'")
    assert (await run_sweep(service)).messages == len(REPORTERS)


async def test_a_reminder_in_quiet_hours_waits_for_their_end(service: Service) -> None:
    await keep_rules(service)
    await add_rule(service, offset_days=-5, send_time=time(22, 30))
    service.clock.set("2024-06-10 22:30")
    await run_sweep(service)
    assert (await deliver_all(service)).letters == []
    service.clock.set("2024-06-11 05:59:59")
    assert (await deliver_all(service)).letters == []
    service.clock.set("2024-06-11 06:00")
    outbox = await deliver_all(service)
    assert ("xuan-hong", "Còn 4 ngày: báo cáo quý II năm 2024") in outbox.letters


async def test_the_coordinator_gets_one_digest_of_missing_reports(service: Service) -> None:
    service.clock.set("2024-06-14 08:00")
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    await run_sweep(service)
    rows = await list_notifications(
        service, username="coordinator", channel="email", rule="missing-today"
    )
    assert len(rows) == 34
    assert f"2024-Q2/{XUAN_HONG}" not in {row.obligation for row in rows}
    outbox = await deliver_all(service)
    mails = [mail for mail in outbox.mails if mail.email == "coordinator@example.vn"]
    assert [mail.text.subject for mail in mails] == [
        "Còn 34 đơn vị chưa gửi báo cáo quý II năm 2024"
    ]
    assert "- UBND xã Bắc Lương: còn 1 ngày\n" in mails[0].text.plain
    assert "Xuân Hồng" not in mails[0].text.plain
    service.clock.set("2024-06-15 08:00")
    await run_sweep(service)
    letters = (await deliver_all(service)).letters
    assert letters.count(("coordinator", "Còn 34 đơn vị chưa gửi báo cáo quý II năm 2024")) == 1


async def test_two_periods_share_one_digest(service: Service) -> None:
    service.clock.set("2024-06-19 08:00")
    await run_sweep(service)
    subjects = [
        text for name, text in (await deliver_all(service)).letters if name == "coordinator"
    ]
    both = ("quý II năm 2024", "6 tháng đầu năm 2024")
    assert subjects == ["Còn " + ", ".join(f"35 đơn vị chưa gửi báo cáo {name}" for name in both)]


async def test_the_leadership_is_notified_after_seven_working_days(service: Service) -> None:
    service.clock.set("2024-06-24 08:00")
    await run_sweep(service)
    await deliver_all(service)
    assert await list_notifications(service, audience="leadership") == []
    service.clock.set("2024-06-25 08:00")
    await run_sweep(service)
    rows = await list_notifications(service, audience="leadership", channel="email")
    assert ({row.username for row in rows}, len(rows)) == ({"vice-chairman"}, 35)
    subjects = [
        text for name, text in (await deliver_all(service)).letters if name == "vice-chairman"
    ]
    assert subjects == ["Đề nghị đôn đốc: 35 đơn vị chưa gửi báo cáo quý II năm 2024"]


async def test_after_the_due_date_nobody_is_reminded_at_a_weekend(service: Service) -> None:
    """The second quarter is due on Saturday, 15/6, the six months on Thursday, 20/6."""
    await add_account(service, "chairman", Role.VIEWER, XUAN_HONG)
    await execute(
        service, "UPDATE reminder_rule SET day_kind = 'calendar' WHERE audience = 'leadership'"
    )
    for day in ("2024-06-23 09:00", "2024-07-05 09:00"):
        service.clock.set(day)
        await run_sweep(service)
    async with service.database.reading() as session:
        counts = (await session.execute(COUNT_LATE_REMINDERS)).one()
    assert counts.at_weekends == 0
    assert counts.in_all > 100


async def test_a_delayed_reminder_is_left_to_the_next_one(service: Service) -> None:
    """The service comes back two minutes before the reminder of the due day."""
    await keep_rules(service, "before-1", "due-day")
    service.clock.set("2024-06-15 07:58")
    assert await run_sweep(service) == NOTHING_DUE
    service.clock.set("2024-06-15 08:00")
    await run_sweep(service)
    rows = await list_notifications(service, username="xuan-hong", channel="email")
    assert [(row.rule, row.state) for row in rows] == [
        ("before-1", "superseded"),
        ("due-day", "planned"),
    ]


async def test_a_delayed_reminder_does_not_wait_for_hours(service: Service) -> None:
    await keep_rules(service, "before-1", "due-day")
    service.clock.set("2024-06-15 06:59")
    await run_sweep(service)
    rows = await list_notifications(service, username="xuan-hong", channel="email")
    assert [(row.rule, row.state) for row in rows] == [("before-1", "planned")]


async def test_the_head_of_an_agency_is_notified_after_three_working_days(service: Service) -> None:
    await add_account(service, "chairman", Role.VIEWER, XUAN_HONG)
    service.clock.set("2024-06-19 08:00")
    await run_sweep(service)
    rows = await list_notifications(service, audience="head", channel="email")
    assert [(row.username, row.obligation) for row in rows] == [
        ("chairman", f"2024-Q2/{XUAN_HONG}")
    ]


async def test_the_province_and_other_agencies_are_not_notified(service: Service) -> None:
    service.clock.set("2024-06-25 08:00")
    await run_sweep(service)
    usernames = {row.username for row in await list_notifications(service)}
    assert usernames == {*REPORTERS, "coordinator", "vice-chairman"}


async def test_a_submitted_report_is_not_reminded_of(service: Service) -> None:
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    rows = await list_notifications(service, username="xuan-hong")
    assert set(rules_of(rows)) == {"report.received"}


async def test_exempt_agencies_and_closed_periods_are_not_reminded_of(service: Service) -> None:
    office = service.client("coordinator")
    answer = await office.put(
        f"/obligations/2024-Q2/{XUAN_HONG}/exemption", json={"reason": "Sáp nhập."}
    )
    ok(answer)
    await run_sweep(service)
    assert rules_of(await list_notifications(service, username="xuan-hong")) == [
        "obligation.exempted"
    ]
    ok(await office.post("/reporting-periods/2024-Q2/close"))
    service.clock.set("2024-06-12 08:00")
    before = len(await list_notifications(service))
    assert await run_sweep(service) == NOTHING_DUE
    assert len(await list_notifications(service)) == before


async def test_of_two_periods_due_on_one_day_only_the_open_one_is_reminded_of(
    service: Service,
) -> None:
    await execute(
        service, "UPDATE obligation SET due_date = '2024-06-15' WHERE due_date = '2024-03-15'"
    )
    ok(await service.client("coordinator").post("/reporting-periods/2024-Q1/close"))
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    rows = await list_notifications(service, rule="before-3", username="xuan-hong")
    assert {row.obligation for row in rows} == {f"2024-Q2/{XUAN_HONG}"}


async def test_an_extension_moves_the_reminders(service: Service) -> None:
    service.clock.set("2024-06-14 08:00")
    await keep_rules(service, "before-7", "before-3", "before-1", "due-day")
    await run_sweep(service)
    service.clock.set("2024-06-14 09:00")
    await extend(service, XUAN_HONG, "2024-06-25")
    for day in range(14, 26):
        service.clock.set(f"2024-06-{day} 08:00" if day > 14 else "2024-06-14 09:05")
        await run_sweep(service)
    rows = await list_notifications(
        service, username="xuan-hong", channel="email", occurrence="2024-06-25"
    )
    quarterly = [row for row in rows if row.obligation.startswith("2024-Q2")]
    assert [(row.rule, row.state) for row in quarterly] == [
        ("before-7", "planned"),
        ("before-3", "planned"),
        ("before-1", "planned"),
        ("due-day", "planned"),
    ]


async def test_a_reminder_due_before_the_extension_is_skipped(service: Service) -> None:
    """Extended on the 14th to the 17th: the reminder of three days before was due that morning."""
    service.clock.set("2024-06-14 08:00")
    await run_sweep(service)
    service.clock.set("2024-06-14 09:00")
    await extend(service, XUAN_HONG, "2024-06-17")
    service.clock.advance(minutes=1)
    before = len(await list_notifications(service))
    assert await run_sweep(service) == NOTHING_DUE
    assert len(await list_notifications(service)) == before
    service.clock.set("2024-06-16 08:00")
    await run_sweep(service)
    rows = await list_notifications(
        service, username="xuan-hong", occurrence="2024-06-17", channel="email"
    )
    assert [row.rule for row in rows] == ["before-1"]


async def test_working_days_are_counted_by_the_districts_calendar(service: Service) -> None:
    """Three working days before Saturday 15/6 is the 12th, or the 11th where the 13th is off."""
    await add_neighbour(service)
    await add_account(service, "next-door", Role.REPORTER, "15901")
    await keep_rules(service, "before-3")
    await execute(service, "UPDATE reminder_rule SET day_kind = 'working'")
    await execute(
        service, "UPDATE obligation SET due_date = '2024-06-15' WHERE due_date = '2024-06-10'"
    )
    answer = await service.client("admin").put(
        "/working-days/2024-06-13",
        json={"change": "off", "note": "Nghỉ bù."},
        params={"plan": "trieu-son-2024"},
    )
    ok(answer, 201)
    service.clock.set("2024-06-11 08:00")
    await run_sweep(service)
    assert {row.username for row in await list_notifications(service)} == {"next-door"}
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    assert {row.username for row in await list_notifications(service)} == {"next-door", *REPORTERS}


async def test_a_reminder_missed_after_tet_is_planned(service: Service) -> None:
    """One working day after 24/1/2025, the last working day before Tết, is 3/2."""
    await keep_rules(service)
    await add_rule(service, offset_days=1, day_kind=DayKind.WORKING)
    await execute(
        service, "UPDATE obligation SET due_date = '2025-01-24' WHERE due_date = '2024-06-15'"
    )
    service.clock.set("2025-02-03 07:59")
    assert await run_sweep(service) == NOTHING_DUE
    service.clock.set("2025-02-16 10:00")
    assert (await run_sweep(service)).messages == len(REPORTERS)


async def test_a_new_account_gets_the_latest_reminder(service: Service) -> None:
    service.clock.set("2024-06-08 08:00")
    await run_sweep(service)
    service.clock.set("2024-06-10 10:00")
    await add_account(service, "successor", Role.REPORTER, XUAN_HONG)
    assert (await run_sweep(service)).messages == 2
    assert ("successor", "Còn 5 ngày: báo cáo quý II năm 2024") in (
        await deliver_all(service)
    ).letters


async def test_the_number_of_statements_is_constant(service: Service) -> None:
    statements: list[str] = []

    def capture(_c: object, _u: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(service.database.engine.sync_engine, "before_cursor_execute", capture)
    service.clock.set("2024-06-08 08:00")  # 5 reporters, one due date, one rule
    await run_sweep(service)
    few = len(statements)
    for code in ("15505", "15508", "15511", "15514"):
        await add_account(service, f"reporter-{code}", Role.REPORTER, code)
    await add_rule(
        service, audience=Audience.COORDINATOR, offset_days=-9, repeat_days=1, repeat_times=12
    )
    await return_report(service, "2024-06-19")
    await add_neighbour(service)
    for agency, due in (("15505", "2024-06-18"), ("15508", "2024-06-21")):
        await extend(service, agency, due)
    statements.clear()
    service.clock.set("2024-06-20 08:00")  # many of everything
    assert (await run_sweep(service)).planned > 50
    many = len(statements)
    assert few <= 8
    assert many <= few + 1  # the corrections, if any
