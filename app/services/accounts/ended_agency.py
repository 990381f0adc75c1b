"""The end of an account's agency: what its person is told."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.agencies import Agency, AgencySuccession
from app.text.bilingual import Bilingual
from app.text.names import official_name
from app.text.writing import Language

NOTICE = Bilingual(
    "{name} đã kết thúc hoạt động sau ngày {last_day} nên tài khoản chỉ còn xem được. "
    "Đề nghị quản trị viên chuyển tài khoản sang {successors} hoặc ngừng tài khoản.",
    "{name} ended on {last_day}, so this account can only read. Ask an administrator "
    "to move it to {successors}, or to close it.",
)
ANOTHER_AGENCY = Bilingual("đơn vị mới", "another agency")


@dataclass(frozen=True)
class EndedAgency:
    """An agency that has ended, with the official names of its successors."""

    name: str
    last_day: date
    successors: tuple[str, ...]

    def notice(self, language: Language) -> str:
        """What the people of the agency are told, and what to do."""
        successors = ", ".join(self.successors) or ANOTHER_AGENCY.fill(language, {})
        facts = {"name": self.name, "last_day": self.last_day, "successors": successors}
        return NOTICE.fill(language, facts)


async def find(session: AsyncSession, agency_id: int | None, today: date) -> EndedAgency | None:
    """The agency if it has ended, in one query while it has not."""
    agency = await session.get(Agency, agency_id) if agency_id else None
    if agency is None or agency.valid_to is None or agency.valid_to >= today:
        return None
    successors = await session.execute(
        select(Agency.name, Agency.kind)
        .join(AgencySuccession, AgencySuccession.successor_id == Agency.id)
        .where(AgencySuccession.predecessor_id == agency.id)
        .order_by(Agency.code)
    )
    return EndedAgency(
        agency.name, agency.valid_to, tuple(official_name(*successor) for successor in successors)
    )
