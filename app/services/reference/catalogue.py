"""The rules between the indicators of a plan. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from app.errors import FieldError
from app.services.reference import formulas
from app.services.reference.formulas import Formula
from app.text.bilingual import Bilingual
from app.vocabulary import Frequency, IndicatorKind

FIXED_FIELDS = frozenset({"project", "unit", "kind", "formula"})
"""The fields that define what a figure means. They are fixed once figures were reported."""

ONE_OF_TWO = Bilingual(
    "Phải ghi một trong hai: đơn vị báo cáo (filled_by), hoặc công thức khi hệ thống "
    "tự tính (formula).",
    "Either filled_by or formula is required: filled_by for a reported indicator, "
    "formula for a derived one.",
)
NOTHING_TO_COMPARE = Bilingual(
    "compared_by chỉ dùng cho chỉ tiêu có đơn vị báo cáo (filled_by).",
    "compared_by requires agencies whose figures are summed (filled_by).",
)
ALSO_SUMMED = Bilingual(
    "Đơn vị {agency} đã có ở filled_by: số liệu của một đơn vị hoặc được cộng, hoặc chỉ để đối "
    "chiếu.",
    "The agency {agency} is in filled_by: the figures of an agency are either summed or compared.",
)
BAD_FORMULA = Bilingual(
    "Công thức phải là một tổng như KQ.02 - KQ.03 hoặc một tỷ lệ như 100 * KQ.06 / "
    "KQ.01, có dấu cách quanh + và -.",
    "Expected a sum such as KQ.02 - KQ.03 or a ratio such as 100 * KQ.06 / KQ.01, with "
    "spaces around + and -: {reason}.",
)
KIND_OF_RATIO = Bilingual(
    "Chỉ tiêu tỷ lệ phải có công thức dạng tỷ lệ, và ngược lại (kind, formula).",
    "The kind must be ratio if the formula is a ratio, and only then.",
)
UNKNOWN_TERM = Bilingual("Không có chỉ tiêu {term}.", "There is no indicator {term}.")
TERM_NOT_REPORTED = Bilingual(
    "{term} không được báo cáo ở mọi kỳ của {code} (frequencies).",
    "{term} is not reported in every period of {code} (frequencies).",
)
RATIO_TERM = Bilingual(
    "{term} là tỷ lệ nên không cộng được; phải dùng tử số và mẫu số của tỷ lệ đó.",
    "{term} is a ratio, which cannot be added; use its numerator and denominator.",
)
CIRCLE = Bilingual("Công thức quay về chính {code}.", "The formula depends on {code} itself.")
OTHER_UNIT = Bilingual(
    "{code} là một nhóm của {total} nên phải cùng đơn vị tính: {unit}.",
    "{code} is a group of {total} and must have the same unit: {unit}.",
)


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """An indicator, as far as the rules need it."""

    code: str
    unit: str
    kind: IndicatorKind
    frequencies: frozenset[Frequency]
    filled_by: tuple[str, ...]
    formula: str | None
    compared_by: tuple[str, ...] = ()


Catalogue = Mapping[str, CatalogueEntry]


def validate(code: str, catalogue: Catalogue) -> list[FieldError]:
    """The errors of an indicator, and those that it causes in indicators that depend on it."""
    parsed = parse_formulas(catalogue)
    errors = list(_entry_errors(catalogue[code], catalogue, parsed))
    for other in catalogue.values():
        formula = parsed.get(other.code)
        is_group = _total_code(other.code) == code
        if other.code != code and (is_group or (formula and code in formula.codes())):
            errors += _entry_errors(other, catalogue, parsed, changed=code)
    return errors


def parse_formulas(catalogue: Catalogue) -> dict[str, Formula]:
    """The valid formulas, by the code of the derived indicator."""
    return _parse_valid({entry.code: entry.formula for entry in catalogue.values()})


def _parse_valid(texts: Mapping[str, str | None]) -> dict[str, Formula]:
    parsed = {}
    for code, text in texts.items():
        try:
            parsed[code] = formulas.parse(text or "")
        except ValueError:
            continue
    return parsed


def codes_derived_from(
    codes: Collection[str], formula_texts: Mapping[str, str | None]
) -> frozenset[str]:
    """The codes whose formulas depend on one of the given codes."""
    parsed = _parse_valid(formula_texts)
    return frozenset(
        code for code in parsed if not formulas.dependencies(code, parsed).isdisjoint(codes)
    )


def _entry_errors(
    entry: CatalogueEntry,
    catalogue: Catalogue,
    parsed: Mapping[str, Formula],
    changed: str | None = None,
) -> Iterator[FieldError]:
    """The errors of an entry; with `changed`, only those caused by the entry of that code."""
    if changed is None:
        if (entry.formula is None) == (not entry.filled_by):
            yield FieldError("/filled_by", "filled_by_or_formula", ONE_OF_TWO)
        yield from _comparison_errors(entry)
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


def _comparison_errors(entry: CatalogueEntry) -> Iterator[FieldError]:
    if entry.compared_by and not entry.filled_by:
        yield FieldError("/compared_by", "nothing_to_compare", NOTHING_TO_COMPARE)
    for position, code in enumerate(entry.compared_by):
        if code in entry.filled_by:
            pointer = f"/compared_by/{position}"
            yield FieldError(pointer, "also_filled_by", ALSO_SUMMED, {"agency": code})


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
    """The errors of one term of an entry's formula.

    They point to the formula or, where the term has changed, to the field of the term.
    """
    term_entry = catalogue.get(term)
    facts = {"term": term, "code": entry.code}
    if term_entry is None:
        yield FieldError("/formula", "unknown_indicator", UNKNOWN_TERM, facts)
        return
    if not entry.frequencies <= term_entry.frequencies:
        pointer = "/frequencies" if term_changed else "/formula"
        yield FieldError(pointer, "term_not_reported", TERM_NOT_REPORTED, facts)
    if term_entry.kind is IndicatorKind.RATIO:
        yield FieldError("/kind" if term_changed else "/formula", "ratio_term", RATIO_TERM, facts)


def _parse_error(text: str) -> str:
    """Why a text is no formula; empty for a formula."""
    try:
        formulas.parse(text)
    except ValueError as error:
        return str(error)
    return ""


def _total_code(code: str) -> str:
    """The code of the total that a group belongs to: `DA2.02` for `DA2.02.1`."""
    return code.rpartition(".")[0]
