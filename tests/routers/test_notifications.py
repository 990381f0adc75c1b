"""A person's messages and channels, and the notifications of an obligation."""

import email
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from app.channels.mail import Mailer
from app.services.notifications.delivery import deliver
from app.settings import Settings
from app.vocabulary import Role
from tests.conftest import Service
from tests.support.deliveries import add_account, deliver_all, delivery_context, execute, run_sweep
from tests.support.reference_calls import (
    capture_statements,
    field_errors,
    list_all,
    list_events,
    problem_of,
)
from tests.support.report_calls import BAC_LUONG, Q2, XUAN_HONG, ok, review, submit_complete

SENT = f"/obligations/{Q2}/{XUAN_HONG}/notifications"
PREFERENCES = "/notifications/preferences"


async def morning(service: Service, at: str) -> None:
    """Sweep and deliver at an instant."""
    service.clock.set(at)
    await run_sweep(service)
    await deliver_all(service)


async def test_a_reminder_comes_by_mail_and_in_the_application(
    service: Service, tmp_path: Path
) -> None:
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    mailer = Mailer(Settings(data_dir=tmp_path))
    await deliver(delivery_context(service, mail=mailer))
    inbox = ok(await service.client("xuan-hong").get("/notifications"))
    (message,) = inbox["items"]
    assert inbox["unread"] == 1
    assert (message["sent_at"], message["read_at"]) == ("2024-06-12T08:00:00+07:00", None)
    assert message["obligations"] == [
        {
            "plan": "tho-xuan-2024",
            "period": Q2,
            "agency": XUAN_HONG,
            "agency_name": "Xã Xuân Hồng",
            "about": "before-3",
        }
    ]
    assert "Còn 3 ngày" in message["subject"]
    mails = _mails(tmp_path / "mail", "xuan-hong@example.vn")
    assert [mail["Subject"] for mail in mails] == [message["subject"]]
    plain = mails[0].get_body(("plain",))
    assert plain is not None
    (*by_mail, last), (*in_application, _) = (
        text.split("\n") for text in (plain.get_content().strip(), message["text"].strip())
    )
    assert [line.split() for line in by_mail] == [line.split() for line in in_application]
    assert "key=" in last
    assert "key=" not in message["text"]  # the person is signed in there, and others may look on
    assert "15/6/2024" in message["text"]


def _mails(folder: Path, address: str) -> list[EmailMessage]:
    read = [
        email.message_from_bytes(file.read_bytes(), policy=policy.default)
        for file in sorted(folder.glob("*.eml"))
    ]
    return [mail for mail in read if address in mail["To"]]


async def test_messages_are_listed_newest_first_and_read_one_by_one(service: Service) -> None:
    await morning(service, "2024-06-08 08:00")
    await morning(service, "2024-06-12 08:00")
    await morning(service, "2024-06-14 08:00")
    mine = service.client("xuan-hong")
    items = await list_all(mine, "/notifications", limit=1)
    assert [item["obligations"][0]["about"] for item in items] == [
        "before-1",
        "before-3",
        "before-7",
    ]
    service.clock.set("2024-06-14 09:00")
    read = ok(await mine.post(f"/notifications/{items[1]['id']}/read"))
    assert read["read_at"] == "2024-06-14T09:00:00+07:00"
    assert read["obligations"] == items[1]["obligations"]
    service.clock.set("2024-06-14 10:00")
    again = ok(await mine.post(f"/notifications/{items[1]['id']}/read"))
    assert again["read_at"] == read["read_at"]
    unread = ok(await mine.get("/notifications", params={"unread": "true"}))
    assert unread["unread"] == 2
    assert [item["id"] for item in unread["items"]] == [items[0]["id"], items[2]["id"]]
    assert ok(await mine.post("/notifications/read-all")) == {"read": 2}
    assert ok(await mine.get("/notifications"))["unread"] == 0
    assert ok(await mine.post("/notifications/read-all")) == {"read": 0}


async def test_messages_after_the_newest_seen_one_stay_unread(service: Service) -> None:
    await morning(service, "2024-06-08 08:00")
    await morning(service, "2024-06-12 08:00")
    mine = service.client("xuan-hong")
    newest, older = ok(await mine.get("/notifications"))["items"]
    assert older["id"] < newest["id"]
    # The message with the lower id arrives after the list was shown.
    arrival = "UPDATE message SET sent_at = '2024-06-12 08:00:01+07'"
    await execute(service, f"{arrival} WHERE id = '{older['id']}'")
    through = {"through": newest["id"]}
    assert ok(await mine.post("/notifications/read-all", json=through)) == {"read": 1}
    (arrived,) = ok(await mine.get("/notifications", params={"unread": "true"}))["items"]
    assert arrived["id"] == older["id"]
    assert ok(await mine.post("/notifications/read-all", json=through)) == {"read": 0}
    foreign = await service.client("bac-luong").post("/notifications/read-all", json=through)
    assert field_errors(foreign) == [("/through", "unknown_message")]


