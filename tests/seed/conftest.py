"""An empty database, and a copy of the plan's folder."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.db.database import Database
from app.settings import Settings
from tests.conftest import PLAN_FOLDER, PROGRAMME_FOLDER


@pytest.fixture
async def database(empty_database_url: str) -> AsyncIterator[Database]:
    database = Database(empty_database_url, Settings())
    yield database
    await database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An editable copy of the plan's folder, with the programme's beside it."""
    shutil.copytree(PROGRAMME_FOLDER, tmp_path / PROGRAMME_FOLDER.name)
    return Path(shutil.copytree(PLAN_FOLDER, tmp_path / "plan"))
