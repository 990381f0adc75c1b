"""Bringing a database to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config

INI = Path(__file__).resolve().parent.parent / "alembic.ini"


def configuration(url: str) -> Config:
    """Alembic's configuration for the database at `url`."""
    config = Config(INI)
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Run the migrations that are missing. Must not be called from a running event loop."""
    command.upgrade(configuration(url), "head")
