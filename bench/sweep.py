"""The reminder sweep of a country: 10,600 obligations due on one day."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.db.database import Database
from app.server.operating import OPERATOR
from app.services.periods import obligations
from app.services.periods.obligations import ReportKey
from app.services.reminders.sweep import NOTHING_DUE, SweepResult, sweep
from app.settings import Settings
from bench.capture import capture_statements
from bench.copies import CHANNELS, create_country, reminder_time
from bench.drill import DrillResult, failed_claims
from bench.testbed import Testbed

OBLIGATIONS = 10_600
REPORT = ReportKey("2024-Q3", "X1", "plan-1")

MAX_STATEMENTS = 10
MAX_SECONDS = 5.0
"""Limit for a sweep that notifies every reporter."""
MAX_SECONDS_CATCH_UP = 20.0
"""Limit for the first sweep after two weeks; a sweep of 30 s would hit the statement timeout."""
MAX_SECONDS_IDLE = 10.0
"""Limit for a sweep with nothing to plan, which runs every minute."""
MAX_SECONDS_REPORT_WAIT = 1.0
"""Limit for the wait of a report submitted during the sweep."""

# Occurrences that are pending one week after the due date if no sweep ran before: six reminders per
# reporter, nine daily digests per coordinator, one escalation per leader.
BACKLOG = (6, 9, 1)


@dataclass(frozen=True)
class SweepRun:
    """One sweep: what it planned, its duration and its number of statements."""

    when: str
    swept: SweepResult
    seconds: float
    statements: int
    waited: float
    """Longest wait, in seconds, of a report locked during the sweep."""

    def __str__(self) -> str:
        return (
            f"{self.when:33}{self.seconds:6.2f} s {self.statements:3} statements"
            f"  planned {self.swept.planned:5}  superseded {self.swept.superseded:6}"
            f"  messages {self.swept.messages:5}  longest wait of a report {self.waited:.2f} s"
        )


def run_drill(testbed: Testbed) -> list[DrillResult]:
    """Sweep with nothing due, with reminders due, and after two weeks without a sweep."""
    runs = asyncio.run(_runs(create_country(testbed, "country", OBLIGATIONS)))
    figures = [str(each) for each in runs]
    return [
        DrillResult(f"sweep of {OBLIGATIONS} obligations", figures, failed_claims(_claims(runs)))
    ]


def _claims(runs: Sequence[SweepRun]) -> dict[str, bool]:
    idle, morning_run, repeated, behind, caught_up = runs
    nothing = (idle, repeated, caught_up)
    all_messages = CHANNELS * OBLIGATIONS
    planned, superseded = len(BACKLOG) * all_messages, sum(n - 1 for n in BACKLOG) * all_messages
    return {
        "every reporter is notified once": morning_run.swept
        == SweepResult(all_messages, 0, all_messages),
        "a backlog sends only the most important notification": (behind.swept.planned == planned)
        and (behind.swept.superseded == superseded),
        "a repeated sweep plans nothing": all(run.swept == NOTHING_DUE for run in nothing),
        f"within {MAX_STATEMENTS} statements": all(
            run.statements <= MAX_STATEMENTS for run in runs
        ),
        f"reminders within {MAX_SECONDS} s": morning_run.seconds < MAX_SECONDS,
        f"two weeks within {MAX_SECONDS_CATCH_UP} s": behind.seconds < MAX_SECONDS_CATCH_UP,
        f"an idle sweep within {MAX_SECONDS_IDLE} s": all(
            run.seconds < MAX_SECONDS_IDLE for run in nothing
        ),
        f"reports wait less than {MAX_SECONDS_REPORT_WAIT} s": all(
            run.waited < MAX_SECONDS_REPORT_WAIT for run in runs
        ),
    }


async def _runs(url: str) -> list[SweepRun]:
    swept, reports = Database(url, Settings()), Database(url, Settings())
    try:
        return [
            await _run(swept, reports, when, reminder_time(days))
            for when, days in (
                ("a month before: nothing due", -30),
                ("a week before: reminders", -7),
                ("  a minute later", -7),
                ("two weeks later: backlog", 7),
                ("  a minute later", 7),
            )
        ]
    finally:
        await swept.close()
        await reports.close()


async def _run(database: Database, reports: Database, when: str, now: datetime) -> SweepRun:
    done = asyncio.Event()
    waiting = asyncio.create_task(_longest_wait(reports, done))
    with capture_statements(database) as statements:
        start = time.perf_counter()
        async with database.transaction() as session:
            swept = await sweep(session, now)
        seconds = time.perf_counter() - start
    done.set()
    return SweepRun(when, swept, seconds, len(statements), await waiting)


async def _longest_wait(database: Database, done: asyncio.Event) -> float:
    """Lock a report repeatedly, as a submission does; return the longest wait in seconds."""
    longest = 0.0
    while not done.is_set():
        start = time.perf_counter()
        async with database.transaction() as session:
            await obligations.get(session, OPERATOR, REPORT, lock=True)
        longest = max(longest, time.perf_counter() - start)
        await asyncio.sleep(0.01)
    return longest
