"""Names of reporting periods in words."""

from app.text.bilingual import Bilingual
from app.vocabulary import Frequency

ROMAN = ("I", "II", "III", "IV")
ORDINALS = ("first", "second", "third", "fourth")
HALVES = Bilingual("đầu", "first"), Bilingual("cuối", "last")


def period_name(frequency: str, ordinal: int, year: int) -> Bilingual:
    """The common name of a period: `quý II năm 2024`, `6 tháng đầu năm 2024`, `năm 2024`."""
    match frequency:
        case Frequency.QUARTER:
            return Bilingual(
                f"quý {ROMAN[ordinal - 1]} năm {year}", f"{ORDINALS[ordinal - 1]} quarter of {year}"
            )
        case Frequency.HALF_YEAR:
            half = HALVES[ordinal - 1]
            return Bilingual(f"6 tháng {half.vi} năm {year}", f"{half.en} six months of {year}")
    return Bilingual(f"năm {year}", f"year {year}")


def name_of_code(code: str) -> Bilingual:
    """The same by the code of a period, such as `2024-Q2`, `2024-H1` or `2024-Y`."""
    year, _, rest = code.partition("-")
    if rest == "Y":
        return period_name(Frequency.YEAR, 1, int(year))
    frequency = Frequency.QUARTER if rest[0] == "Q" else Frequency.HALF_YEAR
    return period_name(frequency, int(rest[1:]), int(year))
