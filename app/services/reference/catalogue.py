"""What has to hold between the indicators of a plan. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.errors import FieldError
from app.services.reference import formulas
from app.services.reference.formulas import Formula
from app.text.bilingual import Bilingual
from app.vocabulary import Frequency, IndicatorKind

ONE_OF_TWO = Bilingual(
    "Cần một trong hai: filled_by khi có người ghi, hoặc formula khi hệ thống tự tính.",
    "Expected one of two: filled_by where somebody fills it in, formula where it is derived.",
)
BAD_FORMULA = Bilingual(
    "Cần một tổng như KQ.02 - KQ.03 hoặc một tỷ lệ như 100 * KQ.06 / KQ.01, có dấu cách quanh + "
    "và -.",
    "Expected a sum as KQ.02 - KQ.03 or a ratio as 100 * KQ.06 / KQ.01, with spaces around + and "
    "-: {reason}.",
)
KIND_OF_RATIO = Bilingual(
    "kind là ratio khi và chỉ khi formula là một tỷ lệ.",
    "The kind is ratio where the formula is a ratio, and only there.",
)
UNKNOWN_TERM = Bilingual("Không có chỉ tiêu {term}.", "There is no indicator {term}.")
SELDOMER_TERM = Bilingual(
    "{term} không được báo cáo ở mọi kỳ của {code} (frequencies).",
    "{term} is not reported in every period of {code} (frequencies).",
)
RATIO_TERM = Bilingual(
    "{term} là tỷ lệ, không cộng được; hãy dùng tử số và mẫu số của nó.",
    "{term} is a ratio and does not add up; use its numerator and denominator.",
)
CIRCLE = Bilingual("Công thức dẫn về chính {code}.", "The formula leads back to {code}.")
OTHER_UNIT = Bilingual(
    "{code} là một nhóm của {total}, cần cùng đơn vị tính: {unit}.",
    "{code} is a group of {total} and has the same unit: {unit}.",
)


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """What the rules need to know of an indicator."""

    code: str
    unit: str
    kind: IndicatorKind
    frequencies: frozenset[Frequency]
    filled_by: tuple[str, ...]
    formula: str | None


Catalogue = Mapping[str, CatalogueEntry]


def validate(code: str, catalogue: Catalogue) -> list[FieldError]:
    """What is wrong with an indicator, or by its doing with those that depend on it."""
    parsed = parse_formulas(catalogue)
    errors = list(_entry_errors(catalogue[code], catalogue, parsed))
    for other in catalogue.values():
        formula = parsed.get(other.code)
        is_group = _total_code(other.code) == code
        if other.code != code and (is_group or (formula and code in formula.codes())):
            errors += _entry_errors(other, catalogue, parsed, changed=code)
    return errors


def parse_formulas(catalogue: Catalogue) -> dict[str, Formula]:
    """The formulas that can be read, by the code of what they derive."""
    parsed = {}
    for entry in catalogue.values():
        try:
            parsed[entry.code] = formulas.parse(entry.formula or "")
        except ValueError:
            continue
    return parsed


def _entry_errors(
    entry: CatalogueEntry,
    catalogue: Catalogue,
    parsed: Mapping[str, Formula],
    changed: str | None = None,
) -> Iterator[FieldError]:
    if changed is None:
        if (entry.formula is None) == (not entry.filled_by):
            yield FieldError("/filled_by", "filled_by_or_formula", ONE_OF_TWO)
        yield from _formula_errors(entry, parsed)
    if formula := parsed.get(entry.code):
        for term in sorted(formula.codes()):
            if changed in {None, term}:
                yield from _term_errors(entry, term, catalogue, term_changed=changed is not None)
        if changed is None and entry.code in formulas.dependencies(entry.code, parsed):
            yield FieldError("/formula", "circle", CIRCLE, {"code": entry.code})
    total = catalogue.get(_total_code(entry.code))
    if total is not None and total.unit != entry.unit and changed in {None, total.code}:
        facts = {"code": entry.code, "total": total.code, "unit": total.unit}
        yield FieldError("/unit", "other_unit", OTHER_UNIT, facts)


def _formula_errors(entry: CatalogueEntry, parsed: Mapping[str, Formula]) -> Iterator[FieldError]:
    formula = parsed.get(entry.code)
    if entry.formula is not None and formula is None:
        reason = _parse_error(entry.formula)
        yield FieldError("/formula", "bad_formula", BAD_FORMULA, {"reason": reason})
    else:
        is_ratio = formula is not None and formula.denominator is not None
        if is_ratio != (entry.kind is IndicatorKind.RATIO):
            yield FieldError("/kind", "kind_of_ratio", KIND_OF_RATIO)


def _term_errors(
    entry: CatalogueEntry, term: str, catalogue: Catalogue, *, term_changed: bool
) -> Iterator[FieldError]:
    """What a formula cannot take; told at the formula, or at the term's field that broke it."""
    term_entry = catalogue.get(term)
    facts = {"term": term, "code": entry.code}
    if term_entry is None:
        yield FieldError("/formula", "unknown_indicator", UNKNOWN_TERM, facts)
        return
    if not entry.frequencies <= term_entry.frequencies:
        pointer = "/frequencies" if term_changed else "/formula"
        yield FieldError(pointer, "term_not_reported", SELDOMER_TERM, facts)
    if term_entry.kind is IndicatorKind.RATIO:
        yield FieldError("/kind" if term_changed else "/formula", "ratio_term", RATIO_TERM, facts)


def _parse_error(text: str) -> str:
    try:
        formulas.parse(text)
    except ValueError as error:
        return str(error)
    return ""


def _total_code(code: str) -> str:
    """The code of the total that a code would be a group of."""
    return code.rpartition(".")[0]
