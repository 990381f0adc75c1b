"""Calendars, read by a second parser: events keep their identity and number their changes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import vobject  # type: ignore[import-untyped]  # it has none
from sqlalchemy import text

from app.clock import LOCAL
from tests.conftest import Service
from tests.support.reference_calls import (
    capture_statements,
    field_errors,
    list_all,
    list_events,
    problem_of,
)
from tests.support.report_calls import BAC_LUONG, Q2, XUAN_HONG, ok, review, submit_complete

EXTENSION = f"/obligations/{Q2}/{XUAN_HONG}/extension"
EXEMPTION = f"/obligations/{Q2}/{XUAN_HONG}/exemption"
Event = Any
"""vobject creates its attributes when it parses."""


async def subscribe(service: Service, person: str, agency: str) -> str:
    """Create a link and return its token."""
    answer = await service.client(person).post("/calendar-links", json={"agency": agency})
    return token_of(ok(answer, 201)["url"])


def token_of(url: str) -> str:
    """The secret of a calendar's address."""
    (token,) = parse_qs(urlsplit(url).query)["token"]
    return token


async def fetch(service: Service, token: str, **headers: str) -> httpx.Response:
    """The calendar, without credentials other than the token."""
    return await service.client().get("/calendar.ics", params={"token": token}, headers=headers)


async def events(service: Service, token: str) -> dict[str, Event]:
    """The events by summary."""
    answer = await fetch(service, token)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = vobject.readOne(answer.text)
    by_summary = {event.summary.value: event for event in calendar.vevent_list}
    assert len(by_summary) == len(calendar.vevent_list)
    return by_summary


async def q2(service: Service, token: str) -> Event:
    """The second quarter's event of Xuân Hồng."""
    return (await events(service, token))["Hạn gửi báo cáo quý II năm 2024 – UBND xã Xuân Hồng"]


def alarms(event: Event) -> list[datetime]:
    """The local times of an event's alarms."""
    midnight = datetime.combine(event.dtstart.value, datetime.min.time())
    return [midnight + alarm.trigger.value for alarm in event.contents.get("valarm", [])]


async def test_a_communes_calendar_shows_its_due_dates(service: Service) -> None:
    answer = await service.client("xuan-hong").post("/calendar-links", json={"agency": XUAN_HONG})
    link = ok(answer, 201)
    assert link["url"].startswith("http://127.0.0.1:8000/api/v1/calendar.ics?token=")
    by_summary = await events(service, token_of(link["url"]))
    assert {name: event.dtstart.value for name, event in by_summary.items()} == {
        "Hạn gửi báo cáo quý I năm 2024 – UBND xã Xuân Hồng": date(2024, 3, 15),
        "Hạn gửi báo cáo quý II năm 2024 – UBND xã Xuân Hồng": date(2024, 6, 15),
        "Hạn gửi báo cáo 6 tháng đầu năm 2024 – UBND xã Xuân Hồng": date(2024, 6, 20),
        "Hạn gửi báo cáo quý III năm 2024 – UBND xã Xuân Hồng": date(2024, 9, 15),
        "Hạn gửi báo cáo năm 2024 – UBND xã Xuân Hồng": date(2024, 12, 10),
        "Hạn gửi báo cáo quý IV năm 2024 – UBND xã Xuân Hồng": date(2024, 12, 15),
    }
    event = by_summary["Hạn gửi báo cáo quý II năm 2024 – UBND xã Xuân Hồng"]
    assert event.dtend.value - event.dtstart.value == timedelta(days=1)
    assert event.dtstamp.value == datetime(2024, 6, 10, 1, tzinfo=UTC)
    assert event.last_modified.value == datetime(2024, 6, 10, 1, tzinfo=UTC)
    assert (event.sequence.value, event.status.value) == ("0", "CONFIRMED")
    assert event.description.value == (
        "Chưa gửi.\nHạn gửi: hết ngày 15/6/2024 (tính quá hạn từ 00:00 ngày 16/6/2024); "
        "kế hoạch ghi: trước ngày 15 tháng cuối quý."
    )
    assert alarms(event) == [datetime(2024, 6, 8, 8), datetime(2024, 6, 14, 8)]  # noqa: DTZ001 - local time


async def test_the_text_follows_rfc_5545(service: Service) -> None:
    token = await subscribe(service, "xuan-hong", XUAN_HONG)
    raw = (await fetch(service, token)).content
    lines = raw.split(b"\r\n")
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert lines[-2:] == [b"END:VCALENDAR", b""]
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(len(line) for line in lines) <= 75
    assert b"DTSTART;VALUE=DATE:20240615" in lines
    for name in (b"VERSION:2.0", b"METHOD:PUBLISH", b"X-WR-TIMEZONE:Asia/Ho_Chi_Minh"):
        assert name in lines


