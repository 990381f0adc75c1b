"""A database of the size of a country: a copy of the loaded plan for every district.

A district has 30 communes with one reporter each, one coordinator and one viewer. Every report due
before the third quarter is submitted, none for the third quarter, and no notification exists. The
ids of copied rows are the original ids plus ten times the district's number.
"""

import asyncio
from datetime import date, datetime, time, timedelta

import asyncpg

from app.clock import LOCAL
from bench.testbed import Testbed

COMMUNES_A_DISTRICT = 30
DUE = date(2024, 9, 15)
SEND_TIME = time(8)
CHANNELS = 2
"""Channels of the loaded plan's reminder rules: e-mail and in-app."""

DISTRICTS = """
CREATE TEMPORARY TABLE district AS
SELECT n, 10 * n AS moved, 100000 + n AS id, 200000 + n AS office_id
FROM generate_series(1, $1::int) AS n
"""
COMMUNES = """
CREATE TEMPORARY TABLE commune AS
SELECT k, 1000000 + k AS id, district.moved, district.id AS district_id
FROM generate_series(1, $1::int) AS k JOIN district ON district.n = 1 + (k - 1) / $2::int
"""
AGENCIES = """
INSERT INTO agency (id, code, name, kind, parent_id, path) OVERRIDING SYSTEM VALUE
SELECT district.id, 'H' || n, 'Huyện ' || n, 'district', top.id, top.path || district.id || '/'
FROM district, agency top WHERE top.kind = 'province'
UNION ALL
SELECT office_id, 'H' || n || '-LDTBXH', 'Phòng LĐTBXH huyện ' || n, 'department', district.id,
    top.path || district.id || '/' || office_id || '/'
FROM district, agency top WHERE top.kind = 'province'
UNION ALL
SELECT commune.id, 'X' || k, 'Xã ' || k, 'commune', district_id,
    top.path || district_id || '/' || commune.id || '/'
FROM commune, agency top WHERE top.kind = 'province'
"""
ACCOUNTS = """
INSERT INTO account (username, full_name, email, role, agency_id, password_hash, created_at)
SELECT name, name, name || '@example.vn', role, agency_id, '-', '2024-04-01'
FROM (
    SELECT 'reporter-' || k, 'reporter', id FROM commune
    UNION ALL SELECT 'coordinator-' || n, 'coordinator', office_id FROM district
    UNION ALL SELECT 'leader-' || n, 'viewer', id FROM district
) AS person (name, role, agency_id)
"""
PLANS = """
INSERT INTO plan (id, code, programme_id, owner_id, title, year, effective_from, general_goal,
    purposes, requirements, solutions, funding, reporting_duty, recipients, signer)
OVERRIDING SYSTEM VALUE
SELECT moved + p.id, 'plan-' || n, programme_id, district.id, title, year, effective_from,
    general_goal, purposes, requirements, solutions, funding, reporting_duty, recipients, signer
FROM district, plan p
"""
LEDGERS = """
INSERT INTO ledger (plan_id, last_at, figures_at, last_hash)
SELECT moved + plan_id, last_at, figures_at, '' FROM district, ledger WHERE plan_id IS NOT NULL
"""
SCHEDULES = """
INSERT INTO schedule (id, plan_id, code, name, frequency, ordinals, month, day, due_day,
    non_working_day, cutoff_day, applies_from)
OVERRIDING SYSTEM VALUE
SELECT moved + s.id, moved + plan_id, code, name, frequency, ordinals, month, day, due_day,
    non_working_day, cutoff_day, applies_from
FROM district, schedule s
"""
RULES = """
INSERT INTO reminder_rule (schedule_id, code, offset_days, day_kind, repeat_days, repeat_times,
    audience, channels, send_time, quiet_from, quiet_until, template)
SELECT moved + schedule_id, code, offset_days, day_kind, repeat_days, repeat_times,
    audience, channels, send_time, quiet_from, quiet_until, template
FROM district, reminder_rule
"""
PERIODS = """
INSERT INTO reporting_period (id, plan_id, schedule_id, code, year, frequency, ordinal, data_from,
    data_to, due_date, late_from, state)
OVERRIDING SYSTEM VALUE
SELECT moved + p.id, moved + plan_id, moved + schedule_id, code, year, frequency, ordinal,
    data_from, data_to, due_date, late_from, state
FROM district, reporting_period p
"""
OBLIGATIONS = """
INSERT INTO obligation (period_id, agency_id, due_date, late_from, first_submitted_at)
SELECT moved + p.id, commune.id, due_date, late_from,
    CASE WHEN due_date < $1 THEN late_from - interval '1 day' END
FROM commune, reporting_period p WHERE p.id < 10
"""
COPIES = (AGENCIES, ACCOUNTS, PLANS, LEDGERS, SCHEDULES, RULES, PERIODS)


def create_country(testbed: Testbed, database: str, communes: int) -> str:
    """Create a database with this many communes and return its URL."""
    url = testbed.clone(database)
    asyncio.run(_fill(testbed.urls(database).owner, communes))
    return url


def districts(communes: int) -> int:
    """The number of districts for this many communes; the last district may be smaller."""
    return -(-communes // COMMUNES_A_DISTRICT)


def reminder_time(days_from_due: int) -> datetime:
    """The instant at which reminders are sent, this many days after the due date."""
    return datetime.combine(DUE + timedelta(days=days_from_due), SEND_TIME, LOCAL)


async def _fill(url: str, communes: int) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(DISTRICTS, districts(communes))
    await connection.execute(COMMUNES, communes, COMMUNES_A_DISTRICT)
    await connection.execute("TRUNCATE notification, message")
    for statement in COPIES:
        await connection.execute(statement)
    await connection.execute(OBLIGATIONS, DUE)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
