"""What a submission stores: the body as it was, its fingerprint, and exact figures."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from app.models.indicators import Indicator
from app.models.reports import RevisionDisbursement, RevisionEntry
from app.services.reports.submission import fingerprint
from tests.conftest import Service
from tests.support.reference_calls import allow_decimals
from tests.support.report_bodies import complete_body, money
from tests.support.report_calls import Q2, XUAN_HONG, ok, read, save, submit, submit_complete

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def test_a_fingerprint_is_the_one_of_the_canonical_json() -> None:
    """Printed once by `printf '%s' '{"a":[1.5,"ỹ"],"b":null}' | sha256sum`."""
    assert fingerprint({"b": None, "a": [1.5, "ỹ"]}) == (
        "af3219c88d0f5969f272260436dafa4aa05db5722b8a7e9cb9153793e8922ad7"
    )


@settings(max_examples=25)
@given(st.dictionaries(st.text(), json_values))
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(body: dict[str, Any]) -> None:
    assert fingerprint(dict(reversed(body.items()))) == fingerprint(body)


LARGEST = 9_999_999_999_999.99


async def test_the_largest_and_the_smallest_figures_are_kept_exactly(service: Service) -> None:
    commune = service.client("xuan-hong")
    for code in ("DA2.05", "DA2.05.1", "DA2.05.2"):
        await allow_decimals(service.client("coordinator"), code)
    spent = [money("DA2", 10**15, source="mobilised")]
    values = {"DA2.02": 9_999_999_999_999, "DA2.05": LARGEST, "DA2.05.1": 0.01, "DA2.05.2": 0.1}
    sent = await submit_complete(commune, XUAN_HONG, values, spent, warnings_note="Thử giới hạn.")
    body = sent["last_revision"]["body"]
    assert {e["indicator"]: e["value"] for e in body["entries"] if e["value"]} == values
    async with service.database.reading() as session:
        rows = await session.execute(
            select(Indicator.code, RevisionEntry.value)
            .join(Indicator, Indicator.id == RevisionEntry.indicator_id)
            .where(RevisionEntry.value > 0)
        )
        assert dict(rows.all()) == {code: Decimal(str(v)) for code, v in values.items()}
        assert await session.scalar(select(RevisionDisbursement.amount_vnd)) == 10**15
    summed = [row["value"] for row in await rows_of(service, "indicators") if row["value"]]
    assert summed == list(values.values())
    spent_rows = await rows_of(service, "budget-execution")
    assert max(row["disbursed_vnd"] for row in spent_rows) == 10**15


async def rows_of(service: Service, what: str) -> list[dict[str, Any]]:
    question = f"/aggregates/{what}?period={Q2}&basis=submitted"
    rows: list[dict[str, Any]] = ok(await service.client("province").get(question))["rows"]
    return rows


async def test_a_figure_is_a_number_or_a_short_text(service: Service) -> None:
    commune = service.client("xuan-hong")
    report = await read(commune, XUAN_HONG)
    amounts: tuple[Any, ...] = (True, 2**63, 1e19, None, [], "1" * 101)
    for change in (
        {"disbursements": [money("DA2", 1) | {"amount_vnd": value}]} for value in amounts
    ):
        body = complete_body(report) | change
        answer = await commune.put(
            f"/reports/{Q2}/{XUAN_HONG}/draft", json=body, headers={"If-Match": '"0"'}
        )
        assert answer.status_code == 422, change
        assert answer.json()["errors"][0]["pointer"] == "/disbursements/0/amount_vnd"
    values: tuple[object, ...] = (True, 2**63, -1e300, None, [], "1" * 101)
    for value in values:
        body = complete_body(report)
        body["entries"][3]["value"] = value
        answer = await commune.put(
            f"/reports/{Q2}/{XUAN_HONG}/draft", json=body, headers={"If-Match": '"0"'}
        )
        assert answer.status_code == 422, value
        assert answer.json()["errors"][0]["pointer"] == "/entries/3/value"


async def test_a_body_is_kept_in_nfc_whatever_the_keyboard_sends(service: Service) -> None:
    commune = service.client("xuan-hong")
    body = complete_body(await read(commune, XUAN_HONG))
    composed, decomposed = "Hỗ trợ", "Ho\u0302\u0303 tro\u031b\u0323"
    body["narrative"]["results"] = decomposed
    saved = await save(commune, XUAN_HONG, body)
    assert saved["draft"]["narrative"]["results"] == composed
    sent = await submit(commune, XUAN_HONG)
    assert sent["last_revision"]["body"]["narrative"]["results"] == composed
    assert sent["last_revision"]["fingerprint"] == fingerprint(sent["last_revision"]["body"])


REFUSED = [
    "UPDATE revision_entry SET value = 'NaN'",
    "UPDATE revision_entry SET estimate = 'NaN'",
    "UPDATE revision_entry SET value = -1",
    "UPDATE revision_disbursement SET amount_vnd = -1",
    "UPDATE revision SET number = 1, report_id = (SELECT min(report_id) FROM revision)",
]


async def test_the_database_itself_refuses_what_no_sum_may_meet(service: Service) -> None:
    for person, agency in (("xuan-hong", XUAN_HONG), ("bac-luong", "15502")):
        await submit_complete(service.client(person), agency, disbursements=[money("DA2", 5)])
    for statement in REFUSED:
        with pytest.raises(IntegrityError):
            async with service.as_owner() as session:
                await session.execute(text(statement))
    async with service.database.reading() as session:
        assert await session.scalar(select(func.sum(RevisionDisbursement.amount_vnd))) == 10
