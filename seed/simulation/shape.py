"""The size of a simulated country, and how communes spread over provinces and districts. Pure."""

from dataclasses import dataclass

from app.errors import OperatorError
from app.text.bilingual import Bilingual

FIRST_DISTRICT_COMMUNES = 30
"""The first district is the one of the plan of 2024."""
LARGE_PROVINCE = (27 / 705, 559 / 10_598)
"""Its share of the country's districts and communes; the other provinces are equal."""


class ShapeError(OperatorError):
    """The numbers of provinces, districts and communes do not fit together."""


@dataclass(frozen=True)
class Shape:
    """The numbers of a country's units, and of the years that have plans."""

    provinces: int
    districts: int
    communes: int
    years: int


def district_sizes(shape: Shape) -> list[list[int]]:
    """The number of communes of each district, by province; the first district has 30.

    Raises:
        ShapeError: a province would have no district, or a district no commune.
    """
    if shape.provinces == 1:
        provinces = [(shape.districts, shape.communes)]
    else:
        share = (
            max(1, round(shape.districts * LARGE_PROVINCE[0])),
            max(FIRST_DISTRICT_COMMUNES, round(shape.communes * LARGE_PROVINCE[1])),
        )
        others = shape.provinces - 1
        districts = _spread(shape.districts - share[0], others)
        communes = _spread(shape.communes - share[1], others)
        provinces = [share, *zip(districts, communes, strict=True)]
    sizes = [_spread(communes, districts) for districts, communes in provinces if districts > 0]
    of_first, in_first = provinces[0]
    sizes[:1] = [
        [FIRST_DISTRICT_COMMUNES, *_spread(in_first - FIRST_DISTRICT_COMMUNES, of_first - 1)]
    ]
    units = [size for each in sizes for size in each]
    if len(sizes) < shape.provinces or min(units) < 1 or sum(units) != shape.communes:
        raise ShapeError(
            Bilingual(
                f"{shape.communes} xã không đủ cho {shape.districts} huyện, {shape.provinces} "
                "tỉnh: mỗi tỉnh cần ít nhất một huyện, mỗi huyện ít nhất một xã; huyện đầu tiên "
                f"có {FIRST_DISTRICT_COMMUNES} xã.",
                f"{shape.communes} communes are not enough for {shape.districts} districts in "
                f"{shape.provinces} provinces: each province needs a district and each district a "
                f"commune; the first has {FIRST_DISTRICT_COMMUNES}.",
            )
        )
    return sizes


def _spread(total: int, parts: int) -> list[int]:
    """Divide a number into parts that differ by at most 1."""
    return [total // parts + (part < total % parts) for part in range(parts)]
