"""The disbursements of a report's body against the plan's money, and their nature. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from app.errors import FieldError
from app.text.bilingual import Bilingual

Body = Mapping[str, Any]
Item = Mapping[str, Any]
Money = tuple[str, str, str]
"""Project, source and origin: the key of an amount."""
Allocated = Mapping[Money, Mapping[str | None, int]]
"""The plan's money in VND, by key and then by nature (None: not stated)."""

OVER_ALLOCATED = Bilingual(
    "{subject} là {amount} đồng, vượt số vốn được giao là {allocated} đồng; kiểm tra "
    "lại, hoặc đề nghị cơ quan tổng hợp cập nhật vốn giao.",
    "{subject} is {amount} VND, more than the {allocated} VND that the plan allocates; "
    "check it, or ask the coordinating office to update the budget.",
)
NOT_ALLOCATED = Bilingual(
    "{subject}: kế hoạch không giao khoản vốn này; kiểm tra lại nguồn vốn, năm của vốn "
    "và loại vốn.",
    "{subject}: the plan allocates no such money; check the source, the origin and the nature.",
)
NATURE_MISSING = Bilingual(
    "{subject}: kế hoạch giao nhiều loại vốn cho khoản này; phải ghi rõ vốn đầu tư "
    "phát triển hay chi thường xuyên (nature).",
    "{subject}: the plan has money of several natures here; state investment or "
    "recurrent (nature).",
)
SPENT_LESS = Bilingual(
    "{subject} lũy kế là {amount} đồng, thấp hơn {before} đồng đã báo cáo kỳ trước; "
    "kiểm tra lại, hoặc giải trình khi gửi.",
    "{subject} is cumulatively {amount} VND, less than the {before} VND reported "
    "earlier; check it, or explain the decrease when you submit.",
)


def key_of(item: Item) -> Money:
    """The project, the source and the origin of a disbursement."""
    return item["project"], item["source"], item["origin"]


def nature_of(item: Item, allocated: Allocated) -> str | None:
    """The nature of a disbursement; where it is left out, that of the plan's money.

    None: neither states it, or the plan has money of several natures.
    """
    natures = list(allocated.get(key_of(item), ()))
    stated: str | None = item.get("nature")
    return natures[0] if stated is None and len(natures) == 1 else stated


def money_errors(body: Body, allocated: Allocated) -> Iterator[FieldError]:
    """Errors: more money than the plan has, or a nature that the plan leaves open."""
    spent: Counter[Money] = Counter()
    for position, item in enumerate(body["disbursements"]):
        key, amount = key_of(item), item["amount_vnd"]
        natures = allocated.get(key, {})
        nature = nature_of(item, allocated)
        if nature is None and len(natures) > 1:
            yield FieldError(f"/disbursements/{position}/nature", "nature_missing", NATURE_MISSING)
        limit = _limit(natures, nature)
        if limit is None or amount is None:
            continue
        spent[key] += amount
        total = sum(natures.values())
        if amount > limit or spent[key] > total:
            yield FieldError(
                f"/disbursements/{position}/amount_vnd",
                "over_allocated",
                OVER_ALLOCATED,
                {"amount": amount, "allocated": limit}
                if amount > limit
                else {"amount": spent[key], "allocated": total},
            )


def money_warnings(
    body: Body, allocated: Allocated, spent_before: Mapping[Money, int]
) -> Iterator[FieldError]:
    """Warnings: money that the plan does not have, and less spent than in an earlier period."""
    items = body["disbursements"]
    known = [item for item in items if item["amount_vnd"] is not None]
    unknown = {key_of(item) for item in items if item["amount_vnd"] is None}
    spent: Counter[Money] = Counter()
    for item in known:
        spent[key_of(item)] += item["amount_vnd"]
    compared = unknown
    for position, item in enumerate(items):
        key, amount = key_of(item), item["amount_vnd"]
        if amount is None:
            continue
        if _limit(allocated.get(key, {}), nature_of(item, allocated)) is None and amount > 0:
            pointer = f"/disbursements/{position}"
            yield FieldError(pointer, "not_allocated", NOT_ALLOCATED, level="warning")
        before = spent_before.get(key, 0)
        if key not in compared and spent[key] < before:
            yield FieldError(
                f"/disbursements/{position}/amount_vnd",
                "spent_less_than_before",
                SPENT_LESS,
                {"amount": spent[key], "before": before},
                level="warning",
            )
        compared.add(key)


def _limit(natures: Mapping[str | None, int], nature: str | None) -> int | None:
    """The plan's money in VND that a disbursement of a nature may come from; None: there is none.

    Money whose nature the plan does not state may be of any.
    """
    matching = [vnd for each, vnd in natures.items() if nature is None or each in (nature, None)]
    return sum(matching) if matching else None
