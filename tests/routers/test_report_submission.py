"""Submission of a report: validation, idempotency and paper reports."""

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
    ok,
    read,
    review,
    save,
    submit,
)

REPORT = f"/reports/{Q2}/{XUAN_HONG}"
LABOUR = "395-LDTBXH"


async def submit_with_key(
    client: httpx.AsyncClient, key: str, body: dict[str, Any] | None = None, agency: str = XUAN_HONG
) -> httpx.Response:
    return await client.post(
        f"/reports/{Q2}/{agency}/submit", json=body or {}, headers={"Idempotency-Key": key}
    )


async def count_revisions(service: Service, agency: str = XUAN_HONG) -> int:
    listed = ok(await service.client("coordinator").get(f"/reports/{Q2}/{agency}/revisions"))
    return len(listed["items"])


async def test_a_retry_with_the_same_key_gets_an_identical_answer(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG, {"DA2.02": 5})
    first = await submit_with_key(commune, "key-1")
    assert first.status_code == 200
    await review(office, "return", XUAN_HONG, reason="Sửa lại.")
    service.clock.advance(hours=23, minutes=59, seconds=59)
    retry = await submit_with_key(commune, "key-1")
    assert (retry.status_code, retry.content) == (200, first.content)
    assert retry.headers["ETag"] == first.headers["ETag"]
    assert (first.headers.get("Idempotent-Replayed"), retry.headers["Idempotent-Replayed"]) == (
        None,
        "true",
    )
    assert await count_revisions(service) == 1


async def test_a_retry_after_acceptance_repeats_the_answer(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG, {"DA2.02": 5})
    first = await submit_with_key(commune, "key-1")
    await review(office, "accept", XUAN_HONG)
    retry = await submit_with_key(commune, "key-1")
    assert (retry.status_code, retry.content) == (200, first.content)


async def test_a_used_key_does_not_submit_a_newer_draft(service: Service) -> None:
    """Not even where all happens at one instant of the clock."""
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG, {"DA2.02": 5})
    await submit_with_key(commune, "key-1")
    await review(office, "return", XUAN_HONG, reason="Sửa lại.")
    await draft(commune, XUAN_HONG, {"DA2.02": 6})
    again = await submit_with_key(commune, "key-1")
    assert (again.status_code, again.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert (await count_revisions(service), (await read(commune, XUAN_HONG))["report_status"]) == (
        1,
        "returned",
    )
    assert (await submit_with_key(commune, "key-2")).json()["last_revision"]["number"] == 2


async def test_a_retry_without_access_to_the_report_is_not_found(service: Service) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG)
    assert (await submit_with_key(commune, "key-1")).status_code == 200
    async with service.database.transaction() as session:
        move = "UPDATE account SET agency_id = (SELECT id FROM agency WHERE code = '15502')"
        await session.execute(text(f"{move} WHERE username = 'xuan-hong'"))
    assert (await submit_with_key(commune, "key-1")).status_code == 404


async def test_the_body_is_optional_if_there_are_no_warnings(service: Service) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG)
    key = {"Idempotency-Key": "key-1"}
    without_body = await commune.post(f"{REPORT}/submit", headers=key)
    assert ok(without_body)["report_status"] == "submitted"
    empty_body = await commune.post(f"{REPORT}/submit", json={}, headers=key)
    assert empty_body.content == without_body.content


async def test_a_key_expires_after_a_day(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG)
    await submit_with_key(commune, "key-1")
    await review(office, "return", XUAN_HONG, reason="Sửa lại.")
    service.clock.advance(hours=24)
    later = await submit_with_key(commune, "key-1")
    assert later.json()["last_revision"]["number"] == 2
    service.clock.advance(hours=1)
    retry = await submit_with_key(commune, "key-1")
    assert (retry.status_code, retry.content) == (200, later.content)


async def test_a_key_cannot_be_reused_for_another_request(service: Service) -> None:
    office, labour = service.client("coordinator"), service.client("labour-reporter")
    await draft(office, LABOUR)
    await draft(office, XUAN_HONG)
    assert (await submit_with_key(office, "key-1", agency=LABOUR)).status_code == 200
    for other in (
        await submit_with_key(office, "key-1", {"warnings_note": "Khác."}, LABOUR),
        await submit_with_key(
            office, "key-1", {"received_at": "2024-06-10T07:00:00+07:00"}, XUAN_HONG
        ),
    ):
        assert (other.status_code, other.json()["type"]) == (
            422,
            "/problems/idempotency-key-reused",
        )
    # Each principal has its own keys: the reporter has not used this one.
    assert (await submit_with_key(labour, "key-1", agency=LABOUR)).status_code == 409
    assert await count_revisions(service, LABOUR) == 1
    assert await count_revisions(service) == 0


async def test_two_principals_can_use_the_same_key(service: Service) -> None:
    answers = {}
    for person, agency in (("xuan-hong", XUAN_HONG), ("bac-luong", BAC_LUONG)):
        await draft(service.client(person), agency)
        answers[person, agency] = await submit_with_key(
            service.client(person), "key-1", agency=agency
        )
    for (person, agency), first in answers.items():
        retry = await submit_with_key(service.client(person), "key-1", agency=agency)
        assert (retry.status_code, retry.content) == (200, first.content)


