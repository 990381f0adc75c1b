"""Names: of people, agencies, keys and other things that people tell apart by reading them."""

import re
import unicodedata

from app.vocabulary import TIERS, AgencyKind

# Characters that are not visible or that change the direction of the text around them: Unicode's
# Default_Ignorable_Code_Point, and the blank letters of Hangul and Braille.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def invisible_in(name: str) -> str | None:
    """The first invisible character as Unicode writes it (U+200B); None if there is none."""
    match = INVISIBLE.search(name)
    return f"U+{ord(match[0]):04X}" if match else None


def is_readable(name: str) -> bool:
    """Whether the name contains a letter or a digit."""
    return any(unicodedata.category(character)[0] in "LN" for character in name)


def official_name(name: str, kind: AgencyKind) -> str:
    """The name under which an agency signs.

    A province, district or government of the lowest tier signs as its People's Committee: `UBND xã
    Xuân Hồng`. Other agencies have their own name.
    """
    if kind == AgencyKind.COUNTRY or kind not in TIERS:
        return name
    return f"UBND {name[:1].lower()}{name[1:]}"
