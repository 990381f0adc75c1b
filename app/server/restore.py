"""Restore: an archive becomes the content of an empty database, in one transaction."""

from datetime import datetime
from pathlib import Path

import asyncpg
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from app.db.database import driver_url
from app.db.migration import migrate_within, newest_revision
from app.db.roles import DatabaseUrls
from app.server import dump, stopping
from app.server.backup import (
    DATABASE,
    BackupError,
    Manifest,
    Progress,
    check,
    open_archive,
)
from app.server.operating import OPERATOR
from app.server.table_digests import LIST_TABLES, TableDigest, digest_tables
from app.services.audit.action import Action
from app.services.audit.ledger import open_ledger, record_event
from app.services.notifications import held_messages
from app.text.bilingual import Bilingual
from app.vocabulary import AuditAction

# Tokens, links and codes that were ended after the backup would be valid again. An archive of an
# earlier version has no links.
END_TOKENS = "DELETE FROM access_token"
END_LINKS = "DELETE FROM password_link"
EVENT = AuditAction.DATABASE_RESTORED


def restore(
    urls: DatabaseUrls, file: Path, now: datetime, progress: Progress, *, hold_mail: bool = False
) -> Manifest:
    """Fill an empty database from an archive, and migrate it to the newest schema.

    Everything is one transaction: a restore that fails or is killed leaves the database empty, and
    no server sees messages that are not held yet. All accounts have to sign in again.

    Raises:
        BackupError: the archive is damaged or of a newer version, the database is not empty, or
            it refuses the content.
        RoleError: the application's role is missing and cannot be created.
    """
    manifest = check(file, progress)
    if manifest.revision > newest_revision():
        raise BackupError(
            Bilingual(
                f"{file} là của phiên bản mới hơn ({manifest.service}): hãy cài phiên bản đó trước",
                f"{file} is of a newer version ({manifest.service}): install that version first",
            )
        )
    action = Action(OPERATOR, now)
    stopping.run(_restore(urls, file, manifest, action, progress, hold_mail=hold_mail))
    return manifest


async def _restore(
    urls: DatabaseUrls,
    file: Path,
    manifest: Manifest,
    action: Action,
    progress: Progress,
    *,
    hold_mail: bool,
) -> None:
    engine = create_async_engine(driver_url(urls.owner), poolclass=NullPool)
    async with engine.begin() as connection:
        # The transaction of SQLAlchemy, used directly: only asyncpg can copy rows.
        await connection.exec_driver_sql("SET LOCAL client_min_messages = warning")
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None  # noqa: S101 - narrows
        await _ensure_empty(driver)
        with open_archive(file) as archive, archive.open(DATABASE) as content:
            await dump.load(driver, content, progress)
        await _compare(driver, manifest)
        await driver.execute(END_TOKENS)
        await migrate_within(connection, urls)
        await driver.execute(END_LINKS)
        await _record(connection, action, manifest, hold_mail=hold_mail)


async def _ensure_empty(connection: asyncpg.Connection) -> None:
    """Ensure that the database has no tables.

    Raises:
        BackupError: it has.
    """
    if await connection.fetch(LIST_TABLES):
        raise BackupError(
            Bilingual(
                "cơ sở dữ liệu không trống: hãy khôi phục vào thư mục dữ liệu mới "
                "(TIENDO_DATA_DIR) hoặc cơ sở dữ liệu mới",
                "the database is not empty: restore into a new data folder (TIENDO_DATA_DIR) or "
                "a new database",
            )
        )


async def _compare(connection: asyncpg.Connection, manifest: Manifest) -> None:
    """Compare the content of each table with the manifest.

    Raises:
        BackupError: a table has other rows.
    """
    tables = await digest_tables(connection)
    for name, expected in manifest.rows.items():
        table = tables.get(name, TableDigest(0, ""))
        if table.rows != expected:
            raise BackupError(
                Bilingual(
                    f"bảng {name} có {table.rows} dòng, tệp sao lưu có {expected}",
                    f"{name} has {table.rows} rows, the archive {expected}",
                )
            )
        if table.digest != manifest.digests.get(name, table.digest):
            raise BackupError(
                Bilingual(
                    f"nội dung bảng {name} khác với tệp sao lưu",
                    f"{name} has other rows than the archive",
                )
            )


async def _record(
    connection: AsyncConnection, action: Action, manifest: Manifest, *, hold_mail: bool
) -> None:
    """Record the restore as an audit event, and hold the messages."""
    async with AsyncSession(connection) as session:
        await open_ledger(session, None, action.now)
        after = {"taken_at": manifest.taken_at.isoformat()}
        await record_event(session, action, EVENT, "database", after=after)
        if hold_mail:
            await held_messages.hold(session, action)