async def test_an_extension_moves_the_event_and_increments_its_sequence(service: Service) -> None:
    token = await subscribe(service, "xuan-hong", XUAN_HONG)
    before = await q2(service, token)
    service.clock.set("2024-06-11 09:30")
    office = service.client("coordinator")
    later = {"due_date": "2024-06-20", "reason": "Mưa lũ."}
    ok(await office.put(EXTENSION, json=later))
    after = await q2(service, token)
    assert after.uid.value == before.uid.value
    assert int(after.sequence.value) > int(before.sequence.value)
    assert after.dtstart.value == date(2024, 6, 20)
    assert after.last_modified.value == datetime(2024, 6, 11, 9, 30, tzinfo=LOCAL)
    assert alarms(after) == [datetime(2024, 6, 13, 8), datetime(2024, 6, 19, 8)]  # noqa: DTZ001 - local time
    assert after.description.value == (
        "Chưa gửi.\nHạn gửi đã gia hạn: hết ngày 20/6/2024 (tính quá hạn từ 00:00 ngày 21/6/2024)."
    )

    service.clock.set("2024-06-12 10:00")
    ok(await office.put(EXTENSION, json=later | {"due_date": "2024-06-21"}))
    again = await q2(service, token)
    assert again.last_modified.value == datetime(2024, 6, 12, 10, tzinfo=LOCAL)


async def test_closing_a_period_increments_the_sequence_of_its_events(service: Service) -> None:
    token = await subscribe(service, "xuan-hong", XUAN_HONG)
    ok(await service.client("coordinator").post(f"/reporting-periods/{Q2}/close"))
    assert (await q2(service, token)).sequence.value == "1"


async def test_old_obligations_are_left_out(service: Service) -> None:
    token = await subscribe(service, "xuan-hong", XUAN_HONG)
    first = "Hạn gửi báo cáo quý I năm 2024 – UBND xã Xuân Hồng"
    service.clock.set("2025-04-19 08:00")
    assert first in await events(service, token)
    service.clock.set("2025-04-20 08:00")
    assert first not in await events(service, token)


async def test_each_change_is_shown_and_increments_the_sequence(service: Service) -> None:
    token = await subscribe(service, "xuan-hong", XUAN_HONG)
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    states = [_state(await q2(service, token))]
    exempt = {"reason": "Không được giao vốn."}
    ok(await office.put(EXEMPTION, json=exempt))
    states.append(_state(await q2(service, token)))
    ok(await office.delete(EXEMPTION))
    states.append(_state(await q2(service, token)))
    service.clock.set("2024-06-15 20:00")
    states.append(_state(await q2(service, token)))
    service.clock.set("2024-06-17 09:00")
    states.append(_state(await q2(service, token)))
    await submit_complete(commune, XUAN_HONG)
    states.append(_state(await q2(service, token)))
    await review(office, "return", XUAN_HONG, reason="Sửa.", correction_due="2024-06-19")
    states.append(_state(await q2(service, token)))
    await submit_complete(commune, XUAN_HONG)
    await review(office, "accept", XUAN_HONG)
    states.append(_state(await q2(service, token)))
    assert states == [
        (0, "CONFIRMED", 2, "Chưa gửi."),
        (1, "CANCELLED", 0, "Được miễn báo cáo."),
        (2, "CONFIRMED", 2, "Chưa gửi."),
        (2, "CONFIRMED", 2, "Chưa gửi."),
        (2, "CONFIRMED", 2, "Quá hạn, chưa gửi."),
        (3, "CONFIRMED", 0, "Gửi chậm 2 ngày, lúc 09:00 ngày 17/6/2024."),
        (4, "CONFIRMED", 0, "Đã trả lại để sửa, hạn gửi lại: hết ngày 19/6/2024."),
        (6, "CONFIRMED", 0, "Gửi chậm 2 ngày, lúc 09:00 ngày 17/6/2024."),
    ]


def _state(event: Event) -> tuple[int, str, int, str]:
    first_line = event.description.value.partition("\n")[0]
    return int(event.sequence.value), event.status.value, len(alarms(event)), first_line


async def test_a_districts_calendar_takes_a_constant_number_of_statements(service: Service) -> None:
    whole = await subscribe(service, "coordinator", "395")
    link_of_reporter = await subscribe(service, "xuan-hong", XUAN_HONG)
    with capture_statements(service) as for_many:
        by_summary = await events(service, whole)
    with capture_statements(service) as for_few:
        of_reporter = await events(service, link_of_reporter)
    assert len(by_summary) == 35 * 6
    due = [event.dtstart.value for event in by_summary.values()]
    assert due == sorted(due)
    assert {event.uid.value for event in of_reporter.values()} < {
        e.uid.value for e in by_summary.values()
    }
    assert len(for_many) == len(for_few) == 2


