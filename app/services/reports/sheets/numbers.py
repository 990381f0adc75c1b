"""Numbers that are written as text in a cell. Pure.

A text is a number only if Vietnamese and English readers agree on it, or if the figure can have no
decimals. `1.234` as a figure with decimals can be about one or a thousand, so it is asked.
"""

import re
from decimal import Decimal

from app.text.bilingual import Bilingual

SPACES = re.compile(r"[\s\u00a0\u202f]")
PLAIN = re.compile(r"-?[0-9]{1,15}")
GROUPED = re.compile(r"-?[0-9]{1,3}([.,])[0-9]{3}(?:\1[0-9]{3})*")
DECIMAL = re.compile(r"(-?[0-9]{1,15})[.,]([0-9]{1,6})")
GROUPED_DECIMAL = re.compile(r"(-?[0-9]{1,3}([.,])[0-9]{3}(?:\2[0-9]{3})*)(?!\2)[.,]([0-9]{1,6})")

NOT_A_NUMBER = Bilingual("“{typed}” không phải là số.", "“{typed}” is not a number.")
NOT_WHOLE = Bilingual(
    "“{typed}” có phần thập phân; chỗ này phải ghi số nguyên.",
    "“{typed}” has decimals; enter a whole number.",
)
AMBIGUOUS = Bilingual(
    "“{typed}” có thể hiểu là {whole} hoặc {decimal}; hãy gõ lại dưới dạng số.",
    "“{typed}” can mean {whole} or {decimal}; enter it as a number.",
)


class UnreadableError(ValueError):
    """A text that is no number, or not clearly one; `code` and `message` say why."""

    def __init__(self, code: str, message: Bilingual, /, **facts: str) -> None:
        super().__init__(code)
        self.code, self.message, self.facts = code, message, facts


def parse(text: str, decimals: int) -> Decimal:
    """The number that a text is, for a figure with at most so many decimals.

    Raises:
        UnreadableError: it is none, or has decimals where none are possible, or has two meanings.
    """
    typed = text.strip()
    digits = SPACES.sub("", typed)
    if PLAIN.fullmatch(digits):
        return Decimal(digits)
    if match := GROUPED.fullmatch(digits):
        whole = re.sub(r"[.,]", "", digits)
        has_one_separator = digits.count(match[1]) == 1
        if has_one_separator and (decimals or match[1] == ","):
            as_decimal = digits.replace(".", ",")
            raise UnreadableError(
                "ambiguous_number", AMBIGUOUS, typed=typed, whole=whole, decimal=as_decimal
            )
        return Decimal(whole)
    match = GROUPED_DECIMAL.fullmatch(digits) or DECIMAL.fullmatch(digits)
    if match is None:
        raise UnreadableError("not_a_number", NOT_A_NUMBER, typed=typed)
    if not decimals:
        raise UnreadableError("not_whole", NOT_WHOLE, typed=typed)
    return Decimal(f"{re.sub(r'[.,]', '', match[1])}.{match[match.lastindex or 0]}")
