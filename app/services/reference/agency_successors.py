"""Successors of agencies."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, ValidationFailed
from app.models.agencies import Agency, AgencySuccession
from app.policy import Principal
from app.services import lookup
from app.services.lookup import within_horizon
from app.text.bilingual import Bilingual

NO_END = Bilingual(
    "Chỉ đơn vị đã có valid_to mới có đơn vị kế thừa.",
    "Only an agency that has a valid_to has successors.",
)
UNKNOWN_SUCCESSOR = Bilingual(
    "Ngày {on} không có đơn vị {code}; hãy thêm đơn vị đó trước.",
    "On {on} there is no agency {code}; add it first.",
)


async def list_codes(session: AsyncSession, agency: Agency) -> list[str]:
    """The codes of an agency's successors, sorted."""
    found = await session.scalars(
        select(Agency.code)
        .join(AgencySuccession, AgencySuccession.successor_id == Agency.id)
        .where(AgencySuccession.predecessor_id == agency.id)
        .order_by(Agency.code.collate("C"))
    )
    return list(found)


async def replace(
    session: AsyncSession, principal: Principal, agency: Agency, wanted: Sequence[str]
) -> None:
    """Make the agencies that have these codes on the day after the last one the successors."""
    if wanted and agency.valid_to is None:
        raise _refusal("/successors", "no_end", NO_END)
    found: dict[str, int] = {}
    if agency.valid_to is not None:
        after = agency.valid_to + timedelta(days=1)
        rows = await session.execute(
            select(Agency.code, Agency.id).where(
                Agency.code.in_(wanted),
                lookup.exists_on(after),
                within_horizon(principal, Agency.path),
            )
        )
        found = {row.code: row.id for row in rows}
        missing = [
            FieldError(
                f"/successors/{place}",
                "unknown_agency",
                UNKNOWN_SUCCESSOR,
                {"code": code, "on": after},
            )
            for place, code in enumerate(wanted)
            if code not in found
        ]
        if missing:
            raise ValidationFailed(missing)
    await session.execute(
        delete(AgencySuccession).where(AgencySuccession.predecessor_id == agency.id)
    )
    session.add_all(
        AgencySuccession(predecessor_id=agency.id, successor_id=successor)
        for successor in found.values()
    )
    await session.flush()


def _refusal(
    pointer: str, reason: str, message: Bilingual, **facts: str | date
) -> ValidationFailed:
    return ValidationFailed([FieldError(pointer, reason, message, facts)])
