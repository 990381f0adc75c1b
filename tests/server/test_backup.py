"""Backups and restores: complete or not at all, row by row, never over existing data."""

import asyncio
import signal
import stat
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest
from alembic import command

from app.clock import LOCAL
from app.db.migration import configuration, newest_revision
from app.db.roles import DatabaseUrls
from app.errors import OperatorError
from app.server import backup
from app.server import restore as restoring
from app.server.backup import MANIFEST, BackupError, Manifest
from app.server.restore import restore
from app.server.table_digests import LIST_TABLES, digest_tables
from app.text.bilingual import Bilingual

NOW = datetime(2024, 6, 15, 1, 15, tzinfo=LOCAL)


def ignore(_: int) -> None:
    """No progress is shown."""


async def _rows(url: str) -> dict[str, list[str]]:
    connection = await asyncpg.connect(url)
    tables = [row[0] for row in await connection.fetch(LIST_TABLES)]
    rows = {
        name: sorted(
            row[0]
            for row in await connection.fetch(f'SELECT t::text FROM public."{name}" AS t')  # noqa: S608 - a table's name
        )
        for name in tables
    }
    await connection.close()
    return rows


ADD_LINK = """
INSERT INTO password_link
    (account_id, purpose, delivery, secret_hash, created_at, created_by, expires_at, not_before)
SELECT min(id), 'reset', 'code', 'x', now(), 'admin', now(), now() FROM account
"""


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


def rows_of(urls: DatabaseUrls) -> dict[str, list[str]]:
    return asyncio.run(_rows(urls.owner))


@pytest.fixture
def archive(database_urls: DatabaseUrls, tmp_path: Path) -> Path:
    """An archive of the database with the plan, a token and a link to set a password."""
    asyncio.run(_execute(database_urls.owner, ADD_LINK))
    file = tmp_path / "tiendo.zip"
    backup.write(database_urls, file, NOW, ignore)
    return file


def test_a_restored_database_has_the_same_rows(
    database_urls: DatabaseUrls, blank_database_urls: DatabaseUrls, archive: Path
) -> None:
    manifest = restore(blank_database_urls, archive, NOW, ignore)
    before, after = rows_of(database_urls), rows_of(blank_database_urls)
    for table in ("access_token", "password_link"):
        assert before.pop(table), table
        assert after.pop(table) == [], table
    (event,) = set(after.pop("audit_event")) - set(before.pop("audit_event"))
    assert "database.restored" in event
    assert after.pop("ledger") != before.pop("ledger")
    assert after == before
    assert manifest.plans == ["tho-xuan-2024"]
    assert manifest.taken_at == NOW
    assert manifest.rows["agency"] == len(before["agency"]) > 0


def test_an_archive_is_private_and_replaces_no_file(
    database_urls: DatabaseUrls, archive: Path
) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
    content = archive.read_bytes()
    with pytest.raises(BackupError, match="exists already"):
        backup.write(database_urls, archive, NOW, ignore)
    assert archive.read_bytes() == content
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


