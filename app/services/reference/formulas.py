"""Formulas of derived indicators: a sum of figures, or a ratio of such sums. Pure.

    KQ.02 - KQ.03 + KQ.04
    100 * KQ.06 / KQ.01
    100 * (A.01 + A.02) / B.01

Codes can contain hyphens, so `+` and `-` need spaces around them. Each side of a ratio is one code
or a sum in parentheses.

Clerks write formulas: `formula` is a text field of POST and PATCH /indicators. This is why formulas
are a small language and not data in the code.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

Terms = tuple[tuple[int, str], ...]
"""Signs (1 or -1) and codes of a sum."""

MAX_LENGTH = 1000
_TOKEN = re.compile(r"\s*([()*/]|[+-](?=\s)|[0-9A-Za-z][0-9A-Za-z._-]*)")
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")
_SCALE = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,4})?")


@dataclass(frozen=True, slots=True)
class Formula:
    """The formula of a derived indicator.

    A sum has no denominator, and its `scale` is 1.
    """

    numerator: Terms
    denominator: Terms | None
    scale: Decimal

    def codes(self) -> frozenset[str]:
        """The codes of all terms."""
        return frozenset(code for _, code in self.numerator + (self.denominator or ()))

    def evaluate(self, values: Mapping[str, Decimal]) -> Decimal | None:
        """The unrounded value; None if a figure is missing or the denominator is zero."""
        if not self.codes() <= values.keys():
            return None
        numerator = _sum(self.numerator, values)
        if self.denominator is None:
            return numerator
        denominator = _sum(self.denominator, values)
        return self.scale * numerator / denominator if denominator else None


def parse(text: str) -> Formula:
    """Parse a formula.

    Raises:
        ValueError: the text is neither a sum nor a ratio; the message says where it fails.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"longer than {MAX_LENGTH} characters")
    tokens = _Tokens(text)
    scale = tokens.take_scale()
    if scale is None and not tokens.contains("/"):
        formula = Formula(tokens.take_sum(), None, Decimal(1))
    else:
        numerator = tokens.take_side()
        tokens.expect("/")
        formula = Formula(numerator, tokens.take_side(), scale or Decimal(1))
    tokens.expect(None)
    return formula


def dependencies(code: str, formulas: Mapping[str, Formula]) -> frozenset[str]:
    """The codes from which an indicator is computed, at any depth.

    They contain the code itself if its formula is circular.
    """
    codes: set[str] = set()
    pending = [code]
    while pending:
        formula = formulas.get(pending.pop())
        new = (formula.codes() if formula else frozenset()) - codes
        codes |= new
        pending += new
    return frozenset(codes)


def _sum(terms: Iterable[tuple[int, str]], values: Mapping[str, Decimal]) -> Decimal:
    return sum((sign * values[code] for sign, code in terms), Decimal(0))


class _Tokens:
    """The tokens of a formula, and a position among them."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        self._next = 0
        position, text = 0, text.strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise ValueError(f"unexpected text at {text[position:].strip()[:20]!r}")
            self._tokens.append(match[1])
            position = match.end()

    def contains(self, token: str) -> bool:
        return token in self._tokens

    def peek(self, ahead: int = 0) -> str | None:
        index = self._next + ahead
        return self._tokens[index] if index < len(self._tokens) else None

    def expect(self, token: str | None) -> None:
        if self.peek() != token:
            expected = "the end" if token is None else repr(token)
            raise ValueError(f"{expected} expected, found {self.peek() or 'the end'!r}")
        self._next += 1

    def take_scale(self) -> Decimal | None:
        number = self.peek()
        if self.peek(1) != "*" or number is None:
            return None
        if not _SCALE.fullmatch(number) or not Decimal(number):
            raise ValueError(f"a number above zero expected before '*', found {number!r}")
        self._next += 2
        return Decimal(number)

    def take_side(self) -> Terms:
        if self.peek() != "(":
            return ((1, self._take_code()),)
        self.expect("(")
        terms = self.take_sum()
        self.expect(")")
        return terms

    def take_sum(self) -> Terms:
        terms = [(1, self._take_code())]
        while (operator := self.peek()) in {"+", "-"}:
            self._next += 1
            terms.append((1 if operator == "+" else -1, self._take_code()))
        return tuple(terms)

    def _take_code(self) -> str:
        token = self.peek()
        if token is None or not _CODE.fullmatch(token):
            raise ValueError(f"an indicator code expected, found {token or 'the end'!r}")
        self._next += 1
        return token
