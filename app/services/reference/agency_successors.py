"""Successors of agencies after mergers and splits."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, ValidationFailed
from app.models.agencies import Agency, AgencySuccession
from app.policy import Principal
from app.services import lookup
from app.services.lookup import within_horizon
from app.text.bilingual import Bilingual

NO_END = Bilingual(
    "Chỉ đơn vị đã có ngày hoạt động cuối cùng (valid_to) mới có đơn vị kế thừa.",
    "Only an agency with a valid_to can have successors.",
)
UNKNOWN_SUCCESSOR = Bilingual(
    "Ngày {on} không có đơn vị {code}; phải thêm đơn vị đó trước.",
    "There is no agency {code} on {on}; add it first.",
)


async def list_codes(session: AsyncSession, agency: Agency) -> list[str]:
    """The codes of an agency's successors, sorted."""
    codes = await session.scalars(
        select(Agency.code)
        .join(AgencySuccession, AgencySuccession.successor_id == Agency.id)
        .where(AgencySuccession.predecessor_id == agency.id)
        .order_by(Agency.code.collate("C"))
    )
    return list(codes)


async def replace(
    session: AsyncSession, principal: Principal, agency: Agency, codes: Sequence[str]
) -> None:
    """Replace the successors of an agency.

    codes: read on the day after the agency's last day, because a successor can reuse a code.

    Raises:
        ValidationFailed: the agency has no last day, or there is no agency with such a code.
    """
    successor_ids = await _resolve(session, principal, agency, codes)
    await session.execute(
        delete(AgencySuccession).where(AgencySuccession.predecessor_id == agency.id)
    )
    session.add_all(
        AgencySuccession(
            predecessor_id=agency.id, successor_id=successor_id, whole=len(successor_ids) == 1
        )
        for successor_id in successor_ids
    )
    await session.flush()


async def _resolve(
    session: AsyncSession, principal: Principal, agency: Agency, codes: Sequence[str]
) -> list[int]:
    if not codes:
        return []
    if agency.valid_to is None:
        raise ValidationFailed.at("/successors", "no_end", NO_END)
    first_day = agency.valid_to + timedelta(days=1)
    rows = await session.execute(
        select(Agency.code, Agency.id).where(
            Agency.code.in_(codes),
            lookup.exists_on(first_day),
            within_horizon(principal, Agency.path),
        )
    )
    ids = {row.code: row.id for row in rows}
    errors = [
        FieldError(
            f"/successors/{index}",
            "unknown_agency",
            UNKNOWN_SUCCESSOR,
            {"code": code, "on": first_day},
        )
        for index, code in enumerate(codes)
        if code not in ids
    ]
    if errors:
        raise ValidationFailed(errors)
    return list(ids.values())
