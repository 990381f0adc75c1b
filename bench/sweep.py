"""The sweep of a country: 10,600 obligations are due, and everybody is told in one go."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.db.database import Database
from app.server.operating import OPERATOR
from app.services.periods import obligations
from app.services.periods.obligations import ReportKey
from app.services.reminders.sweep import SweepResult, sweep
from app.settings import Settings
from bench.capture import captured
from bench.country import CHANNELS, country, morning
from bench.drill import Drill, faults
from bench.stage import Stage

OBLIGATIONS = 10_600
NOTHING = SweepResult(0, 0, 0)
REPORT = ReportKey("2024-Q3", "X1", "plan-1")

MOST_STATEMENTS = 10
MOST_SECONDS = 5.0
"""For telling everybody on a morning."""
MOST_SECONDS_BEHIND = 20.0
"""For catching up after two weeks; what takes 30 is cut off, and would never come to its end."""
MOST_SECONDS_FOR_NOTHING = 10.0
"""That is what runs each minute."""
MOST_SECONDS_OF_WAITING = 1.0
"""For a report that is sent while the sweep goes on."""

# What a week after the due date has left, if nothing was told before: to a reporter six reminders,
# to the office that coordinates nine mornings of one digest, to the leadership one escalation.
BEHIND = (6, 9, 1)


@dataclass(frozen=True)
class Pass:
    """One sweep: what it planned, how long that took, and what was said to the database."""

    when: str
    swept: SweepResult
    seconds: float
    statements: int
    waited: float
    """How long a report that was sent meanwhile had to wait at most, in seconds."""

    def __str__(self) -> str:
        return (
            f"{self.when:33}{self.seconds:6.2f} s {self.statements:3} statements"
            f"  planned {self.swept.planned:5}  superseded {self.swept.superseded:6}"
            f"  messages {self.swept.messages:5}  reports waited {self.waited:.2f} s at most"
        )


def drilled(stage: Stage) -> list[Drill]:
    """Sweep the country on a quiet day, on a morning of reminders, and after two weeks' silence."""
    passes = asyncio.run(_passes(country(stage, "country", OBLIGATIONS)))
    figures = [str(each) for each in passes]
    return [Drill(f"sweep of {OBLIGATIONS} obligations", figures, faults(_claims(passes)))]


def _claims(passes: Sequence[Pass]) -> dict[str, bool]:
    quiet, told, told_again, behind, behind_again = passes
    nothing = (quiet, told_again, behind_again)
    everybody = CHANNELS * OBLIGATIONS
    planned, superseded = len(BEHIND) * everybody, sum(n - 1 for n in BEHIND) * everybody
    return {
        "everybody is told once": told.swept == SweepResult(everybody, 0, everybody),
        "who is behind is told what says most, once": (behind.swept.planned == planned)
        and (behind.swept.superseded == superseded),
        "where nothing is new, nothing is planned": all(p.swept == NOTHING for p in nothing),
        f"within {MOST_STATEMENTS} statements": all(
            p.statements <= MOST_STATEMENTS for p in passes
        ),
        f"a morning within {MOST_SECONDS} s": told.seconds < MOST_SECONDS,
        f"two weeks within {MOST_SECONDS_BEHIND} s": behind.seconds < MOST_SECONDS_BEHIND,
        f"nothing within {MOST_SECONDS_FOR_NOTHING} s": all(
            p.seconds < MOST_SECONDS_FOR_NOTHING for p in nothing
        ),
        f"reports wait less than {MOST_SECONDS_OF_WAITING} s": all(
            p.waited < MOST_SECONDS_OF_WAITING for p in passes
        ),
    }


async def _passes(url: str) -> list[Pass]:
    swept, reports = Database(url, Settings()), Database(url, Settings())
    try:
        return [
            await _pass(swept, reports, when, morning(days))
            for when, days in (
                ("a month before, nothing is due", -30),
                ("a week before, all are reminded", -7),
                ("  a minute later", -7),
                ("two weeks later, silent till then", 7),
                ("  a minute later", 7),
            )
        ]
    finally:
        await swept.close()
        await reports.close()


async def _pass(database: Database, reports: Database, when: str, now: datetime) -> Pass:
    over = asyncio.Event()
    waiting = asyncio.create_task(_longest_wait(reports, over))
    with captured(database) as statements:
        start = time.perf_counter()
        async with database.transaction() as session:
            swept = await sweep(session, now)
        seconds = time.perf_counter() - start
    over.set()
    return Pass(when, swept, seconds, len(statements), await waiting)


async def _longest_wait(database: Database, over: asyncio.Event) -> float:
    """Hold a report as whoever changes it does, again and again; how long that took at most."""
    longest = 0.0
    while not over.is_set():
        start = time.perf_counter()
        async with database.transaction() as session:
            await obligations.get(session, OPERATOR, REPORT, lock=True)
        longest = max(longest, time.perf_counter() - start)
        await asyncio.sleep(0.01)
    return longest
