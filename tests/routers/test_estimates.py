"""The annual report: the days of its figures, and its estimates of money."""

from typing import Any

from sqlalchemy import text

from tests.conftest import Service
from tests.support.report_bodies import money
from tests.support.report_calls import BAC_LUONG, Q2, XUAN_HONG, draft, ok, save, submit
from tests.support.verification import list_findings

YEAR = "2024-Y"


async def send(
    service: Service, person: str, agency: str, day: str | None, spent: dict[str, Any]
) -> dict[str, Any]:
    """Submit an annual report whose DA2.02 is true to a day; the last revision's body."""
    client = service.client(person)
    body = (await draft(client, agency, {"DA2.02": 12}, [spent], YEAR))["draft"]
    entry = next(each for each in body["entries"] if each["indicator"] == "DA2.02")
    entry |= {"estimate": 15, "actual_to": day}
    await save(client, agency, body, YEAR)
    sent: dict[str, Any] = (await submit(client, agency, YEAR))["last_revision"]["body"]
    return sent


async def rows_of(service: Service, kind: str, **query: str) -> list[dict[str, Any]]:
    parameters = {"period": YEAR, "basis": "submitted", "agency": "395"} | query
    answer = await service.client("province").get(f"/aggregates/{kind}", params=parameters)
    rows: list[dict[str, Any]] = ok(answer)["rows"]
    return rows


async def test_sums_say_to_which_days_their_figures_are_true(service: Service) -> None:
    sent = await send(service, "xuan-hong", XUAN_HONG, "2024-12-05", money("DA2", 5))
    figure = next(each for each in sent["entries"] if each["indicator"] == "DA2.02")
    assert figure["actual_to"] == "2024-12-05"
    await send(service, "bac-luong", BAC_LUONG, None, money("DA2", 7))
    for query in ({}, {"by": "project"}):
        rows = await rows_of(service, "indicators", **query)
        row = next(each for each in rows if each["indicator"] == "DA2.02")
        assert (row["value"], row["estimate"]) == (24, 30)
        assert row["actual_to_earliest"] == "2024-12-05"
        assert row["actual_to_latest"] == "2024-12-14", "the last day of the window by default"
    empty = next(each for each in await rows_of(service, "indicators") if not each["agencies"])
    assert (empty["actual_to_earliest"], empty["actual_to_latest"]) == (None, None)


async def test_estimates_of_money_are_summed(service: Service) -> None:
    estimates = {"estimate_year_end_vnd": 8, "estimate_settlement_vnd": 9}
    await send(service, "xuan-hong", XUAN_HONG, None, money("DA2", 5) | estimates)
    await send(service, "bac-luong", BAC_LUONG, None, money("DA2", 7))
    for query in ({}, {"by": "project"}):
        row = next(
            each
            for each in await rows_of(service, "budget-execution", **query)
            if each["project"] == "DA2" and each["disbursed_vnd"]
        )
        assert row["disbursed_vnd"] == 12
        assert (row["estimate_year_end_vnd"], row["estimate_settlement_vnd"]) == (15, 16)


async def test_a_body_without_the_new_fields_stays_as_it_was_sent(service: Service) -> None:
    """So its fingerprint does not change with the version of the service."""
    sent = await send(service, "xuan-hong", XUAN_HONG, None, money("DA2", 5))
    assert all("actual_to" not in each for each in sent["entries"])
    assert sent["disbursements"] == [money("DA2", 5)]


async def test_another_report_has_no_estimates_of_money(service: Service) -> None:
    commune = service.client("xuan-hong")
    spent = money("DA2", 5) | {"estimate_year_end_vnd": 8}
    saved = await draft(commune, XUAN_HONG, None, [spent])
    (finding,) = saved["findings"]
    assert (finding["code"], finding["level"]) == ("only_in_annual_report", "error")
    assert finding["pointer"] == "/disbursements/0/estimate_year_end_vnd"
    answer = await commune.post(f"/reports/{Q2}/{XUAN_HONG}/submit", json={})
    assert ok(answer, 422)["type"] == "/problems/report-incomplete"


async def test_a_changed_estimate_or_day_is_found(service: Service) -> None:
    estimates = {"estimate_year_end_vnd": 8, "estimate_settlement_vnd": 9}
    await send(service, "xuan-hong", XUAN_HONG, "2024-12-05", money("DA2", 5) | estimates)
    async with service.as_owner() as session:
        assert await list_findings(session) == []
        await session.execute(
            text("UPDATE revision_entry SET actual_to = NULL WHERE actual_to IS NOT NULL")
        )
        await session.execute(text("UPDATE revision_disbursement SET estimate_settlement_vnd = 10"))
        found = await list_findings(session)
        await session.rollback()
    assert any("DA2.02" in each for each in found)
    assert any("DA2 central current_year" in each for each in found)
