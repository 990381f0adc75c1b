"""The sweep of a country: 10,600 obligations are due on one day."""

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
from bench.capture import captured
from bench.country import CHANNELS, country, morning
from bench.drill import Drill, faults
from bench.stage import Stage

OBLIGATIONS = 10_600
REPORT = ReportKey("2024-Q3", "X1", "plan-1")

MOST_STATEMENTS = 10
MOST_SECONDS = 5.0
"""For the reminders of a morning."""
MOST_SECONDS_BEHIND = 20.0
"""For the reminders of two weeks; a statement is cancelled after 30 seconds."""
MOST_SECONDS_FOR_NOTHING = 10.0
"""For the sweep that runs every minute and plans nothing."""
MOST_SECONDS_OF_WAITING = 1.0
"""For a submission during the sweep."""

# The due reminders of an obligation a week after its due date, if none was planned before: six to
# the reporter, nine to the coordinator, one to the leadership.
BEHIND = (6, 9, 1)


@dataclass(frozen=True)
class Pass:
    """One sweep: its result, its duration, and the number of its statements."""

    when: str
    result: SweepResult
    seconds: float
    statements: int
    waited: float
    """The longest time in seconds that a submission had to wait for a lock."""

    def __str__(self) -> str:
        return (
            f"{self.when:33}{self.seconds:6.2f} s {self.statements:3} statements"
            f"  planned {self.result.planned:5}  superseded {self.result.superseded:6}"
            f"  messages {self.result.messages:5}  reports waited {self.waited:.2f} s at most"
        )


def drilled(stage: Stage) -> list[Drill]:
    """Sweep the country on a quiet day, on a morning of reminders, and after an outage."""
    passes = asyncio.run(_passes(country(stage, "country", OBLIGATIONS)))
    figures = [str(each) for each in passes]
    return [Drill(f"sweep of {OBLIGATIONS} obligations", figures, faults(_claims(passes)))]


def _claims(passes: Sequence[Pass]) -> dict[str, bool]:
    quiet, morning_pass, morning_again, behind, behind_again = passes
    nothing_due = (quiet, morning_again, behind_again)
    messages = CHANNELS * OBLIGATIONS
    planned, superseded = len(BEHIND) * messages, sum(n - 1 for n in BEHIND) * messages
    return {
        "each reporter is notified once": morning_pass.result == SweepResult(messages, 0, messages),
        "after an outage only the latest reminders are planned": (
            (behind.result.planned, behind.result.superseded) == (planned, superseded)
        ),
        "a repeated sweep plans nothing": all(p.result == NOTHING_DUE for p in nothing_due),
        f"within {MOST_STATEMENTS} statements": all(
            p.statements <= MOST_STATEMENTS for p in passes
        ),
        f"a morning within {MOST_SECONDS} s": morning_pass.seconds < MOST_SECONDS,
        f"two weeks within {MOST_SECONDS_BEHIND} s": behind.seconds < MOST_SECONDS_BEHIND,
        f"nothing within {MOST_SECONDS_FOR_NOTHING} s": all(
            p.seconds < MOST_SECONDS_FOR_NOTHING for p in nothing_due
        ),
        f"reports wait less than {MOST_SECONDS_OF_WAITING} s": all(
            p.waited < MOST_SECONDS_OF_WAITING for p in passes
        ),
    }


async def _passes(url: str) -> list[Pass]:
    sweeping, reports = Database(url, Settings()), Database(url, Settings())
    try:
        return [
            await _pass(sweeping, reports, when, morning(days))
            for when, days in (
                ("a month before, nothing is due", -30),
                ("a week before, all are reminded", -7),
                ("  a minute later", -7),
                ("two weeks later, after an outage", 7),
                ("  a minute later", 7),
            )
        ]
    finally:
        await sweeping.close()
        await reports.close()


async def _pass(database: Database, reports: Database, when: str, now: datetime) -> Pass:
    finished = asyncio.Event()
    waiting = asyncio.create_task(_longest_wait(reports, finished))
    with captured(database) as statements:
        start = time.perf_counter()
        async with database.transaction() as session:
            result = await sweep(session, now)
        seconds = time.perf_counter() - start
    finished.set()
    return Pass(when, result, seconds, len(statements), await waiting)


async def _longest_wait(database: Database, finished: asyncio.Event) -> float:
    """Lock a report as a submission does, repeatedly; returns the longest wait in seconds."""
    longest = 0.0
    while not finished.is_set():
        start = time.perf_counter()
        async with database.transaction() as session:
            await obligations.get(session, OPERATOR, REPORT, lock=True)
        longest = max(longest, time.perf_counter() - start)
        await asyncio.sleep(0.01)
    return longest
