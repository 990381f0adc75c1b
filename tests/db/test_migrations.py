"""Migrations match the models, and can be downgraded and upgraded with data."""

import asyncio
import base64

import asyncpg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.db.database import Database, driver_url
from app.db.migration import configuration, migrate, newest_revision
from app.db.roles import DatabaseUrls
from app.models import Base
from app.settings import Settings
from seed.loader import load
from tests.conftest import PLAN_FOLDER, PLAN_IN_FORCE, Service
from tests.support.accounts import add_people
from tests.support.reference_calls import add_neighbour
from tests.support.report_bodies import money
from tests.support.report_calls import XUAN_HONG, ok, review, submit_complete

FOREIGN_TABLES = ("procrastinate_", "alembic_version")


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection,
        opts={
            "include_name": lambda name, kind, _: (
                kind != "table" or not str(name).startswith(FOREIGN_TABLES)
            )
        },
    )
    return list(compare_metadata(context, Base.metadata))


async def schema_differences(url: str) -> list[object]:
    engine = create_async_engine(driver_url(url))
    async with engine.connect() as connection:
        rows = await connection.run_sync(differences)
    await engine.dispose()
    return rows


async def fetch(url: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(query)
    await connection.close()
    return list(rows)


OBJECTS = """
SELECT kind, name, what FROM (
    SELECT 'column' AS kind, table_name || '.' || column_name AS name, concat_ws(' ', data_type,
        is_nullable, column_default, is_identity) AS what
    FROM information_schema.columns WHERE table_schema = 'public'
        AND table_name NOT IN (SELECT viewname FROM pg_views)
    UNION ALL SELECT 'view', viewname, definition FROM pg_views WHERE schemaname = 'public'
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'constraint', concat_ws('.', conrelid::regclass, conname),
        pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 't'
    UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger
    WHERE NOT tgisinternal
    UNION ALL SELECT 'function', p.oid::regprocedure::text, prosrc
    FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'public'
    UNION ALL SELECT 'type', typname, typtype::text
    FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE nspname = 'public'
) AS object WHERE name NOT LIKE '%alembic_version%' ORDER BY 1, 2, 3
"""


def test_file_names_give_the_newest_revision() -> None:
    scripts = ScriptDirectory.from_config(configuration("postgresql://nowhere"))
    assert scripts.get_heads() == [newest_revision()]


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(configuration("postgresql://")).get_heads()) == 1


def test_the_tables_match_the_models(empty_database_url: str) -> None:
    assert asyncio.run(schema_differences(empty_database_url)) == []


def tables_in(url: str) -> set[asyncpg.Record]:
    rows = asyncio.run(fetch(url, OBJECTS))
    kinds = {"column", "index", "constraint"}
    return {row for row in rows if row["kind"] in kinds and "procrastinate" not in row["name"]}


def test_checks_and_indexes_match_the_models(empty_database_urls: DatabaseUrls) -> None:
    """Alembic does not compare check constraints and index definitions."""
    migrated = tables_in(empty_database_urls.owner)
    asyncio.run(_create_from_models(empty_database_urls.owner))
    assert tables_in(empty_database_urls.owner) == migrated


async def _create_from_models(url: str) -> None:
    engine = create_async_engine(driver_url(url))
    async with engine.begin() as connection:
        for statement in (
            "DROP SCHEMA public CASCADE",
            "CREATE SCHEMA public",
            'CREATE TYPE code_range AS RANGE (subtype = text, collation = "C")',
            "CREATE FUNCTION new_message_id() RETURNS uuid RETURN gen_random_uuid()",
            "CREATE FUNCTION new_receipt_number() RETURNS text RETURN gen_random_uuid()::text",
        ):
            await connection.execute(text(statement))
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


def test_a_filled_database_can_be_downgraded_and_upgraded(
    database_urls: DatabaseUrls,
) -> None:
    url = database_urls.owner
    before = asyncio.run(fetch(url, OBJECTS))
    command.downgrade(configuration(url), "base")
    assert asyncio.run(fetch(url, OBJECTS)) == []
    migrate(database_urls)
    assert asyncio.run(fetch(url, OBJECTS)) == before
    asyncio.run(_load(database_urls.application))
    counted = asyncio.run(fetch(url, "SELECT count(*) FROM obligation"))
    assert counted[0][0] == 6 * 35


async def _load(url: str) -> None:
    database = Database(url, Settings())
    async with database.transaction() as session:
        await load(session, PLAN_FOLDER, now=PLAN_IN_FORCE, echo=lambda _: None)
    async with database.transaction() as session:
        await add_people(session, PLAN_IN_FORCE)
    await database.close()


