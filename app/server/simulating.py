"""The command `tiendo simulate`: fill an empty database with a simulated country."""

import asyncio
from datetime import datetime
from functools import partial

import asyncpg
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import LOCAL
from app.db.roles import DatabaseUrls
from app.errors import OperatorError
from app.models.plans import Plan
from app.server.operating import FIRST_PLAN, Echo, in_transaction
from app.settings import Environment, Settings
from app.text.bilingual import Bilingual
from seed.loader import load
from seed.simulation.plans import TEMPLATE_YEAR
from seed.simulation.shape import Shape
from seed.simulation.simulation import Progress, extend

BEGUN_AT = datetime(TEMPLATE_YEAR, 1, 2, 8, tzinfo=LOCAL)
"""When the simulated plans are loaded: before the first report of their year."""


class SimulationRefusedError(OperatorError):
    """The database may contain real plans."""


def simulate(
    settings: Settings, urls: DatabaseUrls, shape: Shape, progress: Progress, echo: Echo
) -> int:
    """Fill the database, and return the number of figures.

    Raises:
        SimulationRefusedError: in production, or where the database has a plan.
        ShapeError: the numbers of units do not fit together.
    """
    if settings.environment is Environment.PRODUCTION:
        raise SimulationRefusedError(
            Bilingual(
                "TIENDO_ENVIRONMENT=production: không lập dữ liệu mô phỏng.",
                "TIENDO_ENVIRONMENT=production: no simulated data is loaded.",
            )
        )
    fill = partial(_fill, shape=shape, progress=progress, echo=echo)
    figures = in_transaction(settings.without_time_limit(), urls.owner, fill)
    asyncio.run(_vacuum(urls.owner))
    return figures


async def _fill(session: AsyncSession, shape: Shape, progress: Progress, echo: Echo) -> int:
    if await session.scalar(select(exists(select(Plan.id)))):
        raise SimulationRefusedError(
            Bilingual(
                "Cơ sở dữ liệu đã có kế hoạch: không lập dữ liệu mô phỏng.",
                "The database has a plan: no simulated data is loaded.",
            )
        )
    echo(
        Bilingual(
            "Nạp kế hoạch mẫu, rồi lập dữ liệu mô phỏng…",
            "Loading the model plan, then simulating …",
        )
    )
    await load(session, FIRST_PLAN, now=BEGUN_AT, echo=lambda _: None)
    await session.flush()
    raw = await (await session.connection()).get_raw_connection()
    return await extend(raw.driver_connection, shape, progress)


async def _vacuum(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