async def test_a_failed_request_does_not_use_up_its_key(service: Service) -> None:
    commune = service.client("xuan-hong")
    assert (await submit_with_key(commune, "key-1")).status_code == 409
    await save(commune, XUAN_HONG, {"entries": []})
    assert (await submit_with_key(commune, "key-1")).status_code == 422
    await draft(commune, XUAN_HONG)
    assert (await submit_with_key(commune, "key-1")).status_code == 200
    assert await count_revisions(service) == 1


async def test_an_invalid_key_is_rejected(service: Service) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG)
    for key in (b"", b"k" * 201, b"a\x00b", b"a\x1fb"):
        answer = await commune.post(
            f"{REPORT}/submit", json={}, headers=[(b"Idempotency-Key", key)]
        )
        assert answer.status_code == 422, key
        (error,) = answer.json()["errors"]
        assert (error["in"], error["pointer"]) == ("header", "/Idempotency-Key")


def without_figure(code: str) -> Any:
    return lambda body: body["entries"].remove(
        next(item for item in body["entries"] if item["indicator"] == code)
    )


def with_figure(code: str, value: float, **more: Any) -> Any:
    def change(body: dict[str, Any]) -> None:
        line = next(item for item in body["entries"] if item["indicator"] == code)
        line |= {"value": value} | more

    return change


def with_entries(*entries: dict[str, Any]) -> Any:
    return lambda body: body["entries"].extend(entries)


def with_disbursements(*items: dict[str, Any]) -> Any:
    return lambda body: body["disbursements"].extend(items)


INVALID_FIGURES = {
    "an unknown indicator": (
        with_entries(entry("DA2", "DA2.99", 1)),
        "unknown_indicator",
        "/indicator",
    ),
    "another agency's indicator": (
        with_entries(entry("DA3.TDA2", "DA32.01", 1)),
        "not_yours",
        "/indicator",
    ),
    "another period's indicator": (
        with_entries(entry(None, "KQ.01", 1)),
        "not_yours",
        "/indicator",
    ),
    "a derived indicator": (with_entries(entry(None, "KQ.08", 1)), "not_yours", "/indicator"),
    "a figure given twice": (with_entries(entry("DA2", "DA2.02", 0)), "given_twice", "/indicator"),
    "an unknown project": (with_figure("DA2.02", 1, project="DA9"), "unknown_project", "/project"),
    "a figure under another project": (
        with_figure("DA2.02", 1, project="DA7.TDA1"),
        "other_project",
        "/project",
    ),
    "a figure under no project": (
        with_figure("DA2.02", 1, project=None),
        "other_project",
        "/project",
    ),
}
INVALID_AMOUNTS = {
    "an amount of an unknown project": (
        with_disbursements(money("DA9", 1)),
        "unknown_project",
        "/disbursements/0/project",
    ),
    "another agency's project": (
        with_disbursements(money("DA3", 1)),
        "not_yours",
        "/disbursements/0/project",
    ),
    "an amount given twice": (
        with_disbursements(money("DA2", 1), money("DA2", 2)),
        "given_twice",
        "/disbursements/1",
    ),
}


async def test_a_draft_with_an_invalid_figure_or_amount_is_rejected(service: Service) -> None:
    commune = service.client("xuan-hong")
    report = await read(commune, XUAN_HONG)
    for name, (change, code, pointer) in (INVALID_FIGURES | INVALID_AMOUNTS).items():
        body = complete_body(report)
        change(body)
        answer = await commune.put(f"{REPORT}/draft", json=body, headers={"If-Match": '"0"'})
        assert answer.status_code == 422, name
        errors = [(error["code"], error["pointer"]) for error in answer.json()["errors"]]
        assert len(errors) == 1, name
        assert errors[0][0] == code, name
        assert errors[0][1].endswith(pointer), name
        if errors[0][1].startswith("/entries/"):
            position = int(errors[0][1].split("/")[2])
            wrong = body["entries"][position]
            assert wrong not in complete_body(report)["entries"] or code == "given_twice", name
    assert (await read(commune, XUAN_HONG))["report_status"] == "not_started"


ERRORS = {
    "a required figure is missing": (
        without_figure("DA2.02"),
        "required_figure_missing",
        "/entries/-",
    ),
    "a part exceeds its total": (with_figure("DA2.02.1", 1), "part_over_total", "DA2.02.1"),
    "a part of a part exceeds its total": (
        with_figure("DA71.01.2.1", 1),
        "part_over_total",
        "DA71.01.2.1",
    ),
    "spending exceeds the allocation": (
        with_disbursements(money("DA2", 3_934_000_001)),
        "over_allocated",
        "/disbursements/0/amount_vnd",
    ),
}


