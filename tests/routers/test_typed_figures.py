"""A draft keeps a figure as it was typed, with its finding; a submission refuses it."""

from typing import Any

import httpx
import pytest

from tests.conftest import Service
from tests.support.reference_calls import problem_of
from tests.support.report_bodies import complete_body, entry, money
from tests.support.report_calls import Q2, XUAN_HONG, read, save, submit

REPORT = f"/reports/{Q2}/{XUAN_HONG}"
TYPED: list[tuple[float | str, str]] = [
    ("1.234,5", "not_a_number"),
    ("12a", "not_a_number"),
    ("12", "not_a_number"),
    ("  12  ", "not_a_number"),
    ("", "not_a_number"),
    (12.345, "too_precise"),
    (0.1 + 0.2, "too_precise"),
    (-5, "negative"),
    (-0.5, "negative"),
    (10**18, "over_maximum"),
]


def with_figure(report: dict[str, Any], **typed: Any) -> tuple[dict[str, Any], int]:
    """A complete body in which DA2.02 has what was typed, and the position of that."""
    body = complete_body(report)
    position = [item["indicator"] for item in body["entries"]].index("DA2.02")
    body["entries"][position] |= typed
    return body, position


@pytest.mark.parametrize("field", ["value", "estimate"])
@pytest.mark.parametrize(("typed", "code"), TYPED)
async def test_a_figure_is_kept_as_typed(
    service: Service, typed: float | str, code: str, field: str
) -> None:
    commune = service.client("xuan-hong")
    body, position = with_figure(await read(commune, XUAN_HONG), **{field: typed})
    saved = await save(commune, XUAN_HONG, body)
    for report in (saved, await read(commune, XUAN_HONG)):
        assert report["draft"]["entries"][position][field] == typed
        (finding,) = [each for each in report["findings"] if each["level"] == "error"]
        message = finding.pop("message")
        assert "hộ" in message
        assert finding == {
            "level": "error",
            "pointer": f"/entries/{position}/{field}",
            "code": code,
            "project": "DA2",
            "indicator": "DA2.02",
        }
    # What was read can be saved again.
    assert (await save(commune, XUAN_HONG, saved["draft"]))["draft"] == saved["draft"]


async def test_an_amount_is_kept_as_typed(service: Service) -> None:
    commune = service.client("xuan-hong")
    expected = await read(commune, XUAN_HONG)
    for typed, code in [*TYPED[:5], (350000000.5, "too_precise"), (-1, "negative")]:
        body = complete_body(expected, disbursements=[money("DA2", typed)])
        saved = await save(commune, XUAN_HONG, body)
        assert saved["draft"]["disbursements"][0]["amount_vnd"] == typed
        (finding,) = saved["findings"]
        assert (finding["pointer"], finding["code"]) == ("/disbursements/0/amount_vnd", code)
        assert (finding["project"], finding["indicator"]) == ("DA2", None)
        assert "đồng" in finding["message"]


async def test_a_figure_as_typed_is_not_submitted(service: Service) -> None:
    commune = service.client("xuan-hong")
    body, position = with_figure(await read(commune, XUAN_HONG), value="12a")
    saved = await save(commune, XUAN_HONG, body)
    refused = await commune.post(f"{REPORT}/submit", json={"warnings_note": "Đúng."})
    assert problem_of(refused) == (422, "report-incomplete")
    assert refused.json()["errors"] == [{"in": "body", **each} for each in saved["findings"]]
    report = await read(commune, XUAN_HONG)
    assert (report["report_status"], report["last_revision"]) == ("draft", None)
    # Corrected, it is submitted as a number.
    body["entries"][position]["value"] = 12.0
    await save(commune, XUAN_HONG, body)
    sent = (await submit(commune, XUAN_HONG))["last_revision"]["body"]
    assert sent["entries"][position]["value"] == 12


ENTRY = '{"entries": [{"project": "DA2", "indicator": "DA2.02", "value": %s}]}'
REFUSED: list[tuple[str, int]] = [
    (ENTRY % '"12a", "more": 1', 422),
    (ENTRY % '1, "value": "2"', 422),
    ('{"entries": [], "more": "12a"}', 422),
    (ENTRY.replace("DA2.02", "DA2.99") % '"12a"', 422),
    ('{"entries": [{"project": "DA2", "indicator": "DA2.02"}]}', 422),
    *((ENTRY % value, 422) for value in ("null", '["12a"]', "true", "NaN", "-Infinity", "1e19")),
    (ENTRY % r'"\u0000"', 422),
    (ENTRY % f'"{"1" * 101}"', 422),
    *((ENTRY % value, 400) for value in ("12a", "1,5", "01")),
]


@pytest.mark.parametrize(("content", "status"), REFUSED)
async def test_another_structure_changes_nothing(
    service: Service, content: str, status: int
) -> None:
    commune = service.client("xuan-hong")
    before = await save(commune, XUAN_HONG, {"entries": [entry("DA2", "DA2.02", "12a")]})
    headers = {"If-Match": f'"{before["version"]}"', "Content-Type": "application/json"}
    answer: httpx.Response = await commune.put(f"{REPORT}/draft", content=content, headers=headers)
    assert answer.status_code == status
    after = await read(commune, XUAN_HONG)
    assert (after["draft"], after["version"]) == (before["draft"], before["version"])
