"""Sending a report: what it may not lack, once only, and on paper."""

from typing import Any

import httpx
from sqlalchemy import select, text

from app.models.audit_events import AuditEvent
from tests.conftest import Service
from tests.support.report_bodies import complete_body, entry, money
from tests.support.report_calls import (
    BAC_LUONG,
    Q2,
    XUAN_HONG,
    draft,
    read,
    review,
    save,
    seen,
    submit,
)

AT = f"/reports/{Q2}/{XUAN_HONG}"
LABOUR = "395-LDTBXH"


async def send_with(
    client: httpx.AsyncClient, key: str, said: dict[str, Any] | None = None, agency: str = XUAN_HONG
) -> httpx.Response:
    return await client.post(
        f"/reports/{Q2}/{agency}/submit", json=said or {}, headers={"Idempotency-Key": key}
    )


async def revisions(service: Service, agency: str = XUAN_HONG) -> int:
    listed = seen(await service.client("coordinator").get(f"/reports/{Q2}/{agency}/revisions"))
    return len(listed["items"])


async def test_a_retry_with_its_key_gets_the_same_answer_byte_for_byte(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG, {"DA2.02": 5})
    first = await send_with(commune, "key-1")
    assert first.status_code == 200
    await review(office, "return", XUAN_HONG, reason="Sửa lại.")
    service.clock.advance(hours=23, minutes=59, seconds=59)
    retry = await send_with(commune, "key-1")
    assert (retry.status_code, retry.content) == (200, first.content)
    assert retry.headers["ETag"] == first.headers["ETag"]
    assert (first.headers.get("Idempotent-Replayed"), retry.headers["Idempotent-Replayed"]) == (
        None,
        "true",
    )
    assert await revisions(service) == 1


async def test_a_retry_after_acceptance_repeats_the_answer(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG, {"DA2.02": 5})
    first = await send_with(commune, "key-1")
    await review(office, "accept", XUAN_HONG)
    retry = await send_with(commune, "key-1")
    assert (retry.status_code, retry.content) == (200, first.content)


async def test_a_used_key_does_not_submit_a_newer_draft(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG, {"DA2.02": 5})
    await send_with(commune, "key-1")
    service.clock.advance(hours=1)
    await review(office, "return", XUAN_HONG, reason="Sửa lại.")
    service.clock.advance(hours=1)
    await draft(commune, XUAN_HONG, {"DA2.02": 6})
    again = await send_with(commune, "key-1")
    assert (again.status_code, again.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert (await revisions(service), (await read(commune, XUAN_HONG))["report_status"]) == (
        1,
        "returned",
    )
    assert (await send_with(commune, "key-2")).json()["last_revision"]["number"] == 2


async def test_who_may_no_longer_see_a_report_gets_no_earlier_answer(service: Service) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG)
    assert (await send_with(commune, "key-1")).status_code == 200
    async with service.database.transaction() as session:
        move = "UPDATE account SET agency_id = (SELECT id FROM agency WHERE code = '15502')"
        await session.execute(text(f"{move} WHERE username = 'xuan-hong'"))
    assert (await send_with(commune, "key-1")).status_code == 404


async def test_nothing_has_to_be_said_where_there_are_no_warnings(service: Service) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG)
    key = {"Idempotency-Key": "key-1"}
    without = await commune.post(f"{AT}/submit", headers=key)
    assert seen(without)["report_status"] == "submitted"
    with_nothing = await commune.post(f"{AT}/submit", json={}, headers=key)
    assert with_nothing.content == without.content


async def test_a_key_is_forgotten_after_a_day(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG)
    await send_with(commune, "key-1")
    await review(office, "return", XUAN_HONG, reason="Sửa lại.")
    service.clock.advance(hours=24)
    later = await send_with(commune, "key-1")
    assert later.json()["last_revision"]["number"] == 2
    service.clock.advance(hours=1)
    retry = await send_with(commune, "key-1")
    assert (retry.status_code, retry.content) == (200, later.content)


