"""The agencies of a simulated country: provinces, districts, their reporting offices, communes."""

from dataclasses import dataclass

import asyncpg

from seed.simulation.shape import Shape, district_sizes
from seed.simulation.tables import TableRows

COUNTRY_CODE = "VN"
MARK = "mô phỏng"

# The plan of 2024 with its district and province.
GET_TEMPLATE = """
SELECT plan.id AS plan_id, plan.owner_id AS district_id, district.path AS district_path,
    province.id AS province_id, (SELECT max(id) FROM agency) AS last_id
FROM plan JOIN agency district ON district.id = plan.owner_id
JOIN agency province ON province.id = district.parent_id
"""

# The agencies that report under the plan, the communes last.
LIST_REPORTERS = """
SELECT DISTINCT a.id, a.code, a.name, a.kind, tier(a.kind) = 3 AS is_commune
FROM schedule_reporter r JOIN agency a ON a.id = r.agency_id
ORDER BY is_commune, a.code
"""

# Put the tree of the plan under a country.
MOVE_UNDER_COUNTRY = """
UPDATE agency SET path = '/' || $1::bigint || path,
    parent_id = coalesce(parent_id, $1)
WHERE id <> $1
"""

# Which agency of the plan each simulated reporter resembles, and the district that it reports to.
CREATE_REPORTERS = """
CREATE TEMPORARY TABLE simulated_reporter (
    agency_id bigint PRIMARY KEY, district_id bigint, model_id bigint
) ON COMMIT DROP
"""

SKIP_IDS = "SELECT setval(pg_get_serial_sequence('agency', 'id'), (SELECT max(id) FROM agency))"


@dataclass(frozen=True)
class Template:
    """The plan of 2024, of which all other plans are copies."""

    plan_id: int
    district_id: int


class Units:
    """Numbers agencies, and collects their rows."""

    def __init__(self, last_id: int) -> None:
        self._last_id = last_id
        self.agencies = TableRows("agency", "id", "code", "name", "kind", "parent_id", "path")
        self.reporters = TableRows("simulated_reporter", "agency_id", "district_id", "model_id")

    def add(self, code: str, name: str, kind: str, parent: int | None, above: str) -> int:
        """Add an agency below the path `above`, and return its id."""
        self._last_id += 1
        path = f"{above}{self._last_id}/"
        self.agencies.add(self._last_id, code, name, kind, parent, path)
        return self._last_id


async def write_units(connection: asyncpg.Connection, shape: Shape) -> Template:
    """Write the country above the loaded plan, and all other units beside it.

    Raises:
        ShapeError: the numbers do not fit together.
    """
    sizes = district_sizes(shape)
    row = await connection.fetchrow(GET_TEMPLATE)
    reporters = await connection.fetch(LIST_REPORTERS)
    offices = [each for each in reporters if not each["is_commune"]]
    model_commune = next(each["id"] for each in reporters if each["is_commune"])
    units = Units(row["last_id"])
    # 1. The country, and the plan's own tree below it.
    country = units.add(COUNTRY_CODE, f"Cả nước ({MARK})", "country", None, "/")
    for each in reporters:
        model = model_commune if each["is_commune"] else each["id"]
        units.reporters.add(each["id"], row["district_id"], model)
    await units.agencies.write(connection)
    await connection.execute(MOVE_UNDER_COUNTRY, country)
    # 2. The other provinces and districts, each with its offices and communes.
    for p, districts in enumerate(sizes, start=1):
        province, above = row["province_id"], f"/{country}/"
        if p > 1:
            province = units.add(f"T{p:02}", f"Tỉnh {MARK} {p}", "province", country, above)
        above += f"{province}/"
        for d, communes in enumerate(districts, start=1):
            if (p, d) == (1, 1):
                continue
            place = f"{p:02}{d:02}"
            name = f"Huyện {MARK} {p}.{d}"
            district = units.add(f"H{place}", name, "district", province, above)
            below = f"{above}{district}/"
            for office in offices:
                code = f"H{place}-{office['code'].partition('-')[2]}"
                id_ = units.add(code, office["name"], office["kind"], district, below)
                units.reporters.add(id_, district, office["id"])
            for c in range(1, communes + 1):
                name = f"Xã {MARK} {p}.{d}.{c}"
                id_ = units.add(f"X{place}{c:02}", name, "commune", district, below)
                units.reporters.add(id_, district, model_commune)
    await units.agencies.write(connection)
    await connection.execute(CREATE_REPORTERS)
    await units.reporters.write(connection)
    await connection.execute(SKIP_IDS)
    return Template(row["plan_id"], row["district_id"])