async def test_a_reporters_calendar_shows_only_its_own_agency(service: Service) -> None:
    async with service.database.transaction() as session:
        move = "UPDATE account SET agency_id = (SELECT id FROM agency WHERE code = '395')"
        await session.execute(text(f"{move} WHERE username = 'xuan-hong'"))
    token = await subscribe(service, "xuan-hong", "395")
    answer = await fetch(service, token)
    assert (answer.status_code, answer.text.count("BEGIN:VEVENT")) == (200, 0)


async def test_a_line_break_in_a_name_does_not_break_the_calendar(service: Service) -> None:
    async with service.database.transaction() as session:
        rename = "UPDATE agency SET name = E'Xã\\r\\nATTENDEE:x' WHERE code = '15493'"
        await session.execute(text(rename))
    token = await subscribe(service, "xuan-hong", XUAN_HONG)
    assert "Hạn gửi báo cáo quý II năm 2024 – UBND xã ATTENDEE:x" in await events(service, token)


async def test_an_unchanged_calendar_is_not_sent_again(service: Service) -> None:
    token = await subscribe(service, "xuan-hong", XUAN_HONG)
    first = await fetch(service, token)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, max-age=900"
    service.clock.set("2024-06-10 17:00")
    same = await fetch(service, token, **{"If-None-Match": f'"x", {tag}'})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    service.clock.set("2024-06-15 23:59")
    assert (await fetch(service, token)).content == first.content
    service.clock.set("2024-06-16 00:00")  # overdue
    assert (await fetch(service, token, **{"If-None-Match": tag})).status_code == 200
    newer = (await fetch(service, token)).headers["ETag"]
    ok(await service.client("coordinator").put(EXEMPTION, json={"reason": "Miễn."}))
    assert (await fetch(service, token, **{"If-None-Match": newer})).status_code == 200


async def test_renaming_the_agency_changes_the_etag(service: Service) -> None:
    token = await subscribe(service, "coordinator", "395")
    tag = (await fetch(service, token)).headers["ETag"]
    async with service.database.transaction() as session:
        await session.execute(text("UPDATE agency SET name = 'Khu vực' WHERE code = '395'"))
    assert (await fetch(service, token, **{"If-None-Match": tag})).status_code == 200


async def test_an_address_is_shown_once_and_revoked_at_once(service: Service) -> None:
    reporter = service.client("xuan-hong")
    link = ok(await reporter.post("/calendar-links", json={"agency": XUAN_HONG}), 201)
    token = token_of(link.pop("url"))
    assert link == {
        "id": link["id"],
        "agency": XUAN_HONG,
        "created_at": "2024-06-10T08:00:00+07:00",
        "created_by": "xuan-hong",
        "revoked_at": None,
    }
    assert await list_all(reporter, "/calendar-links") == [link]
    service.clock.set("2024-06-10 09:00")
    path = f"/calendar-links/{link['id']}"
    assert (await reporter.delete(path)).status_code == 204
    assert problem_of(await fetch(service, token)) == (404, "not-found")
    assert (await reporter.delete(path)).status_code == 204
    (revoked,) = await list_all(reporter, "/calendar-links")
    assert revoked["revoked_at"] == "2024-06-10T09:00:00+07:00"
    (created,) = await list_events(service, "calendar_link.created")
    assert created.after == {"agency": XUAN_HONG}
    assert len(await list_events(service, "calendar_link.revoked")) == 1


async def test_a_wrong_token_is_not_found(service: Service) -> None:
    token = await subscribe(service, "xuan-hong", XUAN_HONG)
    for wrong in (token[:-1], token + "x", token.swapcase(), "", "%", "ổ"):
        assert problem_of(await fetch(service, wrong)) == (404, "not-found")
    assert problem_of(await service.client().get("/calendar.ics")) == (404, "not-found")


async def test_links_are_created_and_listed_within_reach(service: Service) -> None:
    reporter, other = service.client("xuan-hong"), service.client("bac-luong")
    answer = await reporter.post("/calendar-links", json={"agency": BAC_LUONG})
    assert field_errors(answer) == [("/agency", "unknown_agency")]
    answer = await reporter.post("/calendar-links", json={"agency": "395"})
    assert field_errors(answer) == [("/agency", "unknown_agency")]
    link = ok(await reporter.post("/calendar-links", json={"agency": XUAN_HONG}), 201)
    assert await list_all(other, "/calendar-links") == []
    answer = await other.delete(f"/calendar-links/{link['id']}")
    assert problem_of(answer) == (404, "not-found")
    for person in ("coordinator", "vice-chairman", "province", "district-admin", "admin"):
        client = service.client(person)
        assert [each["id"] for each in await list_all(client, "/calendar-links")] == [link["id"]]
    assert problem_of(await service.client().get("/calendar-links")) == (401, "unauthenticated")