async def test_a_key_stands_for_one_request_only(service: Service) -> None:
    commune, labour = service.client("coordinator"), service.client("labour-reporter")
    await draft(commune, LABOUR)
    await draft(commune, XUAN_HONG)
    assert (await send_with(commune, "key-1", agency=LABOUR)).status_code == 200
    for other in (
        await send_with(commune, "key-1", {"warnings_note": "Khác."}, LABOUR),
        await send_with(commune, "key-1", {"received_at": "2024-06-10T07:00:00+07:00"}, XUAN_HONG),
    ):
        assert (other.status_code, other.json()["type"]) == (
            422,
            "/problems/idempotency-key-reused",
        )
    # Another principal's keys are its own: this one is new to the reporter.
    assert (await send_with(labour, "key-1", agency=LABOUR)).status_code == 409
    assert await revisions(service, LABOUR) == 1
    assert await revisions(service) == 0


async def test_a_key_of_one_is_no_key_of_another(service: Service) -> None:
    answers = {}
    for person, agency in (("xuan-hong", XUAN_HONG), ("bac-luong", BAC_LUONG)):
        await draft(service.client(person), agency)
        answers[person, agency] = await send_with(service.client(person), "key-1", agency=agency)
    for (person, agency), first in answers.items():
        retry = await send_with(service.client(person), "key-1", agency=agency)
        assert (retry.status_code, retry.content) == (200, first.content)


async def test_a_request_that_failed_leaves_its_key_free(service: Service) -> None:
    commune = service.client("xuan-hong")
    assert (await send_with(commune, "key-1")).status_code == 409
    await save(commune, XUAN_HONG, {"entries": []})
    assert (await send_with(commune, "key-1")).status_code == 422
    await draft(commune, XUAN_HONG)
    assert (await send_with(commune, "key-1")).status_code == 200
    assert await revisions(service) == 1


async def test_a_key_that_cannot_be_kept_is_refused(service: Service) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG)
    for key in (b"", b"k" * 201, b"a\x00b", b"a\x1fb"):
        answer = await commune.post(f"{AT}/submit", json={}, headers=[(b"Idempotency-Key", key)])
        assert answer.status_code == 422, key
        (error,) = answer.json()["errors"]
        assert (error["in"], error["pointer"]) == ("header", "/Idempotency-Key")


def without(code: str) -> Any:
    return lambda body: body["entries"].remove(
        next(item for item in body["entries"] if item["indicator"] == code)
    )


def figure(code: str, value: float, **more: Any) -> Any:
    def change(body: dict[str, Any]) -> None:
        line = next(item for item in body["entries"] if item["indicator"] == code)
        line |= {"value": value} | more

    return change


def adding(*entries: dict[str, Any]) -> Any:
    return lambda body: body["entries"].extend(entries)


def spending(*items: dict[str, Any]) -> Any:
    return lambda body: body["disbursements"].extend(items)


REFUSED_DRAFTS = {
    "an unknown indicator": (adding(entry("DA2", "DA2.99", 1)), "unknown_indicator", "/indicator"),
    "another agency's indicator": (
        adding(entry("DA3.TDA2", "DA32.01", 1)),
        "not_yours",
        "/indicator",
    ),
    "another period's indicator": (adding(entry(None, "KQ.01", 1)), "not_yours", "/indicator"),
    "a derived indicator": (adding(entry(None, "KQ.06", 1)), "not_yours", "/indicator"),
    "a figure given twice": (adding(entry("DA2", "DA2.02", 0)), "given_twice", "/indicator"),
    "an unknown project": (figure("DA2.02", 1, project="DA9"), "unknown_project", "/project"),
    "a figure under another project": (
        figure("DA2.02", 1, project="DA7.TDA1"),
        "other_project",
        "/project",
    ),
    "a figure under no project": (figure("DA2.02", 1, project=None), "other_project", "/project"),
    "half a household": (figure("DA2.02", 1.5), "too_precise", "/value"),
    "an estimate of half a household": (
        figure("DA2.02", 1, estimate=1.5),
        "too_precise",
        "/estimate",
    ),
}
REFUSED_MONEY = {
    "an unknown project": (
        spending(money("DA9", 1)),
        "unknown_project",
        "/disbursements/0/project",
    ),
    "a project of others": (spending(money("DA3", 1)), "not_yours", "/disbursements/0/project"),
    "an amount given twice": (
        spending(money("DA2", 1), money("DA2", 2)),
        "given_twice",
        "/disbursements/1",
    ),
}


