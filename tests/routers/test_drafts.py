"""Unsent drafts: read by the agency of the report, and by the agency that typed them."""

from typing import Any

import httpx
import pytest

from tests.conftest import Service
from tests.support.reference_calls import problem_of
from tests.support.report_bodies import complete_body
from tests.support.report_calls import Q2, XUAN_HONG, draft, ok, read, review, save, submit

REPORT = f"/reports/{Q2}/{XUAN_HONG}"
OTHERS = ["coordinator", "vice-chairman", "province", "key of the district"]
OWN = ["xuan-hong", "head of the commune", "key of the commune"]
PAPER = {"received_at": "2024-06-10T07:00:00+07:00"}
SECRET = "Số liệu còn đang kiểm tra"


async def reader(service: Service, name: str) -> httpx.AsyncClient:
    """A client of a test account, or of a new key or account that the name describes."""
    admin = service.client("admin")
    if name == "head of the commune":
        body: dict[str, Any] = {"username": "head", "full_name": "Chủ tịch xã", "role": "viewer"}
        ok(await admin.post("/users", json=body | {"agency": XUAN_HONG, "password": name}), 201)
        form = {"username": "head", "password": name}
        token = ok(await service.client().post("/auth/token", data=form))["access_token"]
        return service.client(secret=token)
    if name.startswith("key of"):
        agency = XUAN_HONG if name.endswith("commune") else "395"
        key = {"name": name, "scopes": ["reports:read"], "agency": agency}
        return service.client(secret=ok(await admin.post("/api-keys", json=key), 201)["key"])
    return service.client(name)


async def save_unfinished(client: httpx.AsyncClient) -> dict[str, Any]:
    """Save a draft with a text and with findings."""
    return await save(client, XUAN_HONG, {"entries": [], "narrative": {"results": SECRET}})


@pytest.mark.parametrize("name", OTHERS)
async def test_others_see_only_that_a_draft_exists(service: Service, name: str) -> None:
    other, commune = await reader(service, name), service.client("xuan-hong")
    await save_unfinished(commune)
    answer = await other.get(REPORT)
    report = ok(answer)
    assert SECRET not in answer.text
    assert (report["report_status"], report["draft"], report["findings"]) == ("draft", None, [])
    assert report["draft_saved_at"] == "2024-06-10T08:00:00+07:00"
    assert answer.headers["ETag"] == '"1"'


@pytest.mark.parametrize("name", OTHERS)
async def test_others_see_the_last_revision_of_a_returned_report(
    service: Service, name: str
) -> None:
    other, commune = await reader(service, name), service.client("xuan-hong")
    await draft(commune, XUAN_HONG, {"DA2.02": 5})
    sent = (await submit(commune, XUAN_HONG))["last_revision"]
    returned = await review(service.client("coordinator"), "return", XUAN_HONG, reason="Sửa lại.")
    assert (returned["report_status"], returned["draft"]) == ("returned", None)
    for _ in range(2):
        answer = await other.get(REPORT)
        report = ok(answer)
        assert (report["draft"], report["findings"]) == (None, [])
        assert (report["last_revision"], SECRET in answer.text) == (sent, False)
        await save_unfinished(commune)


@pytest.mark.parametrize("name", OWN)
async def test_the_own_agency_reads_its_draft_and_the_findings(service: Service, name: str) -> None:
    saved = await save_unfinished(service.client("xuan-hong"))
    report = await read(await reader(service, name), XUAN_HONG)
    assert (report["draft"], report["findings"]) == (saved["draft"], saved["findings"])
    assert saved["findings"] != []


async def test_a_paper_entry_is_read_by_both_sides(service: Service) -> None:
    office, commune = service.client("coordinator"), service.client("xuan-hong")
    typed = await save_unfinished(office)
    for client in (office, commune):
        report = await read(client, XUAN_HONG)
        assert (report["draft"], report["findings"]) == (typed["draft"], typed["findings"])
    for name in ("vice-chairman", "province"):
        assert (await read(service.client(name), XUAN_HONG))["draft"] is None
    # From the commune's next save on it is the commune's draft.
    await save_unfinished(commune)
    assert (await read(office, XUAN_HONG))["draft"] is None


async def test_the_office_submits_only_what_it_has_typed(service: Service) -> None:
    """Otherwise a submission, or the errors that refuse it, would show the commune's draft."""
    office, commune = service.client("coordinator"), service.client("xuan-hong")
    await save_unfinished(commune)
    refused = await office.post(f"{REPORT}/submit", json=PAPER)
    assert problem_of(refused) == (409, "state-conflict")
    assert "DA2" not in refused.text
    expected = await read(office, XUAN_HONG)
    typed = await save(office, XUAN_HONG, complete_body(expected))
    sent = await submit(office, XUAN_HONG, **PAPER)
    assert sent["last_revision"]["body"] == typed["draft"]