async def test_a_digest_lists_its_obligations_by_due_date(service: Service) -> None:
    office = service.client("coordinator")
    later = {"due_date": "2024-06-16", "reason": "Mưa lũ."}
    ok(await office.put(f"/obligations/{Q2}/{BAC_LUONG}/extension", json=later))
    service.clock.set("2024-06-15 08:00")
    await run_sweep(service)
    await submit_complete(service.client("xuan-hong"), XUAN_HONG)
    await deliver_all(service)
    (digest,) = await list_all(office, "/notifications")
    *due_today, due_tomorrow = [each["agency"] for each in digest["obligations"]]
    assert (due_today, due_tomorrow) == (sorted(due_today), BAC_LUONG)
    assert len(due_today) == 33
    assert XUAN_HONG not in due_today


async def test_messages_are_visible_to_their_recipient_only(service: Service) -> None:
    await morning(service, "2024-06-12 08:00")
    (mine,) = await list_all(service.client("xuan-hong"), "/notifications")
    for other in ("bac-luong", "coordinator", "admin"):
        client = service.client(other)
        assert mine["id"] not in {each["id"] for each in await list_all(client, "/notifications")}
        answer = await client.post(f"/notifications/{mine['id']}/read")
        assert problem_of(answer) == (404, "not-found")
    after = ok(await service.client("xuan-hong").get("/notifications"))
    assert after["unread"] == 1


async def test_an_unsent_message_is_not_listed(service: Service) -> None:
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    inbox = ok(await service.client("xuan-hong").get("/notifications"))
    assert (inbox["items"], inbox["unread"]) == ([], 0)


async def test_an_api_key_has_no_messages(service: Service) -> None:
    made = ok(
        await service.client("admin").post(
            "/api-keys",
            json={"name": "Tỉnh", "scopes": ["reports:read"], "agency": "38", "expires_on": None},
        ),
        201,
    )
    machine = service.client(secret=made["key"])
    assert problem_of(await machine.get("/notifications")) == (403, "forbidden")
    assert problem_of(await machine.get(SENT)) == (403, "forbidden")


async def test_chosen_channels_are_used(service: Service) -> None:
    mine = service.client("xuan-hong")
    usual = ok(await mine.get(PREFERENCES))
    assert usual == {
        "channels": ["email", "in_app"],
        "period_news": True,
        "available": ["email", "in_app"],
    }
    wanted = {"channels": ["in_app"], "period_news": False}
    assert ok(await mine.put(PREFERENCES, json=wanted)) == usual | wanted
    assert ok(await mine.get(PREFERENCES)) == usual | wanted
    (event,) = await list_events(service, "notification_preference.put")
    assert (event.actor, event.subject, event.after) == ("xuan-hong", "users/xuan-hong", wanted)

    await morning(service, "2024-06-12 08:00")
    rows = await list_all(mine, SENT)
    to_me = {row["channel"] for row in rows if row["recipient"]["username"] == "xuan-hong"}
    assert to_me == {"in_app"}
    back = {"channels": ["email"], "period_news": True}
    assert ok(await mine.put(PREFERENCES, json=back)) == usual | back


async def test_news_of_periods_can_be_switched_off_and_obligations_not(service: Service) -> None:
    mine, office = service.client("xuan-hong"), service.client("coordinator")
    ok(await mine.put(PREFERENCES, json={"channels": ["in_app"], "period_news": False}))
    ok(await office.post("/reporting-periods/2024-Q3/close"))
    await morning(service, "2024-06-12 08:00")
    (message,) = await list_all(mine, "/notifications")
    assert [each["about"] for each in message["obligations"]] == ["before-3"]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"channels": []}, [("/channels", "too_short")]),
        ({"channels": ["in_app", "in_app"]}, [("/channels", "not_unique")]),
        ({"channels": ["fax"]}, [("/channels/0", "enum")]),
        ({"channels": ["webhook"]}, [("/channels", "unreachable")]),
        ({}, [("/channels", "missing")]),
    ],
)
async def test_at_least_one_reachable_channel_is_required(
    service: Service, body: dict[str, Any], wrong: list[tuple[str, str]]
) -> None:
    assert field_errors(await service.client("xuan-hong").put(PREFERENCES, json=body)) == wrong


