"""Aggregates as JSON, CSV and XLSX, and their ETags."""

import csv
import io
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from pydantic import BaseModel
from sqlalchemy import text

from app.schemas.aggregates import ExecutionAggregate, IndicatorAggregate, TimelinessAggregate
from app.schemas.obligations import Matrix, ObligationOut
from app.schemas.reports import ReportOut
from app.text.sheets import CSV, XLSX
from tests.conftest import Service
from tests.support.report_bodies import money
from tests.support.report_calls import (
    BAC_LUONG,
    Q2,
    XUAN_HONG,
    draft,
    ok,
    read,
    review,
    submit_complete,
)

KINDS = ("indicators", "budget-execution", "timeliness")


async def request_aggregate(
    client: httpx.AsyncClient, kind: str, accept: str, **more: str
) -> httpx.Response:
    query = {"period": Q2, "basis": "submitted"} | more
    return await client.get(f"/aggregates/{kind}", params=query, headers={"Accept": accept})


async def test_csv_with_codes_contains_the_same_data_as_json(service: Service) -> None:
    office = service.client("coordinator")
    disbursements = [money("DA2", 350_000_000)]
    await submit_complete(
        service.client("xuan-hong"), XUAN_HONG, {"DA2.02": 12, "DA2.05": 10_500_000}, disbursements
    )
    for kind in KINDS:
        aggregate = (await request_aggregate(office, kind, "application/json")).json()
        answer = await request_aggregate(office, kind, "text/csv")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.content.startswith(b"\xef\xbb\xbf"), "Excel needs the byte order mark"
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(rows) == len(aggregate["rows"])
        for csv_row, row in zip(rows, aggregate["rows"], strict=True):
            for name, value in row.items():
                column = "row_agency" if name == "agency" else name
                assert csv_row[column] == ("" if value in (None, []) else str(value)), (kind, name)
            assert (csv_row["period"], csv_row["as_of"]) == (Q2, aggregate["as_of"])
            assert csv_row["submitted"] == "1"
            assert csv_row["missing"].split() == aggregate["coverage"]["missing"]


async def test_a_name_is_never_written_as_a_formula(service: Service) -> None:
    names = ["=1+1", "+84", "-1", "@SUM(A1)", "\tA", "\r=A", "\x0b=2", "Xã \x07 Chuông"]
    async with service.database.transaction() as session:
        await session.execute(
            text(
                "UPDATE agency SET name = new.name FROM unnest(CAST(:names AS text[]))"
                " WITH ORDINALITY AS new (name, position) JOIN (SELECT id, row_number() OVER"
                " (ORDER BY code) AS position FROM agency WHERE kind = 'commune') AS commune"
                " USING (position) WHERE agency.id = commune.id"
            ),
            {"names": names},
        )
    office = service.client("coordinator")
    answer = await request_aggregate(office, "timeliness", XLSX)
    book = load_workbook(io.BytesIO(answer.content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}, "no cell is a formula"
    texts = {cell.value: cell for cell in cells if cell.data_type == "s"}
    for name in names[:4]:
        assert texts[name].quotePrefix, "it stays a text when it is edited"
    table = (await request_aggregate(office, "timeliness", "text/csv")).content.decode("utf-8-sig")
    for row in csv.reader(io.StringIO(table)):
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


async def test_accept_selects_the_format(service: Service) -> None:
    office = service.client("coordinator")
    for accept, expected in (
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/*", "text/csv; charset=utf-8"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv; charset=utf-8"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        (f"text/csv;q=0.1, {XLSX}", XLSX),
        ("application/json;q=0, */*", "text/csv; charset=utf-8"),
    ):
        answer = await request_aggregate(office, "indicators", accept)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, expected), accept
    for accept in ("text/html", "application/pdf, image/png", "application/json;q=0", "*/*;q=0"):
        answer = await request_aggregate(office, "indicators", accept)
        assert (answer.status_code, answer.json()["type"]) == (406, "/problems/not-acceptable")
        assert "text/csv" in answer.json()["detail"]


async def test_the_etag_changes_only_with_the_figures(service: Service) -> None:
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 5})
    query = f"/aggregates/indicators?period={Q2}"
    first = await office.get(query)
    tag = {"If-None-Match": first.headers["ETag"]}
    service.clock.advance(minutes=5)
    same = await office.get(query, headers=tag)
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["ETag"] == first.headers["ETag"]
    for other in (
        await office.get(query, headers=tag | {"Accept": "text/csv"}),
        await office.get(f"{query}&basis=submitted", headers=tag),
        await office.get(f"{query}&agency={XUAN_HONG}", headers=tag),
    ):
        assert other.status_code == 200
    await review(office, "accept", XUAN_HONG)
    changed = await office.get(query, headers=tag)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    weak = {"If-None-Match": f'"x", W/{changed.headers["ETag"]}'}
    assert (await office.get(query, headers=weak)).status_code == 304


async def test_json_built_by_the_database_matches_the_schemas(
    service: Service,
) -> None:
    """These responses are not validated at run time, for speed."""
    commune, office = service.client("xuan-hong"), service.client("coordinator")
    await submit_complete(commune, XUAN_HONG, {"DA2.02": 5}, [money("DA2", 7)])
    await review(office, "return", XUAN_HONG, reason="Sửa.")
    await draft(service.client("bac-luong"), BAC_LUONG)
    obligations = ok(await office.get(f"/obligations?period={Q2}&limit=200"))["items"]
    answers: list[tuple[type[BaseModel], Any]] = [
        (ReportOut, await read(commune, XUAN_HONG)),
        (ReportOut, await read(service.client("bac-luong"), BAC_LUONG)),
        (ReportOut, await read(office, "395-VP")),
        (Matrix, ok(await office.get("/obligations/matrix?year=2024"))),
        (IndicatorAggregate, (await request_aggregate(office, "indicators", "*/*")).json()),
        (ExecutionAggregate, (await request_aggregate(office, "budget-execution", "*/*")).json()),
        (TimelinessAggregate, (await request_aggregate(office, "timeliness", "*/*")).json()),
        *((ObligationOut, item) for item in obligations),
    ]
    for schema, payload in answers:
        assert schema.model_validate(payload).model_dump(mode="json") == payload


@pytest.mark.parametrize("kind", ["indicators", "budget-execution", "timeliness"])
@pytest.mark.parametrize(("extension", "media_type"), [("csv", CSV), ("xlsx", XLSX)])
async def test_a_path_with_an_ending_gives_the_file_that_accept_gives(
    service: Service, kind: str, extension: str, media_type: str
) -> None:
    client = service.client("coordinator")
    query = {"period": Q2, "as_of": "2024-06-10T08:00:00+07:00"}
    by_path = await client.get(f"/aggregates/{kind}.{extension}", params=query)
    headers = {"Accept": media_type}
    by_accept = await client.get(f"/aggregates/{kind}", params=query, headers=headers)
    assert by_path.headers["Content-Type"] == by_accept.headers["Content-Type"]
    assert by_path.headers["ETag"] == by_accept.headers["ETag"]
    assert by_path.headers["Content-Disposition"] == by_accept.headers["Content-Disposition"]
    if extension == "csv":
        assert by_path.content == by_accept.content
    again = await client.get(
        f"/aggregates/{kind}.{extension}",
        params=query,
        headers={"If-None-Match": by_path.headers["ETag"]},
    )
    assert again.status_code == 304
    assert (await client.get(f"/aggregates/{kind}.pdf", params=query)).status_code == 422
