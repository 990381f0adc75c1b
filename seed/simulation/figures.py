"""The figures of simulated reports. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import NamedTuple

LARGEST, LARGEST_HOUSEHOLDS = 40, 400
"""The largest figure of an indicator of a project, and of a common one."""
MONTHLY_VND = 12_000_000
"""The mean of what an agency spends in a month on one project."""


class Figure(NamedTuple):
    """An expected figure; `whole` is the position of the figure of which it is a part."""

    project: str | None
    indicator: str
    indicator_id: int
    compared: bool
    whole: int | None
    parts: int


class Money(NamedTuple):
    """A group of budget lines of which an agency spends."""

    project: str
    project_id: int
    source: str
    origin: str


@dataclass(frozen=True)
class Form:
    """What the reports of one kind of agency and one frequency contain."""

    figures: Sequence[Figure]
    money: Sequence[Money]
    template: str
    """The body's canonical JSON; `%d` stands for each figure and amount."""

    @classmethod
    def of(
        cls, expected: Sequence[tuple[str | None, str, int, bool]], money: Sequence[Money]
    ) -> "Form":
        """The form for (project, indicator, indicator's id, whether it is compared), in order."""
        positions = {indicator: n for n, (_, indicator, *_) in enumerate(expected)}
        wholes = [positions.get(code.rpartition(".")[0]) for _, code, *_ in expected]
        figures = [
            Figure(*line, whole, wholes.count(n))
            for n, (line, whole) in enumerate(zip(expected, wholes, strict=True))
        ]
        return cls(figures, money, _template(figures, money))


@dataclass(frozen=True)
class Body:
    """A report's figures, amounts and canonical JSON."""

    values: Sequence[int]
    amounts: Sequence[int]
    json: str

    @property
    def fingerprint(self) -> str:
        """As `app.services.reports.submission.fingerprint`."""
        return sha256(self.json.encode()).hexdigest()


def fill(form: Form, months: int, random: Random) -> Body:
    """Figures of which no part exceeds its whole; spending since January grows with `months`."""
    values: list[int] = []
    for figure in form.figures:
        if figure.whole is None:
            largest = LARGEST if figure.project else LARGEST_HOUSEHOLDS
        else:
            largest = values[figure.whole] // form.figures[figure.whole].parts
        values.append(int(random.random() * (largest + 1)))
    amounts = [int(random.random() * MONTHLY_VND * 2) // 1000 * 1000 * months for _ in form.money]
    return Body(values, amounts, form.template % (*amounts, *values))


def _template(figures: Sequence[Figure], money: Sequence[Money]) -> str:
    disbursements = ",".join(
        f'{{"amount_vnd":%d,"origin":"{line.origin}","project":"{line.project}"'
        f',"source":"{line.source}"}}'
        for line in money
    )
    entries = ",".join(
        f'{{"estimate":null,"indicator":"{figure.indicator}","note":null'
        f',"project":{_quoted(figure.project)},"value":%d}}'
        for figure in figures
    )
    narrative = '{"difficulties":null,"proposals":null,"results":null}'
    return f'{{"disbursements":[{disbursements}],"entries":[{entries}],"narrative":{narrative}}}'


def _quoted(code: str | None) -> str:
    return "null" if code is None else f'"{code}"'
