"""Reminder rules, the preview of what they send, and reminders by hand."""

from typing import Any

import pytest

from app.vocabulary import Role
from tests.conftest import Service
from tests.support.deliveries import (
    add_account,
    deliver_all,
    keep_rules,
    list_notifications,
    run_sweep,
)
from tests.support.reference_calls import (
    add_neighbour,
    field_errors,
    list_all,
    list_events,
    problem_of,
)
from tests.support.report_calls import BAC_LUONG, Q2, XUAN_HONG, ok, review, submit_complete

RULES = "/reminder-rules"
BEFORE_3 = f"{RULES}/quarterly/before-3"
REMIND = f"/obligations/{Q2}/{XUAN_HONG}/remind"
RULE: dict[str, Any] = {"offset_days": -2, "audience": "reporter", "channels": ["in_app"]}
WHOLE: dict[str, Any] = RULE | {
    "day_kind": "calendar",
    "repeat_days": None,
    "repeat_times": 0,
    "send_time": "08:00",
    "quiet_from": "21:00",
    "quiet_until": "06:00",
    "template": "reminder",
    "active": True,
}


async def test_the_plans_rules_are_listed_by_schedule(service: Service) -> None:
    reporter = service.client("xuan-hong")
    rules = await list_all(reporter, RULES, limit=7)
    assert {rule["schedule"] for rule in rules} == {"quarterly", "six_month", "annual"}
    assert len(rules) == 33
    quarterly = await list_all(reporter, RULES, schedule="quarterly", plan="tho-xuan-2024")
    assert [rule["code"] for rule in quarterly][:2] == ["before-7", "before-3"]
    one = await reporter.get(BEFORE_3)
    assert ok(one) == WHOLE | {
        "code": "before-3",
        "plan": "tho-xuan-2024",
        "schedule": "quarterly",
        "agency": None,
        "offset_days": -3,
        "channels": ["email", "in_app"],
        "version": 1,
    }
    assert one.headers["ETag"] == '"1"'
    assert await list_all(reporter, RULES, agency=XUAN_HONG) == []
    assert problem_of(await reporter.get(RULES, params={"agency": "99999"})) == (404, "not-found")


