"""What happened before a browser opens a page: reports that were sent and returned, by the API."""

from typing import Any

import httpx

from tests.e2e.conftest import Site
from tests.support.accounts import token_of
from tests.support.report_bodies import complete_body

XUAN_HONG, BAC_LUONG = "15493", "15502"


def client(site: Site, person: str) -> httpx.Client:
    """The API for a test account."""
    headers = {"Authorization": f"Bearer {token_of(person)}"}
    return httpx.Client(base_url=f"{site.address}/api/v1", headers=headers, timeout=30)


def send(site: Site, person: str, agency: str, figures: dict[str, int] | None = None) -> Any:
    """Send an agency's report for the second quarter; returns the report."""
    with client(site, person) as api:
        answer = api.get(f"/reports/2024-Q2/{agency}")
        body = complete_body(answer.json(), figures)
        headers = {"If-Match": answer.headers["ETag"]}
        api.put(f"/reports/2024-Q2/{agency}/draft", json=body, headers=headers).raise_for_status()
        answer = api.post(f"/reports/2024-Q2/{agency}/submit", json={"warnings_note": "Đã rà."})
        return answer.raise_for_status().json()


def return_report(site: Site, agency: str) -> None:
    """Return a report with a remark on a figure."""
    with client(site, "coordinator") as api:
        remark = {"pointer": "/entries/0/value", "text": "Danh sách kèm theo có 3 mô hình."}
        body = {"reason": "Số liệu chưa khớp danh sách.", "comments": [remark]}
        body["correction_due"] = "2024-06-14"
        api.post(f"/reports/2024-Q2/{agency}/return", json=body).raise_for_status()