async def test_a_draft_cannot_hold_what_is_not_the_agencys_to_say(service: Service) -> None:
    commune = service.client("xuan-hong")
    report = await read(commune, XUAN_HONG)
    for name, (change, code, place) in (REFUSED_DRAFTS | REFUSED_MONEY).items():
        body = complete_body(report)
        change(body)
        answer = await commune.put(f"{AT}/draft", json=body, headers={"If-Match": '"0"'})
        assert answer.status_code == 422, name
        found = [(error["code"], error["pointer"]) for error in answer.json()["errors"]]
        assert len(found) == 1, name
        assert found[0][0] == code, name
        assert found[0][1].endswith(place), name
        if found[0][1].startswith("/entries/"):
            position = int(found[0][1].split("/")[2])
            wrong = body["entries"][position]
            assert wrong not in complete_body(report)["entries"] or code == "given_twice", name
    assert (await read(commune, XUAN_HONG))["report_status"] == "not_started"


INCOMPLETE = {
    "a required figure is missing": (without("DA2.02"), "required_figure_missing", "/entries"),
    "a part is over its total": (figure("DA2.02.1", 1), "part_over_total", "DA2.02.1"),
    "a part of a part is over its total": (
        figure("DA71.01.2.1", 1),
        "part_over_total",
        "DA71.01.2.1",
    ),
    "more is spent than was given": (
        spending(money("DA2", 3_934_000_001)),
        "over_allocated",
        "/disbursements/0/amount_vnd",
    ),
}


async def test_a_report_with_errors_is_not_sent_and_each_is_named(service: Service) -> None:
    commune = service.client("xuan-hong")
    report = await read(commune, XUAN_HONG)
    for name, (change, code, place) in INCOMPLETE.items():
        body = complete_body(report)
        change(body)
        saved = await save(commune, XUAN_HONG, body)
        answer = await commune.post(f"{AT}/submit", json={"warnings_note": "Đúng."})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/report-incomplete")
        (error,) = answer.json()["errors"]
        assert (error["code"], error["level"]) == (code, "error"), name
        assert saved["findings"] == [{k: v for k, v in error.items() if k != "in"}]
        codes = [item["indicator"] for item in body["entries"]]
        pointer = f"/entries/{codes.index(place)}/value" if place in codes else place
        assert error["pointer"] == pointer, name
    assert await revisions(service) == 0


async def test_all_that_is_wrong_is_said_at_once(service: Service) -> None:
    commune = service.client("xuan-hong")
    body = complete_body(await read(commune, XUAN_HONG))
    for change, _, _ in INCOMPLETE.values():
        change(body) if change is not INCOMPLETE["a part is over its total"][0] else None
    await save(commune, XUAN_HONG, body)
    errors = (await commune.post(f"{AT}/submit", json={})).json()["errors"]
    assert {error["code"] for error in errors} == {
        "required_figure_missing",
        "part_over_total",
        "over_allocated",
    }


WARNED = {
    "an estimate below the figure": (figure("DA2.02", 5, estimate=4), "estimate_below_value"),
    "money that the plan does not have": (
        spending(money("DA2", 1, source="credit")),
        "not_allocated",
    ),
}


