"""Restore: an archive becomes the content of an empty database."""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path

import asyncpg

from app.db.migration import migrate, newest_revision
from app.db.roles import DatabaseUrls
from app.server.backup import (
    CHUNK_BYTES,
    DATABASE,
    LIST_TABLES,
    BackupError,
    Manifest,
    Progress,
    check,
    open_archive,
    program,
)
from app.server.stopping import exit_if_stopped

# Tokens that were ended after the backup would be valid again.
END_TOKENS = "DELETE FROM access_token"


def restore(urls: DatabaseUrls, file: Path, progress: Progress) -> Manifest:
    """Fill an empty database from an archive, and migrate it to the newest schema.

    A restore that fails leaves the database empty. All accounts have to sign in again.

    Raises:
        BackupError: the archive is damaged or of a newer version, the database is not empty, or
            it refuses the content.
    """
    manifest = check(file, progress)
    if manifest.revision > newest_revision():
        raise BackupError(
            f"{file} is of a newer version ({manifest.service}): install that version first"
        )
    asyncio.run(_ensure_empty(urls.owner))
    with open_archive(file) as archive, archive.open(DATABASE) as content:
        command, environment = program("pg_restore", urls.owner)
        options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
        with subprocess.Popen(  # noqa: S603 - a program of the package
            [*command, *options],
            env=environment,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as loading:
            _feed(loading, content.read, progress)
    asyncio.run(_finish(urls.owner, manifest))
    migrate(urls)
    return manifest


def _feed(
    loading: "subprocess.Popen[bytes]", read: Callable[[int], bytes], progress: Progress
) -> None:
    """Pass the dump to `pg_restore`, and wait for its end.

    Raises:
        BackupError: it fails.
    """
    assert loading.stdin is not None  # noqa: S101 - narrows
    assert loading.stderr is not None  # noqa: S101 - narrows
    passed = 0
    try:
        while chunk := read(CHUNK_BYTES):
            exit_if_stopped()
            loading.stdin.write(chunk)
            passed += len(chunk)
            progress(passed)
        loading.stdin.close()
    except BrokenPipeError:
        pass  # its message says why it has ended
    except BaseException:
        loading.kill()
        raise
    message = loading.stderr.read().decode(errors="replace").strip()
    if loading.wait():
        raise BackupError(f"the database refuses the content: {message}")


async def _ensure_empty(url: str) -> None:
    """Ensure that the database has no tables.

    Raises:
        BackupError: it has.
    """
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(LIST_TABLES)
    finally:
        await connection.close()
    if tables:
        raise BackupError(
            "the database is not empty: restore into a new data folder (TIENDO_DATA_DIR) or "
            "a new database"
        )


async def _finish(url: str, manifest: Manifest) -> None:
    """Compare the number of rows of each table with the manifest, and end all access tokens.

    Raises:
        BackupError: a table has another number of rows.
    """
    connection = await asyncpg.connect(url)
    try:
        for table, expected in manifest.rows.items():
            count = f'SELECT count(*) FROM public."{table}"'  # noqa: S608 - a table's name
            if (rows := await connection.fetchval(count)) != expected:
                raise BackupError(f"{table} has {rows} rows, the archive {expected}")
        await connection.execute(END_TOKENS)
    finally:
        await connection.close()