DIFFERENT_EXCEPTIONS = """
    INSERT INTO working_day (owner_id, day, change, note)
    SELECT id, '2024-07-01', CASE code WHEN '395' THEN 'off' ELSE 'worked' END, code
    FROM agency WHERE code IN ('395', '397')
"""
DAYS = """
    SELECT code, day::text, change, note FROM working_day
    JOIN agency ON agency.id = owner_id ORDER BY 1, 2
"""


async def test_working_days_migrate_to_districts_and_back(service: Service) -> None:
    await add_neighbour(service)
    ours, theirs = [tuple(row)[1:] for row in await fetch(service.owner_url, DAYS)]
    assert ours == theirs
    await fetch(service.owner_url, DIFFERENT_EXCEPTIONS)
    await service.database.engine.dispose()
    config = configuration(service.owner_url)
    await asyncio.to_thread(command.downgrade, config, "0004")
    for_all = await fetch(
        service.owner_url, "SELECT day::text, change, note FROM working_day ORDER BY 1"
    )
    assert [tuple(row) for row in for_all] == [ours, ("2024-07-01", "off", "395")]
    await asyncio.to_thread(command.upgrade, config, "head")
    own = await fetch(service.owner_url, DAYS)
    assert [tuple(row) for row in own] == [
        (code, *row) for code in ("395", "397") for row in for_all
    ]


async def test_each_downgrade_and_upgrade_keeps_the_reports(service: Service) -> None:
    """Down to the first revision; a downgrade removes only what its migration added."""
    await submit_complete(service.client("xuan-hong"), XUAN_HONG, {"DA2.02": 5})
    await review(service.client("coordinator"), "accept", XUAN_HONG)
    kept = "SELECT body, fingerprint FROM revision"
    before = await fetch(service.owner_url, kept)
    await service.database.engine.dispose()
    config = configuration(service.owner_url)
    newest, *older = (
        revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()
    )
    for revision in older:
        await asyncio.to_thread(command.downgrade, config, revision)
        assert await fetch(service.owner_url, kept) == before, revision
    for revision in [*reversed(older), newest]:
        await asyncio.to_thread(command.upgrade, config, revision)
        assert await fetch(service.owner_url, kept) == before, revision


async def test_old_calendar_links_show_no_more_than_their_creators_see(
    service: Service,
) -> None:
    for person in ("xuan-hong", "coordinator"):
        answer = await service.client(person).post("/calendar-links", json={"agency": XUAN_HONG})
        ok(answer, 201)
    kept = "SELECT created_by, own_agency_only FROM calendar_link ORDER BY id"
    await service.database.engine.dispose()
    config = configuration(service.owner_url)
    await asyncio.to_thread(command.downgrade, config, "0004")
    await asyncio.to_thread(command.upgrade, config, "0019")
    rows = await fetch(service.owner_url, kept)
    assert [tuple(row) for row in rows] == [("xuan-hong", True), ("coordinator", False)]
    # Since then, a link shows what its maker sees.
    await asyncio.to_thread(command.upgrade, config, "head")
    makers = "SELECT username FROM calendar_link l JOIN account ON account.id = l.account_id"
    rows = await fetch(service.owner_url, f"{makers} ORDER BY l.id")
    assert [row["username"] for row in rows] == ["xuan-hong", "coordinator"]


KEEP_REASONS = """
    INSERT INTO message (account_id, channel, state, created_at, not_before, error, error_detail)
    SELECT id, 'email', 'failed', now(), now(), code, detail
    FROM account CROSS JOIN (VALUES
        (1, NULL, NULL), (2, 'no_mail_address', NULL), (3, 'webhook_status', '503'),
        (4, 'delivery_error', '550 no such user'), (5, 'invalid_mail_address', 'x')
    ) AS reason (position, code, detail)
    WHERE username = 'xuan-hong' ORDER BY position
"""


async def test_reasons_become_sentences_and_codes_again(service: Service) -> None:
    await fetch(service.owner_url, KEEP_REASONS)
    await service.database.engine.dispose()
    config = configuration(service.owner_url)
    codes = await fetch(service.owner_url, "SELECT error, error_detail FROM message ORDER BY id")
    await asyncio.to_thread(command.downgrade, config, "0015")
    rows = await fetch(service.owner_url, "SELECT error FROM message ORDER BY id")
    assert [row["error"] for row in rows] == [
        None,
        "the account has no e-mail address",
        "the webhook answered 503",
        "550 no such user",
        "not an e-mail address: x",
    ]
    await asyncio.to_thread(command.upgrade, config, "head")
    assert codes == await fetch(
        service.owner_url, "SELECT error, error_detail FROM message ORDER BY id"
    )


