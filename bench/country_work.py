"""Submissions to a district of the simulated country and to one alone; a sweep, `tiendo verify`."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import median

import httpx

from app.clock import LOCAL
from app.db.database import Database
from app.server import verifying
from app.services.reminders.sweep import sweep
from app.settings import Settings
from bench.drill import DrillResult, failed_claims
from bench.report_body import report_body
from bench.request import ApiRequest

COMMUNES = ("15493", "15502", "15505", "15508", "15511", "15514", "15517", "15520")
"""Communes of the first district, whose reports of PERIOD are exempt, so that none was sent."""
PERIOD = "2024-Q1"
MOST_SLOWER = 1.2
REPETITIONS = 5
MAX_SWEEP_SECONDS = 30.0
"""The statement timeout of the database."""


async def time_of(port: int, request: ApiRequest) -> float:
    """The median of the seconds of a request that takes too long for laps."""
    seconds = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
        for _ in range(REPETITIONS):
            begun = time.perf_counter()
            (await request.send(client)).raise_for_status()
            seconds.append(time.perf_counter() - begun)
    return median(seconds)


async def submit_all(port: int, tokens: Mapping[str, str]) -> float:
    """Submit a report of each commune, one after another; the median of the seconds."""
    seconds = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
        for code in COMMUNES:
            path, token = f"/api/v1/reports/{PERIOD}/{code}", tokens[code]
            expected = (await ApiRequest("GET", path, token).send(client)).json()["expected"]
            headers = {"Authorization": f"Bearer {token}", "If-Match": '"0"'}
            draft = await client.put(
                f"{path}/draft", json=report_body(expected, 1), headers=headers
            )
            draft.raise_for_status()
            note = {"warnings_note": "Số liệu đã đối chiếu với danh sách."}
            begun = time.perf_counter()
            sent = await ApiRequest("POST", f"{path}/submit", token, note).send(client)
            seconds.append(time.perf_counter() - begun)
            sent.raise_for_status()
    return median(seconds)


def report(targets: float, submissions: Sequence[float], url: str) -> DrillResult:
    """The figures.

    targets: the seconds of the targets of the country. submissions: those of a submission in the
    country and in the district alone.
    """
    of_country, alone = submissions
    swept = asyncio.run(_sweep(url))
    begun = time.perf_counter()
    findings = verifying.verify(Settings(), url, (), lambda _: None, lambda _: None)
    verified = time.perf_counter() - begun
    figures = [
        f"targets of the country: {targets:.1f} s",
        f"submission: {1000 * of_country:.1f} ms, of the district alone {1000 * alone:.1f} ms",
        f"sweep: {swept:.1f} s",
        f"tiendo verify: {verified:.0f} s, {findings} findings",
    ]
    claims = {
        f"a submission takes at most {MOST_SLOWER} of the time alone": (
            of_country <= MOST_SLOWER * alone
        ),
        f"a sweep takes less than {MAX_SWEEP_SECONDS:.0f} s": swept < MAX_SWEEP_SECONDS,
    }
    return DrillResult("work in the simulated country", figures, failed_claims(claims))


async def _sweep(url: str) -> float:
    """The seconds of a sweep that finds what is due now."""
    database = Database(url, Settings())
    begun = time.perf_counter()
    async with database.transaction() as session:
        await sweep(session, datetime.now(LOCAL))
    seconds = time.perf_counter() - begun
    await database.close()
    return seconds