async def test_warnings_are_confirmed_with_a_note(service: Service) -> None:
    commune = service.client("xuan-hong")
    for change, code in WARNED.values():
        body = complete_body(await read(commune, XUAN_HONG))
        change(body)
        await save(commune, XUAN_HONG, body)
        for said in ({}, {"warnings_note": None}):
            answer = await commune.post(f"{AT}/submit", json=said)
            problem = answer.json()
            assert (answer.status_code, problem["type"]) == (422, "/problems/warnings-unconfirmed")
            assert [(e["code"], e["level"]) for e in problem["errors"]] == [(code, "warning")]
        assert (await commune.post(f"{AT}/submit", json={"warnings_note": " "})).status_code == 422
    sent = await submit(commune, XUAN_HONG, warnings_note="Vốn tín dụng ngoài kế hoạch.")
    assert sent["last_revision"]["warnings_note"] == "Vốn tín dụng ngoài kế hoạch."


async def test_money_spent_since_january_does_not_fall_unsaid(service: Service) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG, disbursements=[money("DA2", 500)], period="2024-Q1")
    await submit(commune, XUAN_HONG, "2024-Q1")
    saved = await draft(commune, XUAN_HONG, disbursements=[money("DA2", 499)])
    assert [finding["code"] for finding in saved["findings"]] == ["spent_less_than_before"]
    saved = await draft(commune, XUAN_HONG, disbursements=[money("DA2", 500)])
    assert saved["findings"] == []


async def test_six_months_are_held_against_their_two_quarters(service: Service) -> None:
    commune = service.client("xuan-hong")
    for period, value in (("2024-Q1", 3), ("2024-Q2", 4)):
        assert (await draft(commune, XUAN_HONG, {"DA2.02": 7}, period="2024-H1"))["findings"] == []
        await draft(commune, XUAN_HONG, {"DA2.02": value}, period=period)
        await submit(commune, XUAN_HONG, period)
    saved = await draft(commune, XUAN_HONG, {"DA2.02": 7}, period="2024-H1")
    assert saved["findings"] == []
    saved = await draft(commune, XUAN_HONG, {"DA2.02": 8}, period="2024-H1")
    (finding,) = saved["findings"]
    assert (finding["level"], finding["code"]) == ("warning", "not_the_sum_of_quarters")


async def test_a_paper_report_counts_from_when_it_was_received(service: Service) -> None:
    office = service.client("coordinator")
    service.clock.set("2024-06-20 09:00")
    for agency, received, expected in (
        (XUAN_HONG, "2024-06-15T23:59:59.999999+07:00", ("on_time", 0)),
        (BAC_LUONG, "2024-06-16T00:00:00+07:00", ("late", 1)),
        ("15505", "2024-06-15T17:00:00Z", ("late", 1)),
    ):
        await draft(office, agency)
        sent = await submit(office, agency, received_at=received)
        assert (sent["timeliness"], sent["days_late"]) == expected
        assert sent["first_submitted_at"] == sent["last_revision"]["received_at"]
        assert sent["last_revision"]["submitted_at"].startswith("2024-06-20T09:00:00")
        assert sent["last_revision"]["submitted_by"] == "coordinator"
    async with service.database.reading() as session:
        query = select(AuditEvent).where(AuditEvent.action == "report.submitted")
        event = (await session.scalars(query.order_by(AuditEvent.id))).first()
    assert event is not None
    assert event.actor == "coordinator"
    assert event.after is not None
    assert event.after["received_at"] == "2024-06-15T23:59:59.999999+07:00"


async def test_only_the_office_says_when_a_paper_was_received_and_never_the_future(
    service: Service,
) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG)
    for client, said, code in (
        (commune, {"received_at": "2024-06-10T07:00:00+07:00"}, "not_allowed"),
        (office, {"received_at": "2024-06-10T08:00:00.000001+07:00"}, "in_future"),
        (office, {"received_at": "2024-03-14T23:59:59+07:00"}, "before_period"),
        (office, {}, "missing"),
    ):
        answer = await client.post(f"{AT}/submit", json=said)
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/received_at", code)
    assert await revisions(service) == 0
