"""The days to which figures are true, and what is estimated beyond them. Pure."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from app.errors import FieldError
from app.text.bilingual import Bilingual

Body = Mapping[str, Any]

MONEY_ESTIMATES = ("estimate_year_end_vnd", "estimate_settlement_vnd")
"""The estimates of a disbursement, in the order of their days."""

OUTSIDE_WINDOW = Bilingual(
    "{subject}: ngày tính số liệu phải trong kỳ số liệu, từ {first} đến {last}.",
    "{subject}: the day to which it is true has to be within the data window, from "
    "{first} to {last}.",
)
ONLY_ANNUAL = Bilingual(
    "{subject}: chỉ báo cáo năm mới ghi; phải bỏ trống.",
    "{subject}: only the annual report contains it; leave it empty.",
)
ESTIMATE_BELOW = Bilingual(
    "{subject} là {estimate}, thấp hơn số đã thực hiện là {value}; kiểm tra lại hai số.",
    "{subject} is {estimate}, below the actual figure of {value}; check both.",
)
MONEY_BELOW = Bilingual(
    "{subject} là {estimate} đồng, thấp hơn số lũy kế trước đó là {value} đồng; kiểm "
    "tra lại hai số.",
    "{subject} is {estimate} VND, below the earlier cumulative amount of {value} VND; check both.",
)


def out_of_place(body: Body, window: tuple[date, date], *, is_annual: bool) -> Iterator[FieldError]:
    """Errors: days outside the data window, and estimates of money in another report.

    The annual window closes after the report is due, so a figure may be true to an earlier day
    (Nghị định 09/2019/NĐ-CP, Điều 12).
    """
    first, last = window
    for position, entry in enumerate(body["entries"]):
        actual_to = entry.get("actual_to")
        if actual_to is not None and not first <= date.fromisoformat(actual_to) <= last:
            pointer = f"/entries/{position}/actual_to"
            facts = {"first": first, "last": last}
            yield FieldError(pointer, "outside_window", OUTSIDE_WINDOW, facts)
    if is_annual:
        return
    for position, item in enumerate(body["disbursements"]):
        for name in MONEY_ESTIMATES:
            if item.get(name) is not None:
                pointer = f"/disbursements/{position}/{name}"
                yield FieldError(pointer, "only_in_annual_report", ONLY_ANNUAL)


def below_actual(body: Body) -> Iterator[FieldError]:
    """Warnings: estimates that are lower than what was already reached."""
    for position, entry in enumerate(body["entries"]):
        if None not in (entry["estimate"], entry["value"]) and entry["estimate"] < entry["value"]:
            pointer = f"/entries/{position}/estimate"
            yield _below(pointer, ESTIMATE_BELOW, entry["estimate"], entry["value"])
    for position, item in enumerate(body["disbursements"]):
        before = item["amount_vnd"]
        for name in MONEY_ESTIMATES:
            estimate = item.get(name)
            if estimate is None:
                continue
            if before is not None and estimate < before:
                pointer = f"/disbursements/{position}/{name}"
                yield _below(pointer, MONEY_BELOW, estimate, before)
            before = estimate


def _below(pointer: str, message: Bilingual, estimate: float, value: float) -> FieldError:
    facts = {"estimate": estimate, "value": value}
    return FieldError(pointer, "estimate_below_value", message, facts, level="warning")
