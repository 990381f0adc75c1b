"""Load a dump over one connection, so that the load can belong to a larger transaction.

`pg_restore` writes the dump as a script: statements, and the rows of each table after a COPY. On a
connection of its own it would commit before the content is checked and migrated.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import IO

import asyncpg

from app.server.backup import CHUNK_BYTES, BackupError, Progress, program
from app.text.bilingual import Bilingual

LONGEST_LINE_BYTES = 1 << 30
"""A line is a row, and PostgreSQL limits a field to 1 GB."""
COPY = re.compile(rb"COPY public\.(?P<table>\S+) \((?P<columns>.+)\) FROM stdin;\n")
END_OF_ROWS = b"\\.\n"
SKIPPED = (b"SET transaction_timeout ", b"\\restrict ", b"\\unrestrict ")
"""A setting that servers before 17 do not know, and commands of psql."""


async def load(connection: asyncpg.Connection, dump: IO[bytes], progress: Progress) -> None:
    """Load a dump of `pg_dump --format=custom`, within the transaction of the connection.

    Raises:
        BackupError: the dump cannot be read, or the database refuses the content.
    """
    command, environment = program("pg_restore")
    options = ["--file=-", "--no-owner", "--no-privileges"]
    process = await asyncio.create_subprocess_exec(
        *command,
        *options,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE_BYTES,
    )
    assert process.stdin is not None  # noqa: S101 - narrows
    assert process.stdout is not None  # noqa: S101 - narrows
    assert process.stderr is not None  # noqa: S101 - narrows
    feeding = asyncio.create_task(_feed(process.stdin, dump, progress))
    messages = asyncio.create_task(process.stderr.read())
    try:
        await _run_script(connection, process.stdout)
        await feeding
        if await process.wait():
            message = (await messages).decode(errors="replace").strip()
            raise BackupError(
                Bilingual(
                    f"không đọc được bản sao cơ sở dữ liệu: {message}",
                    f"the dump cannot be read: {message}",
                )
            )
    except asyncpg.PostgresError as error:
        raise BackupError(
            Bilingual(
                f"cơ sở dữ liệu từ chối nội dung: {error}",
                f"the database refuses the content: {error}",
            )
        ) from error
    finally:
        if process.returncode is None:
            process.kill()
        feeding.cancel()
        await asyncio.gather(feeding, messages, process.wait(), return_exceptions=True)
    await connection.execute("RESET ALL")  # the script has emptied the search path


async def _feed(stdin: asyncio.StreamWriter, dump: IO[bytes], progress: Progress) -> None:
    """Pass the dump to `pg_restore`."""
    passed = 0
    try:
        while chunk := dump.read(CHUNK_BYTES):
            stdin.write(chunk)
            await stdin.drain()
            passed += len(chunk)
            progress(passed)
        stdin.close()
        await stdin.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        pass  # its message says why it has ended


async def _run_script(connection: asyncpg.Connection, script: asyncio.StreamReader) -> None:
    statements: list[bytes] = []
    async for line in script:
        if copy := COPY.fullmatch(line):
            await _execute(connection, statements)
            columns = copy["columns"].decode().split(", ")
            await connection.copy_to_table(
                _unquote(copy["table"].decode()),
                schema_name="public",
                columns=[_unquote(column) for column in columns],
                source=_rows(script),
            )
        elif not line.startswith(SKIPPED):
            statements.append(line)
    await _execute(connection, statements)


async def _execute(connection: asyncpg.Connection, statements: list[bytes]) -> None:
    """Execute the statements, if there are any between the comments, and clear the list."""
    if any(line.strip() and not line.startswith(b"--") for line in statements):
        await connection.execute(b"".join(statements).decode())
    statements.clear()


async def _rows(script: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The rows of one table, in batches."""
    batch = bytearray()
    async for line in script:
        if line == END_OF_ROWS:
            break
        batch += line
        if len(batch) >= CHUNK_BYTES:
            yield bytes(batch)
            batch.clear()
    if batch:
        yield bytes(batch)


def _unquote(name: str) -> str:
    """A name of this service's tables and columns, which contains no quotes itself."""
    return name.strip('"')
