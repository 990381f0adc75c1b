"""Load plan folders, edit their files, and compare database contents."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.clock import LOCAL
from app.db.database import Database
from app.models.base import Base
from seed.loader import load
from tests.conftest import PLAN_FOLDER

NOW = datetime(2024, 4, 1, 8, tzinfo=LOCAL)
LATER = datetime(2024, 5, 2, 9, tzinfo=LOCAL)
TABLES = [table.name for table in Base.metadata.sorted_tables]


async def load_folder(
    database: Database,
    folder: Path = PLAN_FOLDER,
    now: datetime = NOW,
    *,
    move_open_periods: bool = False,
) -> list[str]:
    lines: list[str] = []
    async with database.transaction() as session:
        await load(session, folder, now=now, echo=lines.append, move_open_periods=move_open_periods)
    return lines


def correct(path: Path, old: str, new: str) -> int:
    """Replace the only occurrence of `old` and return its line number."""
    content = path.read_text("utf-8")
    assert content.count(old) == 1, f"{old!r} occurs {content.count(old)} times in {path.name}"
    path.write_text(content.replace(old, new), "utf-8")
    return content[: content.index(old)].count("\n") + 1


async def contents(database: Database) -> dict[str, list[Any]]:
    """Every row of every table, with xmin, which changes with each update."""
    async with database.transaction() as session:
        return {
            name: sorted(
                str(row)
                for row in (await session.execute(text(f'SELECT *, xmin FROM "{name}"'))).all()  # noqa: S608 - names of the models' tables
            )
            for name in TABLES
        }


async def changes(
    database: Database, change: Callable[[], Any], ignored: tuple[str, ...] = ("ledger",)
) -> dict[str, int]:
    """The number of inserted or updated rows per table after a change."""
    before = await contents(database)
    await change()
    after = await contents(database)
    different = {name: len(set(after[name]) - set(before[name])) for name in TABLES}
    return {name: count for name, count in different.items() if count and name not in ignored}