def test_a_backup_that_fails_leaves_nothing(database_urls: DatabaseUrls, tmp_path: Path) -> None:
    def fail(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup.write(database_urls, tmp_path / "x", NOW, fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_cut_archive_is_refused_before_anything_is_touched(
    blank_database_urls: DatabaseUrls, archive: Path, share: float
) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content[: int(share * len(content))])
    with pytest.raises(BackupError, match="incomplete or damaged"):
        restore(blank_database_urls, archive, NOW, ignore)
    assert rows_of(blank_database_urls) == {}


def test_a_damaged_archive_is_refused(blank_database_urls: DatabaseUrls, archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    with pytest.raises(BackupError, match="damaged"):
        restore(blank_database_urls, archive, NOW, ignore)
    assert rows_of(blank_database_urls) == {}


def test_existing_data_is_never_replaced(database_urls: DatabaseUrls, archive: Path) -> None:
    before = rows_of(database_urls)
    with pytest.raises(BackupError, match="not empty"):
        restore(database_urls, archive, NOW, ignore)
    assert rows_of(database_urls) == before


def _with_manifest(archive: Path, **values: object) -> None:
    """Write the archive anew with other values in its manifest."""
    with zipfile.ZipFile(archive) as old:
        members = {name: old.read(name) for name in old.namelist()}
    manifest = Manifest.model_validate_json(members[MANIFEST])
    changed = manifest.model_copy(update=values)
    with zipfile.ZipFile(archive, "w") as new:
        for name, content in members.items():
            new.writestr(name, changed.model_dump_json() if name == MANIFEST else content)


def test_an_archive_of_a_newer_version_is_refused(
    blank_database_urls: DatabaseUrls, archive: Path
) -> None:
    _with_manifest(archive, revision="9999")
    with pytest.raises(BackupError, match="newer version"):
        restore(blank_database_urls, archive, NOW, ignore)
    assert rows_of(blank_database_urls) == {}


def test_an_archive_of_an_older_version_is_migrated(
    database_urls: DatabaseUrls, blank_database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    command.downgrade(configuration(database_urls.owner), "0021")
    file = tmp_path / "old.zip"
    assert backup.write(database_urls, file, NOW, ignore).revision == "0021"
    restore(blank_database_urls, file, NOW, ignore)
    assert rows_of(blank_database_urls)["alembic_version"] == [f"({newest_revision()})"]


def test_a_wrong_number_of_rows_leaves_the_database_empty(
    blank_database_urls: DatabaseUrls, archive: Path
) -> None:
    rows = backup.check(archive, ignore).rows
    _with_manifest(archive, rows=rows | {"agency": rows["agency"] + 1})
    with pytest.raises(BackupError, match="agency has"):
        restore(blank_database_urls, archive, NOW, ignore)
    assert rows_of(blank_database_urls) == {}


def test_a_changed_row_leaves_the_database_empty(
    blank_database_urls: DatabaseUrls, archive: Path
) -> None:
    digests = backup.check(archive, ignore).digests
    _with_manifest(archive, digests=digests | {"agency": digests["plan"]})
    with pytest.raises(BackupError, match="agency has other rows"):
        restore(blank_database_urls, archive, NOW, ignore)
    assert rows_of(blank_database_urls) == {}


def test_a_digest_depends_on_each_value_and_not_on_the_session(database_urls: DatabaseUrls) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(database_urls.owner)
        async with connection.transaction():
            before = await digest_tables(connection)
        await connection.execute("SET timezone = 'Asia/Tokyo'")
        async with connection.transaction():
            assert await digest_tables(connection) == before
            assert await connection.fetchval("SHOW timezone") == "Asia/Tokyo"
            await connection.execute("UPDATE account SET version = version + 1 WHERE id = 1")
            after = await digest_tables(connection)
        await connection.close()
        assert {name for name in before if before[name] != after[name]} == {"account"}

    asyncio.run(run())


@pytest.mark.parametrize("step", ["_compare", "migrate_within", "_record", "held_messages.hold"])
def test_each_later_step_that_fails_leaves_the_database_empty(
    blank_database_urls: DatabaseUrls, archive: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OperatorError(Bilingual("không", "no"))

    monkeypatch.setattr(f"{restoring.__name__}.{step}", fail)
    with pytest.raises(OperatorError, match="no"):
        restore(blank_database_urls, archive, NOW, ignore, hold_mail=True)
    assert rows_of(blank_database_urls) == {}


KILLED = """
import os, signal, sys
from datetime import datetime, timezone
from pathlib import Path
from app.db.roles import DatabaseUrls
from app.server import restore

async def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

restore._record = kill
file, *urls = sys.argv[1:]
restore.restore(DatabaseUrls(*urls), Path(file), datetime.now(timezone.utc), lambda _: None)
"""


def test_a_killed_restore_leaves_the_database_empty(
    blank_database_urls: DatabaseUrls, archive: Path
) -> None:
    urls = (blank_database_urls.application, blank_database_urls.owner)
    ended = subprocess.run([sys.executable, "-c", KILLED, archive, *urls], check=False)  # noqa: S603 - this test's code
    assert ended.returncode == -signal.SIGKILL
    assert rows_of(blank_database_urls) == {}
    restore(blank_database_urls, archive, NOW, ignore)
    assert rows_of(blank_database_urls)["agency"]


def test_messages_are_held_as_the_rows_appear(
    blank_database_urls: DatabaseUrls, archive: Path
) -> None:
    restore(blank_database_urls, archive, NOW, ignore, hold_mail=True)
    rows = rows_of(blank_database_urls)
    assert len(rows["message_hold"]) == 1
    assert any("messages.held" in event for event in rows["audit_event"])


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("letter.txt", "x")
    for file, message in ((other, "not an archive"), (tmp_path / "none", "cannot be read")):
        with pytest.raises(BackupError, match=message):
            backup.check(file, ignore)