async def test_webhook_secrets_keep_their_key(service: Service) -> None:
    """The bytes that sign are the same before and after."""
    await service.database.engine.dispose()
    config = configuration(service.owner_url)
    await asyncio.to_thread(command.downgrade, config, "0016")
    await fetch(
        service.owner_url,
        "INSERT INTO webhook (agency_id, url, secret, created_at) SELECT id, 'https://x.vn',"
        " 'whs_8XkQ2nVq4tY7bR1mLz0cPd5sJw9hFg3e8XkQ2nVq4tY7bR1mLz0cPd5sJw9hFg3e', now()"
        " FROM agency WHERE code = '395'",
    )
    secret = "SELECT secret FROM webhook"
    [old] = await fetch(service.owner_url, secret)
    await asyncio.to_thread(command.upgrade, config, "head")
    [new] = await fetch(service.owner_url, secret)
    prefix, _, encoded = new["secret"].partition("_")
    assert (prefix, base64.b64decode(encoded, validate=True)) == ("whsec", old["secret"].encode())
    await asyncio.to_thread(command.downgrade, config, "0016")
    assert await fetch(service.owner_url, secret) == [old]


async def test_messages_keep_their_order_and_get_the_same_ids_again(service: Service) -> None:
    """An old backup that is restored twice has the same ids; a new message has a new one."""
    await service.database.engine.dispose()
    config = configuration(service.owner_url)
    await asyncio.to_thread(command.downgrade, config, "0024")
    await fetch(
        service.owner_url,
        "INSERT INTO message (account_id, channel, state, created_at, not_before)"
        " SELECT account.id, 'in_app', 'sent', day, day FROM account, generate_series("
        " timestamptz '2024-06-08 08:00+07', '2024-06-10 08:00+07', '1 day') AS day",
    )
    await fetch(
        service.owner_url,
        "INSERT INTO notification (obligation_id, rule, occurrence, account_id, channel, audience,"
        " template, planned_for, created_at, state, why, message_id)"
        " SELECT min(o.id), 'before-7', m.id::text, account_id, 'in_app', 'reporter', 'reminder',"
        " m.created_at, m.created_at, 'sent', 'due', m.id FROM message m, obligation o"
        " GROUP BY m.id",
    )
    numbers = await fetch(service.owner_url, "SELECT id FROM message ORDER BY created_at, id")
    ids = "SELECT id FROM message ORDER BY id"
    references = (
        "SELECT n.message_id, n.occurrence FROM notification n ORDER BY CAST(n.occurrence AS int)"
    )
    await asyncio.to_thread(command.upgrade, config, "0025")
    first = await fetch(service.owner_url, ids)
    assert len(first) == len(numbers)
    assert {each["id"].version for each in first} == {7}
    rows = await fetch(service.owner_url, references)
    by_number = {row["occurrence"]: row["message_id"] for row in rows}
    assert [by_number[str(row["id"])] for row in numbers] == [row["id"] for row in first]
    new = await fetch(service.owner_url, "SELECT new_message_id() FROM generate_series(1, 1000)")
    assert len({row[0] for row in new}) == 1000
    assert {row[0].version for row in new} == {7}
    assert min(row[0] for row in new) > first[-1]["id"]
    await asyncio.to_thread(command.downgrade, config, "0024")
    await asyncio.to_thread(command.upgrade, config, "0025")


MONEY_OF_DA2 = """
    SELECT sum(b.amount_vnd)::bigint, count(*),
        (SELECT sum(c.change_vnd)::bigint FROM budget_change c WHERE c.project_id = j.id),
        (SELECT array_agg((d.amount_vnd, d.estimate_year_end_vnd)::text)
            FROM revision_disbursement d WHERE d.project_id = j.id)
    FROM budget_line b JOIN project j ON j.id = b.project_id WHERE j.code = 'DA2' GROUP BY j.id
"""


async def test_money_of_two_natures_is_merged_and_keeps_its_sum(service: Service) -> None:
    investment = {
        "project": "DA2",
        "source": "central",
        "origin": "current_year",
        "nature": "investment",
        "amount_vnd": 1_000_000,
        "decision": "12/QĐ-UBND",
    }
    ok(await service.client("coordinator").post("/budgets", json=investment), 201)
    spent = [
        money("DA2", 300) | {"nature": "investment", "estimate_year_end_vnd": 500},
        money("DA2", 50) | {"nature": "recurrent"},
    ]
    await submit_complete(service.client("xuan-hong"), XUAN_HONG, None, spent, period="2024-Y")
    total = 3_934_000_000 + 126_450_000 + 1_000_000
    (before,) = await fetch(service.owner_url, MONEY_OF_DA2)
    assert tuple(before)[:3] == (total, 3, total)
    await service.database.engine.dispose()
    config = configuration(service.owner_url)
    await asyncio.to_thread(command.downgrade, config, "0042")
    (merged,) = await fetch(service.owner_url, MONEY_OF_DA2)
    assert tuple(merged) == (total, 2, total, ["(350,550)"])
    await asyncio.to_thread(command.upgrade, config, "head")
    assert [tuple(row) for row in await fetch(service.owner_url, MONEY_OF_DA2)] == [tuple(merged)]
