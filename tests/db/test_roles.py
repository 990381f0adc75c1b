"""The application's role: what it can do, and above all what it cannot."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from app.db import roles
from app.db.migration import migrate
from app.db.roles import APPEND_ONLY, KEPT, DatabaseUrls, RoleError, can_change_record
from tests.conftest import Service

NEW_TABLE = "CREATE TABLE attachment_of_tomorrow (id bigint GENERATED ALWAYS AS IDENTITY)"
GRANTS = "SELECT relname, relacl::text FROM pg_class WHERE relacl IS NOT NULL ORDER BY 1"


@pytest.fixture
async def application(service: Service) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(service.database_url)
    yield connection
    await connection.close()


def test_the_record_and_what_sums_are_made_of_are_append_only() -> None:
    """By name, since the tests below take the tables from the lists that they check."""
    figures = {"revision", "revision_entry", "revision_disbursement", "budget_change"}
    record = {"audit_event", "decision", "extension", "exemption", "due_date_history"}
    assert figures | record <= APPEND_ONLY
    assert {"account", "agency", "ledger", "obligation", "plan", "report"} <= KEPT
    assert not APPEND_ONLY & KEPT


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
async def test_what_is_recorded_can_only_be_added_to(
    application: asyncpg.Connection, table: str
) -> None:
    column = await application.fetchval(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass ORDER BY attnum DESC", table
    )
    await application.execute(f"GRANT ALL ON {table} TO tiendo")  # a warning, and no grant
    for statement in (
        f"UPDATE {table} SET {column} = {column}",  # noqa: S608 - a constant
        f"DELETE FROM {table}",  # noqa: S608 - a constant
        f"TRUNCATE {table} CASCADE",
        f"DROP TABLE {table} CASCADE",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"ALTER TABLE {table} OWNER TO tiendo",
        f"CREATE TRIGGER t AFTER INSERT ON {table} EXECUTE FUNCTION record_budget_change()",
    ):
        await _ensure_refused(application, statement)


@pytest.mark.parametrize("table", sorted(KEPT))
async def test_what_the_record_refers_to_is_not_deleted(
    application: asyncpg.Connection, table: str
) -> None:
    await _ensure_refused(application, f"DELETE FROM {table}")  # noqa: S608 - a constant


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE FUNCTION public.event_hash() RETURNS bytea LANGUAGE sql RETURN ''::bytea",
        "ALTER FUNCTION has_reporter RENAME TO had_reporter",
        "CREATE TABLE public.mine (id int)",
        "DROP TRIGGER budget_line_history ON budget_line",
        "ALTER TABLE budget_line DISABLE TRIGGER budget_line_history",
        "SET session_replication_role = replica",
        "SET ROLE postgres",
        "UPDATE alembic_version SET version_num = '0001'",
        "COPY audit_event TO PROGRAM 'cat'",
    ],
)
async def test_the_schema_belongs_to_the_owner(
    application: asyncpg.Connection, statement: str
) -> None:
    await _ensure_refused(application, statement)


async def _ensure_refused(connection: asyncpg.Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)


async def test_only_a_role_with_too_many_privileges_is_announced(service: Service) -> None:
    assert await can_change_record(service.owner_url)
    assert not await can_change_record(service.database_url)
    owner = await asyncpg.connect(service.owner_url)
    await owner.execute("GRANT DELETE ON decision TO PUBLIC")
    await owner.close()
    assert await can_change_record(service.database_url)


def test_migrating_grants_what_is_missing_and_takes_back_the_rest(
    database_urls: DatabaseUrls,
) -> None:
    before = asyncio.run(_run(database_urls.owner, GRANTS))
    asyncio.run(
        _run(
            database_urls.owner,
            NEW_TABLE,
            "GRANT UPDATE ON revision TO tiendo",
            "REVOKE SELECT ON account FROM tiendo",
        )
    )
    migrate(database_urls)
    asyncio.run(_run(database_urls.application, "DELETE FROM attachment_of_tomorrow"))
    asyncio.run(_run(database_urls.owner, "DROP TABLE attachment_of_tomorrow"))
    assert asyncio.run(_run(database_urls.owner, GRANTS)) == before


def test_one_role_for_everything_still_works(database_urls: DatabaseUrls) -> None:
    """Also that of the application, for example on a second server, once the owner migrated."""
    before = asyncio.run(_run(database_urls.owner, GRANTS))
    migrate(DatabaseUrls(database_urls.owner, database_urls.owner))
    migrate(DatabaseUrls(database_urls.application, database_urls.application))
    assert asyncio.run(_run(database_urls.owner, GRANTS)) == before
    assert not asyncio.run(can_change_record(database_urls.application))


async def test_a_missing_role_is_named(service: Service) -> None:
    urls = DatabaseUrls(
        service.database_url.replace("//tiendo:", "//nobody-made:"), service.database_url
    )
    with pytest.raises(RoleError, match="nobody-made"):
        await roles.grant(urls)
    unnamed = replace(urls, application=service.database_url.replace("tiendo:@", ""))
    with pytest.raises(RoleError, match="TIENDO_DATABASE_URL"):
        await roles.grant(unnamed)


async def _run(url: str, *statements: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return [row for statement in statements for row in await connection.fetch(statement)]
    finally:
        await connection.close()
