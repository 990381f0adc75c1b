"""Backups: one archive of the database, checked before it is restored.

An archive is a ZIP file without compression, because the database's dump is compressed: the dump,
and at the end a manifest with the checksums. Files of reports get their place beside the dump.
"""

import asyncio
import hashlib
import os
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Literal

import asyncpg
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import make_url

from app.db.roles import DatabaseUrls
from app.errors import OperatorError
from app.server import postgres_user
from app.server.stopping import exit_if_stopped
from app.server.table_digests import digest_tables
from app.text.bilingual import Bilingual

MANIFEST = "manifest.json"
DATABASE = "database.dump"
CHUNK_BYTES = 1 << 20

Progress = Callable[[int], None]
"""Is told how many bytes have been read or written so far."""

# The newest migration, and the codes of the plans.
GET_STATE = """
SELECT (SELECT version_num FROM alembic_version) AS revision,
    (SELECT coalesce(array_agg(code ORDER BY code), '{}') FROM plan) AS plans
"""


class BackupError(OperatorError):
    """The archive cannot be written or restored; the message addresses the operator."""


class Member(BaseModel):
    """A file of the archive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["database"]
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What an archive contains.

    rows, digests: the number of rows of each table, and their digest, which old archives lack.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    service: str
    revision: str
    taken_at: datetime
    plans: list[str]
    rows: dict[str, int]
    digests: dict[str, str] = {}
    members: dict[str, Member]


def write(urls: DatabaseUrls, file: Path, now: datetime, progress: Progress) -> Manifest:
    """Write an archive of the database, which may be in use. The file appears when it is complete.

    Raises:
        BackupError: the file exists already, or the database cannot be read.
    """
    if file.exists():
        raise BackupError(
            Bilingual(
                f"{file} đã có sẵn: hãy đặt tên khác, hoặc xóa tệp đó trước",
                f"{file} exists already: name another file, or remove it first",
            )
        )
    part = file.with_name(f"{file.name}.part")
    try:
        with _create(part) as output:
            manifest = asyncio.run(_write(urls.owner, output, now, progress))
            output.flush()
            os.fsync(output.fileno())
        os.link(part, file)  # unlike a rename, it does not replace a file
    except OSError as error:
        raise BackupError(
            Bilingual(
                f"không ghi được {file}: {error.strerror}",
                f"{file} cannot be written: {error.strerror}",
            )
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def check(file: Path, progress: Progress) -> Manifest:
    """Read a whole archive, and compare it with its manifest.

    Raises:
        BackupError: it is no archive, incomplete or damaged.
    """
    with open_archive(file) as archive:
        try:
            manifest = Manifest.model_validate_json(archive.read(MANIFEST))
        except (KeyError, ValidationError) as error:
            raise BackupError(
                Bilingual(
                    f"{file} không phải tệp sao lưu của dịch vụ này",
                    f"{file} is not an archive of this service",
                )
            ) from error
        if set(archive.namelist()) != {MANIFEST, *manifest.members}:
            raise BackupError(
                Bilingual(
                    f"các phần trong {file} không khớp với bản kê của nó",
                    f"{file} has other members than its manifest names",
                )
            )
        for name, member in manifest.members.items():
            with archive.open(name) as content:
                if _digest(content, progress) != (member.bytes, member.sha256):
                    raise BackupError(
                        Bilingual(
                            f"{file} đã hỏng: mã kiểm tra của {name} không khớp",
                            f"{file} is damaged: {name} has another checksum",
                        )
                    )
    return manifest


@contextmanager
def open_archive(file: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive for reading.

    Raises:
        BackupError: it cannot be read, or is incomplete or damaged.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError) as error:
        raise BackupError(
            Bilingual(
                f"{file} không đầy đủ hoặc đã hỏng: {error}",
                f"{file} is incomplete or damaged: {error}",
            )
        ) from error
    except OSError as error:
        raise BackupError(
            Bilingual(
                f"không đọc được {file}: {error.strerror or error}",
                f"{file} cannot be read: {error.strerror or error}",
            )
        ) from error


def program(name: str, url: str | None = None) -> tuple[list[str], dict[str, str]]:
    """The command line of a PostgreSQL program, for a database or none, and its environment.

    The password is in the environment, because others see the arguments.
    """
    path = str(postgres_user.find_programs() / name)
    if url is None:
        return [path], {"PATH": os.defpath, "LC_ALL": "C"}
    parsed = make_url(url)
    public = parsed.set(password=None) if parsed.password else parsed
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    if parsed.password:
        environment["PGPASSWORD"] = str(parsed.password)
    return [path, f"--dbname={public.render_as_string(hide_password=False)}"], environment


def _create(path: Path) -> IO[bytes]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    return open(os.open(path, flags, 0o600), "wb")  # noqa: PTH123 - has the rights at once


async def _write(url: str, output: IO[bytes], now: datetime, progress: Progress) -> Manifest:
    """Write all members; what the manifest counts and the dump are of one snapshot."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            state = await connection.fetchrow(GET_STATE)
            tables = await digest_tables(connection)
            with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
                dump = await asyncio.to_thread(_write_dump, url, snapshot, archive, progress)
                manifest = Manifest(
                    service=version("tiendo"),
                    revision=state["revision"],
                    taken_at=now,
                    plans=state["plans"],
                    rows={name: table.rows for name, table in tables.items()},
                    digests={name: table.digest for name, table in tables.items()},
                    members={DATABASE: dump},
                )
                archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))
    finally:
        await connection.close()
    return manifest


def _write_dump(url: str, snapshot: str, archive: zipfile.ZipFile, progress: Progress) -> Member:
    """Write the dump of a snapshot.

    Raises:
        BackupError: `pg_dump` fails.
    """
    command, environment = program("pg_dump", url)
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
    hashed, written = hashlib.sha256(), 0
    with subprocess.Popen(  # noqa: S603 - a program of the package
        [*command, *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as dump:
        assert dump.stdout is not None  # noqa: S101 - narrows
        assert dump.stderr is not None  # noqa: S101 - narrows
        try:
            with archive.open(DATABASE, "w", force_zip64=True) as member:
                while chunk := dump.stdout.read(CHUNK_BYTES):
                    exit_if_stopped()
                    member.write(chunk)
                    hashed.update(chunk)
                    written += len(chunk)
                    progress(written)
            message = dump.stderr.read().decode(errors="replace").strip()
        except BaseException:
            dump.kill()
            raise
    if dump.returncode:
        raise BackupError(
            Bilingual(
                f"không đọc được cơ sở dữ liệu: {message}",
                f"the database cannot be read: {message}",
            )
        )
    return Member(kind="database", bytes=written, sha256=hashed.hexdigest())


def _digest(content: IO[bytes], progress: Progress) -> tuple[int, str]:
    hashed, size = hashlib.sha256(), 0
    while chunk := content.read(CHUNK_BYTES):
        exit_if_stopped()
        hashed.update(chunk)
        size += len(chunk)
        progress(size)
    return size, hashed.hexdigest()
