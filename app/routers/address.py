"""The address that obligations and reports share: a period and an agency."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.driver import Source
from app.http.headers import preferred_language
from app.policy import Principal
from app.routers.dependencies import Now, PlanCode
from app.services.periods import obligations
from app.services.periods.obligations import Place
from app.services.reports import reading
from app.services.reports.reading import Answer


@dataclass(frozen=True)
class Address:
    """The `{period}/{agency}` of a path: which obligation, and with it which report, is meant."""

    request: Request
    period: str
    agency: str
    now: datetime
    plan: str | None

    async def place(self, session: AsyncSession, principal: Principal) -> Place:
        """The obligation."""
        return await obligations.find(session, principal, self.period, self.agency, self.plan)

    async def locked(self, session: AsyncSession, principal: Principal) -> Place:
        """The obligation, nobody else changing it or its report until we are done."""
        return await obligations.find(
            session, principal, self.period, self.agency, self.plan, lock=True
        )

    async def read(self, source: Source, principal: Principal) -> Answer:
        """The report as it stands."""
        return await reading.read(
            source,
            principal,
            self.period,
            self.agency,
            self.plan,
            now=self.now,
            language=preferred_language(self.request),
        )


async def address(
    request: Request,
    period: Annotated[str, Path(description="Mã kỳ báo cáo.", examples=["2024-Q2"])],
    agency: Annotated[str, Path(description="Mã đơn vị.", examples=["15493"])],
    now: Now,
    plan: PlanCode = None,
) -> Address:
    """The address that a path names."""
    return Address(request, period, agency, now, plan)


At = Annotated[Address, Depends(address)]