async def test_a_channel_is_available_once_it_reaches_the_person(service: Service) -> None:
    mine, office = service.client("xuan-hong"), service.client("coordinator")
    hook = {"agency": "395", "url": "http://127.0.0.1:9/"}
    ok(await office.post("/webhooks", json=hook), 201)
    await execute(service, "UPDATE account SET email = NULL WHERE username = 'xuan-hong'")
    assert ok(await mine.get(PREFERENCES))["available"] == ["webhook", "in_app"]
    ok(await mine.put(PREFERENCES, json={"channels": ["webhook"]}))
    assert field_errors(await mine.put(PREFERENCES, json={"channels": ["email"]})) == [
        ("/channels", "unreachable")
    ]
    assert ok(await office.get(PREFERENCES))["available"] == ["email", "webhook", "in_app"]
    province = service.client("province")
    assert ok(await province.get(PREFERENCES))["available"] == ["email", "in_app"]


async def test_the_notifications_of_an_obligation_have_reasons(service: Service) -> None:
    await add_account(service, "head-of-xuan-hong", Role.VIEWER, XUAN_HONG, full_name="Lê Thị Bình")
    await morning(service, "2024-06-12 08:00")
    service.clock.set("2024-06-14 08:00")
    await run_sweep(service)
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG)  # before the reminders of that morning leave
    await deliver_all(service)
    rows = await list_all(office, SENT, limit=2)
    late = [row for row in rows if row["planned_for"].startswith("2024-06-14")]
    assert {(row["rule"], row["state"], row["why"]) for row in late} == {
        ("before-1", "skipped", "báo cáo đã được gửi"),
        ("missing-today", "skipped", "báo cáo đã được gửi"),
    }
    assert {(row["sent_at"], row["subject"]) for row in late} == {(None, None)}
    (mail,) = [row for row in rows if (row["rule"], row["channel"]) == ("before-3", "email")]
    assert mail == {
        "rule": "before-3",
        "occurrence": "2024-06-15",
        "audience": "reporter",
        "recipient": {"username": "xuan-hong", "full_name": "Xuan Hong"},
        "channel": "email",
        "planned_for": "2024-06-12T08:00:00+07:00",
        "state": "sent",
        "why": "đến lúc nhắc và chưa nhắc",
        "sent_at": "2024-06-12T08:00:00+07:00",
        "attempts": 1,
        "error": None,
        "subject": mail["subject"],
    }
    assert "Còn 3 ngày" in mail["subject"]
    await review(office, "return", XUAN_HONG, reason="Chưa khớp.")
    newest = (await list_all(commune, SENT))[0]
    assert (newest["rule"], newest["state"], newest["attempts"]) == (
        "report.returned",
        "planned",
        0,
    )


async def test_a_failed_notification_has_an_error(service: Service, tmp_path: Path) -> None:
    service.clock.set("2024-06-12 08:00")
    await run_sweep(service)
    await execute(service, "UPDATE account SET email = NULL WHERE username = 'xuan-hong'")
    await deliver(delivery_context(service, mail=Mailer(Settings(data_dir=tmp_path))))
    rows = await list_all(service.client("xuan-hong"), SENT)
    (mail,) = [row for row in rows if (row["rule"], row["channel"]) == ("before-3", "email")]
    assert (mail["state"], mail["sent_at"]) == ("failed", None)
    assert mail["error"] == mail["why"] == "tài khoản chưa có địa chỉ thư điện tử"


async def test_notifications_of_an_obligation_are_visible_to_readers_of_the_report(
    service: Service,
) -> None:
    await morning(service, "2024-06-12 08:00")
    for person in ("xuan-hong", "coordinator", "vice-chairman", "province", "district-admin"):
        assert ok(await service.client(person).get(SENT))["items"]
    for stranger in ("bac-luong", "agriculture"):
        assert problem_of(await service.client(stranger).get(SENT)) == (404, "not-found")
    assert problem_of(await service.client().get(SENT)) == (401, "unauthenticated")


async def test_the_number_of_statements_does_not_depend_on_the_page(service: Service) -> None:
    office = service.client("coordinator")
    await morning(service, "2024-06-14 08:00")
    with capture_statements(service) as short:
        assert len(ok(await office.get("/notifications", params={"limit": 1}))["items"]) == 1
    for day in range(15, 30):
        await morning(service, f"2024-06-{day} 08:00")
    with capture_statements(service) as long:
        assert len(ok(await office.get("/notifications"))["items"]) > 10
    assert len(short) == len(long) <= 4
