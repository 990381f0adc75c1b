"""Plans of a province over communes and wards without districts, and of a commune."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from seed.loader import load
from tests.conftest import NEIGHBOUR_FOLDER, PLAN_IN_FORCE, PROGRAMME_FOLDER, Service
from tests.support.accounts import PASSWORD
from tests.support.report_calls import ok


@dataclass(frozen=True)
class Copy:
    """What a copy of the neighbour's plan has in place of the original."""

    plan: str
    owner: str
    office: str
    agencies: str


PROVINCE = Copy(
    "tinh-thu-2024",
    "40",
    "40-SLD",
    """code,name,kind,parent,valid_from,valid_to
40,Tỉnh Thử,province,,,
40-SLD,Sở Thử,department,40,,
16601,Xã Một,commune,40,,
16602,Phường Hai,ward,40,,
16603,Đặc khu Ba,special_zone,40,,
""",
)
COMMUNE = Copy(
    "xa-mot-2024",
    "16601",
    "16601-VP",
    """code,name,kind,parent,valid_from,valid_to
40,Tỉnh Thử,province,,,
16601,Xã Một,commune,40,,
16601-VP,Văn phòng HĐND và UBND xã,department,16601,,
""",
)


def plan_folder(tmp_path: Path, copy: Copy) -> Path:
    """A copy of the neighbour's plan for another owner, with its programme beside it."""
    shutil.copytree(PROGRAMME_FOLDER, tmp_path / PROGRAMME_FOLDER.name)
    folder = Path(shutil.copytree(NEIGHBOUR_FOLDER, tmp_path / copy.plan))
    (folder / "agencies.csv").write_text(copy.agencies, "utf-8")
    for path in folder.iterdir():
        text = path.read_text("utf-8")
        text = text.replace("trieu-son-2024", copy.plan).replace("397-LDTBXH", copy.office)
        path.write_text(text.replace('owner: "397"', f'owner: "{copy.owner}"'), "utf-8")
    return folder


async def load_plan(service: Service, folder: Path) -> None:
    async with service.database.transaction() as session:
        await load(session, folder, now=PLAN_IN_FORCE, echo=lambda _: None)


async def sign_up(service: Service, username: str, role: str, agency: str) -> dict[str, str]:
    """Create an account and return its headers."""
    body = {"username": username, "full_name": "X", "role": role, "agency": agency}
    ok(await service.client("admin").post("/users", json=body | {"password": PASSWORD}), 201)
    form = {"username": username, "password": PASSWORD}
    token = ok(await service.client().post("/auth/token", data=form))["access_token"]
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def province(service: Service, tmp_path: Path) -> Service:
    """The service with a province's plan beside the district's."""
    await load_plan(service, plan_folder(tmp_path, PROVINCE))
    return service


async def test_a_province_runs_a_plan_without_districts(province: Service) -> None:
    client = province.client()
    coordinator = await sign_up(province, "so-thu", "coordinator", "40-SLD")
    plan = ok(await client.get("/plans/tinh-thu-2024", headers=coordinator))
    assert (plan["owner"], plan["district"]) == ("40", None)
    assert ok(await client.get("/plans", headers=coordinator))["items"][0]["code"] == plan["code"]
    listed = ok(await client.get("/obligations?period=2024-Q3", headers=coordinator))["items"]
    assert {row["agency"] for row in listed} >= {"16601", "16602", "16603"}
    answer = await client.put(
        "/obligations/2024-Q3/16602/extension",
        headers=coordinator,
        json={"due_date": "2024-09-30", "reason": "Bão", "document_number": "1/UBND"},
    )
    assert ok(answer)["due_date"] == "2024-09-30"
    totals = ok(await client.get("/aggregates/indicators?period=2024-Q3", headers=coordinator))
    assert totals["agency"] == "40"


async def test_a_ward_reports_to_the_province(province: Service) -> None:
    client = province.client()
    reporter = await sign_up(province, "phuong-hai", "reporter", "16602")
    report = ok(await client.get("/reports/2024-Q3/16602", headers=reporter))
    assert "DA2.02" in {line["indicator"] for line in report["expected"]}
    assert (await client.get("/plans/tho-xuan-2024", headers=reporter)).status_code == 404
    assert (await client.get("/reports/2024-Q3/16601", headers=reporter)).status_code == 404
    assert ok(await client.get("/plans/tinh-thu-2024", headers=reporter))["owner"] == "40"


async def test_a_commune_runs_its_own_plan(province: Service, tmp_path: Path) -> None:
    await load_plan(province, plan_folder(tmp_path / "commune", COMMUNE))
    client = province.client()
    office = await sign_up(province, "van-phong", "coordinator", "16601-VP")
    listed = ok(await client.get("/obligations?plan=xa-mot-2024", headers=office))["items"]
    assert {row["agency"] for row in listed} <= {"16601", "16601-VP"}
    assert listed
    # The province reads the commune's plan, and leaves its management to the commune.
    coordinator = await sign_up(province, "so-thu", "coordinator", "40-SLD")
    body = {"due_date": "2024-09-30", "reason": "Bão", "document_number": None}
    path = "/obligations/2024-Q3/16601/extension?plan=xa-mot-2024"
    refused = await client.put(path, headers=coordinator, json=body)
    assert refused.status_code == 403
    assert refused.json()["type"] == "/problems/other-owner"
    assert ok(await client.put(path, headers=office, json=body))
    path = "/obligations/2024-Q3/16601/extension?plan=tinh-thu-2024"
    assert (await client.put(path, headers=office, json=body)).status_code == 403