async def test_a_report_with_an_error_cannot_be_submitted(service: Service) -> None:
    commune = service.client("xuan-hong")
    report = await read(commune, XUAN_HONG)
    for name, (change, code, location) in ERRORS.items():
        body = complete_body(report)
        change(body)
        saved = await save(commune, XUAN_HONG, body)
        answer = await commune.post(f"{REPORT}/submit", json={"warnings_note": "Đúng."})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/report-incomplete")
        (error,) = answer.json()["errors"]
        assert (error["code"], error["level"]) == (code, "error"), name
        assert saved["findings"] == [{k: v for k, v in error.items() if k != "in"}]
        codes = [item["indicator"] for item in body["entries"]]
        pointer = f"/entries/{codes.index(location)}/value" if location in codes else location
        assert error["pointer"] == pointer, name
    assert await count_revisions(service) == 0


async def test_all_errors_are_reported_together(service: Service) -> None:
    commune = service.client("xuan-hong")
    body = complete_body(await read(commune, XUAN_HONG))
    for change, _, _ in ERRORS.values():
        change(body) if change is not ERRORS["a part exceeds its total"][0] else None
    await save(commune, XUAN_HONG, body)
    errors = (await commune.post(f"{REPORT}/submit", json={})).json()["errors"]
    assert {error["code"] for error in errors} == {
        "required_figure_missing",
        "part_over_total",
        "over_allocated",
    }


WARNINGS = {
    "an estimate below the figure": (with_figure("DA2.02", 5, estimate=4), "estimate_below_value"),
    "spending from a source without an allocation": (
        with_disbursements(money("DA2", 1, source="credit")),
        "not_allocated",
    ),
}


async def test_warnings_must_be_confirmed_with_a_note(service: Service) -> None:
    commune = service.client("xuan-hong")
    for change, code in WARNINGS.values():
        body = complete_body(await read(commune, XUAN_HONG))
        change(body)
        await save(commune, XUAN_HONG, body)
        for unconfirmed in ({}, {"warnings_note": None}):
            answer = await commune.post(f"{REPORT}/submit", json=unconfirmed)
            problem = answer.json()
            assert (answer.status_code, problem["type"]) == (422, "/problems/warnings-unconfirmed")
            assert [(e["code"], e["level"]) for e in problem["errors"]] == [(code, "warning")]
        assert (
            await commune.post(f"{REPORT}/submit", json={"warnings_note": " "})
        ).status_code == 422
    submitted = await submit(commune, XUAN_HONG, warnings_note="Vốn tín dụng ngoài kế hoạch.")
    assert submitted["last_revision"]["warnings_note"] == "Vốn tín dụng ngoài kế hoạch."


async def test_a_decrease_of_cumulative_spending_gives_a_finding(service: Service) -> None:
    commune = service.client("xuan-hong")
    await draft(commune, XUAN_HONG, disbursements=[money("DA2", 500)], period="2024-Q1")
    await submit(commune, XUAN_HONG, "2024-Q1")
    saved = await draft(commune, XUAN_HONG, disbursements=[money("DA2", 499)])
    assert [finding["code"] for finding in saved["findings"]] == ["spent_less_than_before"]
    saved = await draft(commune, XUAN_HONG, disbursements=[money("DA2", 500)])
    assert saved["findings"] == []


async def test_a_six_month_figure_other_than_the_sum_of_its_quarters_gives_a_warning(
    service: Service,
) -> None:
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


async def test_the_receipt_decides_the_timeliness_of_a_paper_report(service: Service) -> None:
    office = service.client("coordinator")
    service.clock.set("2024-06-20 09:00")
    for agency, received, expected in (
        (XUAN_HONG, "2024-06-15T23:59:59.999999+07:00", ("on_time", 0)),
        (BAC_LUONG, "2024-06-16T00:00:00+07:00", ("late", 1)),
        ("15505", "2024-06-15T17:00:00Z", ("late", 1)),
    ):
        await draft(office, agency)
        submitted = await submit(office, agency, received_at=received)
        assert (submitted["timeliness"], submitted["days_late"]) == expected
        assert submitted["first_submitted_at"] == submitted["last_revision"]["received_at"]
        assert submitted["last_revision"]["submitted_at"].startswith("2024-06-20T09:00:00")
        assert submitted["last_revision"]["submitted_by"] == "coordinator"
    async with service.database.reading() as session:
        query = select(AuditEvent).where(AuditEvent.action == "report.submitted")
        event = (await session.scalars(query.order_by(AuditEvent.id))).first()
    assert event is not None
    assert event.actor == "coordinator"
    assert event.after is not None
    assert event.after["received_at"] == "2024-06-15T23:59:59.999999+07:00"


async def test_received_at_is_for_coordinators_and_lies_between_period_start_and_now(
    service: Service,
) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await draft(commune, XUAN_HONG)
    for client, body, code in (
        (commune, {"received_at": "2024-06-10T07:00:00+07:00"}, "not_allowed"),
        (office, {"received_at": "2024-06-10T08:00:00.000001+07:00"}, "in_future"),
        (office, {"received_at": "2024-03-14T23:59:59+07:00"}, "before_period"),
        (office, {}, "missing"),
    ):
        answer = await client.post(f"{REPORT}/submit", json=body)
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/received_at", code)
    assert await count_revisions(service) == 0
