"""Matching the agencies of the files with those of the database."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.db.database import Database
from app.models.agencies import Agency
from app.models.obligations import Obligation
from app.vocabulary import AgencyKind
from seed.loader import SeedError
from tests.support.seed_folders import LATER, changes, correct, load_folder


async def test_the_tree_of_agencies(database: Database) -> None:
    await load_folder(database)
    async with database.transaction() as session:
        agencies = (await session.scalars(select(Agency))).all()
    by_code = {agency.code: agency for agency in agencies}
    province, district, commune = by_code["38"], by_code["395"], by_code["15493"]
    assert province.path == f"/{province.id}/"
    assert district.path == f"/{province.id}/{district.id}/"
    assert commune.path == f"/{province.id}/{district.id}/{commune.id}/"
    assert commune.name == "Xã Xuân Hồng"
    kinds = [agency.kind for agency in agencies if agency.path.startswith(district.path)]
    assert kinds.count(AgencyKind.COMMUNE) == 27
    assert kinds.count(AgencyKind.TOWNSHIP) == 3
    assert len(agencies) == 48
    assert {agency.version for agency in agencies} == {1}


async def test_moving_an_agency_updates_the_paths_of_its_descendants(
    database: Database, folder: Path
) -> None:
    await load_folder(database)
    correct(folder / "agencies.csv", "15493,Xã Xuân Hồng,commune,395,,\n", "")
    correct(folder / "agencies.csv", "38,Tỉnh Thanh Hóa", "01,Nước,province,,,\n38,Tỉnh Thanh Hóa")
    correct(
        folder / "agencies.csv", "38,Tỉnh Thanh Hóa,province,,,", "38,Tỉnh Thanh Hóa,province,01,,"
    )
    await load_folder(database, folder, LATER)
    async with database.transaction() as session:
        agencies = (await session.scalars(select(Agency))).all()
    top = next(agency for agency in agencies if agency.code == "01")
    assert {agency.path.split("/")[1] for agency in agencies} == {str(top.id)}
    by_id = {agency.id: agency for agency in agencies}
    for agency in agencies:
        above = by_id[agency.parent_id].path if agency.parent_id else "/"
        assert agency.path == f"{above}{agency.id}/"


async def test_a_code_of_another_agency_at_that_time_is_rejected(
    database: Database, folder: Path
) -> None:
    await load_folder(database)
    async with database.transaction() as session:
        town = (await session.scalars(select(Agency).where(Agency.code == "15499"))).one()
        town.valid_to = date(2025, 6, 30)
        await session.flush()
        session.add(
            Agency(
                code="15499",
                name="Xã Thọ Xuân",
                kind=AgencyKind.COMMUNE,
                parent_id=town.parent_id,
                path="/0/",
                valid_from=date(2025, 7, 1),
            )
        )
    line = (folder / "agencies.csv").read_text("utf-8").splitlines().index(
        "15499,Thị trấn Thọ Xuân,township,395,,"
    ) + 1  # fmt: skip
    with pytest.raises(SeedError, match=rf"^agencies\.csv:{line}: valid_from: "):
        await load_folder(database, folder, LATER)
    correct(
        folder / "agencies.csv",
        "15499,Thị trấn Thọ Xuân,township,395,,",
        "15499,Thị trấn Thọ Xuân,township,395,,2025-06-30",
    )
    assert await changes(database, lambda: load_folder(database, folder, LATER), ignored=()) == {}


async def test_a_reused_code_refers_to_the_agency_of_the_plans_year(
    database: Database, folder: Path
) -> None:
    correct(
        folder / "agencies.csv",
        "15499,Thị trấn Thọ Xuân,township,395,,",
        "15499,Xã Thọ Xuân,commune,38,2025-07-01,\n"
        "15499,Thị trấn Thọ Xuân,township,395,,2025-06-30",
    )
    await load_folder(database, folder)
    async with database.transaction() as session:
        obliged = await session.execute(
            select(Agency.name, func.count())
            .join(Obligation, Obligation.agency_id == Agency.id)
            .where(Agency.code == "15499")
            .group_by(Agency.name)
        )
        assert [tuple(row) for row in obliged] == [("Thị trấn Thọ Xuân", 6)]
    assert await changes(database, lambda: load_folder(database, folder, LATER), ignored=()) == {}