async def test_a_rule_is_created_replaced_and_deleted(service: Service) -> None:
    office = service.client("coordinator")
    path = f"{RULES}/quarterly/before-2"
    created_rule = await office.put(path, json=RULE)
    assert ok(created_rule, 201)["send_time"] == "08:00"
    assert created_rule.headers["ETag"] == '"1"'
    assert problem_of(await office.put(path, json=RULE)) == (428, "precondition-required")
    stale = await office.put(path, json=RULE, headers={"If-Match": '"7"'})
    assert problem_of(stale) == (412, "stale")

    new = RULE | {"send_time": "07:30", "repeat_days": 1, "repeat_times": 1, "active": False}
    changed = await office.put(path, json=new, headers={"If-Match": '"7", "1"'})
    assert ok(changed) == ok(await office.get(path))
    assert changed.headers["ETag"] == '"2"'
    same = await office.put(path, json=new, headers={"If-Match": '"2"'})
    assert (same.status_code, same.headers["ETag"]) == (200, '"2"')

    assert problem_of(await office.delete(path)) == (428, "precondition-required")
    assert (await office.delete(path, headers={"If-Match": '"2"'})).status_code == 204
    assert problem_of(await office.get(path)) == (404, "not-found")
    assert problem_of(await office.delete(path, headers={"If-Match": '"2"'})) == (404, "not-found")
    gone = await office.put(path, json=RULE, headers={"If-Match": '"2"'})
    assert problem_of(gone) == (412, "stale")
    nothing_there = await office.put(path, json=RULE, headers={"If-Match": "*"})
    assert problem_of(nothing_there) == (412, "stale")

    (created,) = await list_events(service, "reminder_rule.created")
    assert created.subject == "plans/tho-xuan-2024/reminder-rules/quarterly/before-2"
    assert created.after == {**WHOLE, "send_time": "08:00:00"} | {
        "quiet_from": "21:00:00",
        "quiet_until": "06:00:00",
    }
    (change,) = await list_events(service, "reminder_rule.changed")
    assert change.before == {
        "send_time": "08:00:00",
        "repeat_days": None,
        "repeat_times": 0,
        "active": True,
    }
    assert len(await list_events(service, "reminder_rule.deleted")) == 1


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"offset_days": -61}, [("/offset_days", "greater_than_equal")]),
        ({"offset_days": 61}, [("/offset_days", "less_than_equal")]),
        ({"offset_days": 1.5}, [("/offset_days", "int_type")]),
        ({"channels": []}, [("/channels", "too_short")]),
        ({"channels": ["in_app", "in_app"]}, [("/channels", "not_unique")]),
        ({"audience": "everybody"}, [("/audience", "enum")]),
        ({"send_time": "8:00"}, [("/send_time", "time_of_day")]),
        ({"send_time": "24:00"}, [("/send_time", "time_of_day")]),
        ({"send_time": "08:00:30"}, [("/send_time", "time_of_day")]),
        ({"send_time": 28800}, [("/send_time", "time_of_day")]),
        ({"repeat_days": 2}, [("", "repeats")]),
        ({"repeat_times": 2}, [("", "repeats")]),
        ({"template": "poem"}, [("/template", "enum")]),
        ({"code": "other"}, [("/code", "extra_forbidden")]),
    ],
)
async def test_an_invalid_rule_is_refused(
    service: Service, wrong: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    answer = await service.client("coordinator").put(
        f"{RULES}/quarterly/before-2", json=RULE | wrong
    )
    assert field_errors(answer) == expected
    assert all(error["message"] for error in answer.json()["errors"])


async def test_an_agencys_own_rule_replaces_the_schedules_rule(service: Service) -> None:
    office = service.client("coordinator")
    of_agency = {"agency": XUAN_HONG}
    created_rule = await office.put(BEFORE_3, params=of_agency, json=RULE)
    assert ok(created_rule, 201)["agency"] == XUAN_HONG
    assert ok(await office.get(BEFORE_3))["offset_days"] == -3
    (rule,) = await list_all(office, RULES, agency=XUAN_HONG)
    assert (rule["code"], rule["offset_days"]) == ("before-3", -2)
    (event,) = await list_events(service, "reminder_rule.created")
    assert event.subject == f"agencies/{XUAN_HONG}/reminder-rules/quarterly/before-3"

    await keep_rules(service, "before-3")
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    assert {row.obligation for row in await list_notifications(service, audience="reporter")} == {
        f"{Q2}/{BAC_LUONG}",
        f"{Q2}/395-LDTBXH",
        f"{Q2}/395-NNPTNT",
        f"{Q2}/395-TTYT",
    }
    service.clock.set("2024-06-13 08:00")
    await run_sweep(service)
    notifications = await list_notifications(service, username="xuan-hong")
    assert [(row.rule, row.channel) for row in notifications] == [("before-3", "in_app")]


async def test_an_agencys_inactive_rule_disables_the_schedules_rule(service: Service) -> None:
    office = service.client("coordinator")
    await keep_rules(service, "before-3")
    off = RULE | {"active": False}
    ok(await office.put(BEFORE_3, params={"agency": XUAN_HONG}, json=off), 201)
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    assert await list_notifications(service, username="xuan-hong") == []
    assert await list_notifications(service, username="bac-luong")

    headers = {"If-Match": '"1"'}
    dropped = await office.delete(BEFORE_3, params={"agency": XUAN_HONG}, headers=headers)
    assert dropped.status_code == 204
    await run_sweep(service)
    assert await list_notifications(service, username="xuan-hong")


async def test_only_the_districts_coordinator_changes_rules(service: Service) -> None:
    for person in ("xuan-hong", "vice-chairman", "province", "district-admin", "admin"):
        client = service.client(person)
        assert problem_of(await client.put(f"{RULES}/quarterly/x", json=RULE)) == (403, "forbidden")
        assert problem_of(await client.delete(BEFORE_3)) == (403, "forbidden")
    await add_neighbour(service)
    office = service.client("coordinator")
    next_door = {"plan": "trieu-son-2024"}
    answer = await office.put(f"{RULES}/quarterly/x", json=RULE, params=next_door)
    assert problem_of(answer) == (404, "not-found")
    of_other_agency = await office.put(BEFORE_3, json=RULE, params={"agency": "38"})
    assert problem_of(of_other_agency) == (404, "not-found")
    assert problem_of(await office.put(f"{RULES}/daily/x", json=RULE)) == (404, "not-found")
    plans = {rule["plan"] for rule in await list_all(office, RULES)}
    assert plans == {"tho-xuan-2024"}
    assert len({rule["plan"] for rule in await list_all(service.client("province"), RULES)}) >= 1
    many = await service.client("admin").get(BEFORE_3)
    assert problem_of(many) == (400, "ambiguous-plan")


async def test_the_preview_shows_the_messages_that_are_sent_on_the_day(service: Service) -> None:
    office = service.client("coordinator")
    previewed = ok(await office.post("/reminders/preview", params={"on": "2024-06-12"}))
    assert previewed["next_cursor"] is None
    (mail,) = [
        item
        for item in previewed["items"]
        if (item["username"], item["channel"]) == ("xuan-hong", "email")
    ]
    assert mail["send_at"] == "2024-06-12T08:00:00+07:00"
    assert mail["email"] == "xuan-hong@example.vn"
    assert mail["obligations"] == [
        {
            "plan": "tho-xuan-2024",
            "period": Q2,
            "agency": XUAN_HONG,
            "agency_name": "Xã Xuân Hồng",
            "about": "before-3",
        }
    ]
    assert await list_notifications(service) == []
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    outbox = await deliver_all(service)
    letters = {
        mail.email: (mail.text.subject, mail.text.plain.replace(str(mail.mail_key), "…"))
        for mail in outbox.mails
    }
    assert letters == {
        item["email"]: (item["subject"], item["text"])
        for item in previewed["items"]
        if item["channel"] == "email"
    }


async def test_the_preview_leaves_out_submitted_reports(service: Service) -> None:
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    office = service.client("coordinator")
    items = await preview(service, "2024-06-12")
    assert "xuan-hong" not in {item["username"] for item in items}
    assert "bac-luong" in {item["username"] for item in items}
    assert await preview(service, "2024-08-01") == []
    service.clock.set("2024-06-17 07:00")
    late = ok(await office.post("/reminders/preview"))["items"]
    assert {each["about"] for item in late for each in item["obligations"]} >= {"after-1"}


async def preview(service: Service, day: str) -> list[dict[str, Any]]:
    """The messages that would be sent on a day."""
    answer = await service.client("coordinator").post("/reminders/preview", params={"on": day})
    items: list[dict[str, Any]] = ok(answer)["items"]
    return items


async def test_the_preview_requires_a_coordinator_and_a_valid_day(service: Service) -> None:
    for person in ("xuan-hong", "vice-chairman", "admin"):
        answer = await service.client(person).post("/reminders/preview")
        assert problem_of(answer) == (403, "forbidden")
    office = service.client("coordinator")
    for day in ("12/6/2024", "9999-12-31", "0001-01-01"):
        answer = await office.post("/reminders/preview", params={"on": day})
        assert [pointer for pointer, _ in field_errors(answer)] == ["/on"]


async def test_the_preview_leaves_out_other_districts(service: Service) -> None:
    await add_neighbour(service)
    await add_account(service, "next-door", Role.REPORTER, "15901")
    service.clock.set("2024-06-07 08:00")
    assert await preview(service, "2024-06-07") == []
    await run_sweep(service)
    assert {row.username for row in await list_notifications(service)} == {"next-door"}


async def test_the_preview_shows_due_corrections(service: Service) -> None:
    office = service.client("coordinator")
    await add_account(service, "gone", Role.REPORTER, XUAN_HONG, active=False)
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    await review(office, "return", XUAN_HONG, reason="Sửa.", correction_due="2024-06-14")
    for day, subject in (
        ("2024-06-13", "Còn 1 ngày để gửi lại: báo cáo quý II năm 2024"),
        ("2024-06-17", "Quá hạn gửi lại 3 ngày: báo cáo quý II năm 2024"),
    ):
        answer = await office.post("/reminders/preview", params={"on": day})
        messages = [
            (item["username"], item["channel"], item["send_at"])
            for item in ok(answer)["items"]
            if item["subject"] == subject
        ]
        at = f"{day}T08:00:00+07:00"
        assert messages == [("xuan-hong", "email", at), ("xuan-hong", "in_app", at)]
    answer = await office.post("/reminders/preview", params={"on": "2024-06-10"})
    assert "gửi lại" not in answer.text


async def test_an_agency_can_be_reminded_by_hand_once_an_hour(service: Service) -> None:
    office, commune = service.client("coordinator"), service.client("xuan-hong")
    assert ok(await office.post(REMIND, json={"note": "Gửi trước 16 giờ."})) == {"told": 1}
    again = await office.post(REMIND, json={"note": "Nhanh lên."})
    assert problem_of(again) == (409, "state-conflict")
    assert "08:00" in again.json()["detail"]
    assert again.headers["Retry-After"] == "3600"
    assert ok(await office.post(f"/obligations/{Q2}/{BAC_LUONG}/remind")) == {"told": 1}
    service.clock.set("2024-06-10 09:00")
    assert ok(await office.post(REMIND)) == {"told": 1}
    await deliver_all(service)
    first = (await list_all(commune, "/notifications"))[-1]
    assert "Gửi trước 16 giờ." in first["text"]
    assert first["obligations"][0]["about"] == "obligation.reminded"
    events = await list_events(service, "obligation.reminded")
    assert [event.after for event in events if event.subject.endswith(XUAN_HONG)] == [
        {"note": "Gửi trước 16 giờ."},
        {"note": None},
    ]


@pytest.mark.parametrize(
    ("due", "due_text"),
    [({"correction_due": "2024-06-12"}, " Hạn gửi lại: hết ngày 12/6/2024."), ({}, "")],
)
async def test_a_returned_report_can_be_reminded_of_by_hand(
    service: Service, due: dict[str, str], due_text: str
) -> None:
    office, commune = service.client("coordinator"), service.client("xuan-hong")
    await submit_complete(commune, XUAN_HONG)
    await review(office, "return", XUAN_HONG, reason="Chưa khớp.", **due)
    await deliver_all(service)
    assert ok(await office.post(REMIND, json={"note": "Gửi lại hôm nay."})) == {"told": 1}
    await deliver_all(service)
    [first, *_] = await list_all(commune, "/notifications")
    assert first["obligations"][0]["about"] == "obligation.reminded"
    assert (
        "Báo cáo quý II năm 2024 của UBND xã Xuân Hồng đang chờ sửa và gửi lại."
        f"{due_text}\nLời nhắn của cơ quan tổng hợp: Gửi lại hôm nay.\n"
    ) in first["text"]


async def test_a_reminder_of_a_submitted_correction_is_not_sent(service: Service) -> None:
    office, commune = service.client("coordinator"), service.client("xuan-hong")
    await submit_complete(commune, XUAN_HONG)
    await review(office, "return", XUAN_HONG, reason="Chưa khớp.")
    ok(await office.post(REMIND))
    await submit_complete(commune, XUAN_HONG)
    await deliver_all(service)
    whys = {row.why for row in await list_notifications(service, rule="obligation.reminded")}
    assert whys == {"report_submitted"}


async def test_a_reminder_by_hand_requires_a_missing_report_and_a_recipient(
    service: Service,
) -> None:
    office = service.client("coordinator")
    exemption = f"/obligations/{Q2}/{BAC_LUONG}/exemption"
    ok(await office.put(exemption, json={"reason": "Không được giao vốn."}))
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    ok(await office.post("/reporting-periods/2024-H1/close"))
    for period, agency, why in (
        (Q2, XUAN_HONG, "đã gửi"),
        (Q2, BAC_LUONG, "miễn"),
        (Q2, "15508", "tài khoản"),
        ("2024-H1", XUAN_HONG, "khóa"),
    ):
        answer = await office.post(f"/obligations/{period}/{agency}/remind", json={})
        assert problem_of(answer) == (409, "state-conflict")
        assert why in answer.json()["detail"]
    assert await list_events(service, "obligation.reminded") == []
    for person in ("bac-luong", "vice-chairman", "admin"):
        assert problem_of(await service.client(person).post(REMIND)) == (403, "forbidden")
