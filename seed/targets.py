"""Write the targets of a plan, and new values where the file has other ones."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.plans import Plan
from app.models.targets import Target, TargetValue
from seed.rows import TargetRow
from seed.table_sync import TableSync


class TargetSync:
    """Inserts or updates targets; a changed value is added, as values are never changed."""

    def __init__(self, session: AsyncSession, plan: Plan, table: TableSync[Target]) -> None:
        self._session = session
        self._plan = plan
        self._table = table
        self._new_values: list[TargetValue] = []

    @classmethod
    async def of(cls, session: AsyncSession, plan: Plan) -> "TargetSync":
        """Load the targets of the plan from the database."""
        table = await TableSync.of(session, Target, Target.plan_id == plan.id, ["code"])
        return cls(session, plan, table)

    @property
    def added(self) -> int:
        """The number of added targets."""
        return self._table.added

    @property
    def changed(self) -> int:
        """The number of changed targets, and of new values of existing ones."""
        return self._table.changed + sum(value.number > 1 for value in self._new_values)

    async def upsert(
        self,
        rows: Sequence[TargetRow],
        projects: Mapping[str, int],
        indicators: Mapping[str, int],
    ) -> None:
        """Write the targets, and prepare their new values; a baseline is kept if none is given."""
        for position, row in enumerate(rows, start=1):
            values = row.model_dump(exclude={"project", "indicator", "value", "baseline"})
            target = self._table.upsert(
                values
                | {
                    "plan_id": self._plan.id,
                    "position": position,
                    "project_id": projects[row.project] if row.project else None,
                    "indicator_id": indicators[row.indicator] if row.indicator else None,
                }
            )
            await self._session.flush()
            await self._prepare_value(target, row)

    async def _prepare_value(self, target: Target, row: TargetRow) -> None:
        latest = await self._session.scalar(
            select(TargetValue)
            .where(TargetValue.target_id == target.id, TargetValue.agency_id.is_(None))
            .order_by(TargetValue.number.desc())
            .limit(1)
        )
        baseline = row.baseline if row.baseline is not None or latest is None else latest.baseline
        if latest is not None and (latest.value, latest.baseline) == (row.value, baseline):
            return
        number = latest.number + 1 if latest else 1
        self._new_values.append(
            TargetValue(target_id=target.id, number=number, value=row.value, baseline=baseline)
        )

    def add_values(self, recorded_at: datetime) -> None:
        """Add the new values at the instant of the audit event of the load."""
        for value in self._new_values:
            value.recorded_at = recorded_at
        self._session.add_all(self._new_values)

    def missing_from_files(self) -> list[str]:
        """The codes of the targets that are not in the file."""
        return self._table.missing_from_files(lambda row: row.code)
