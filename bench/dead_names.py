"""Host names that no name server answers: eight test deliveries of a webhook, again and again.

Mails must leave meanwhile, and people must be able to sign in: both need threads or look-ups too.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import AF_INET, SO_REUSEADDR, SOCK_DGRAM, SOL_SOCKET, socket
from typing import Any

import httpx
from aiosmtpd.smtp import SMTP, Envelope, Session

from bench import isolation
from bench.drill import DrillResult, failed_claims
from bench.outage import PASSWORD, ServedProcess, serving
from bench.testbed import Testbed

NAME = "host names without an answer"
SILENT_SERVER = "127.0.0.53"
DEAD_URL = "https://gateway.dead.example.vn/hook"
LOOPS = 8
REPORTERS = {f"drill-{code}": code for code in ("15493", "15499", "15502", "15505", "15508")}
"""User names, by the agency whose reports they write."""
PERIOD = "/api/v1/reporting-periods/2024-Q2"
CLOCK_START = "2024-06-10T08:00:00+07:00"
MINUTE = 60.0
"""Deliveries begin at each full minute."""
MAX_SECONDS = 60.0
"""How long the drill waits for the mails."""
MAX_DELAY_SECONDS, MAX_SIGN_IN_SECONDS = 15.0, 5.0


@dataclass
class Inbox:
    """The instants (time.time) at which mails were accepted."""

    accepted: list[float] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's hook
        self, _server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        """Accept a mail."""
        self.accepted.append(time.time())
        return "250 OK"


@dataclass(frozen=True)
class Figures:
    """Seconds from the full minute to the last mail, and of the slowest sign-in."""

    mails: float
    sign_in: float


def run_drill(testbed: Testbed, tiendo: Path) -> Sequence[DrillResult]:
    """Deliver mails with and without the test deliveries."""
    if not isolation.is_permitted():
        return [DrillResult(NAME, ["skipped: needs root and mounts"], [])]
    with socket(AF_INET, SOCK_DGRAM) as silent:
        silent.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        silent.bind((SILENT_SERVER, 53))
        command = _with_silent_server(testbed.folder, tiendo)
        url = testbed.create_empty("dead_names")
        return [asyncio.run(_run(testbed.folder, url, command))]


def _with_silent_server(folder: Path, tiendo: Path) -> Path:
    """A command that runs `tiendo` with the silent name server as the only one."""
    resolv = folder / "resolv.conf"
    resolv.write_text(f"nameserver {SILENT_SERVER}\n")
    script = folder / "tiendo-with-silent-server"
    inner = f'mount --bind {resolv} /etc/resolv.conf && exec {tiendo} "$@"'
    script.write_text(f"#!/bin/sh\nexec unshare --mount sh -c '{inner}' sh \"$@\"\n")
    script.chmod(0o700)
    return script


async def _run(folder: Path, url: str, tiendo: Path) -> DrillResult:
    async with _inbox() as (inbox, port):
        settings = {
            "TIENDO_DATABASE_URL": url,
            "TIENDO_DATA_DIR": f"{folder / 'dead-names'}",
            "TIENDO_SMTP_URL": f"smtp://localhost:{port}",
            "TIENDO_CLOCK_START": CLOCK_START,
        }
        with serving(tiendo, folder, settings) as served:
            before, during = await _measure(served, inbox)
    figures = [
        f"{name}: mails {figures.mails:.1f} s after the full minute, "
        f"slowest sign-in {figures.sign_in:.1f} s"
        for name, figures in (("without deliveries", before), (f"with {LOOPS} at a time", during))
    ]
    claims = {
        f"mails leave within {MAX_DELAY_SECONDS:.0f} s": during.mails < MAX_DELAY_SECONDS,
        f"people sign in within {MAX_SIGN_IN_SECONDS:.0f} s": during.sign_in < MAX_SIGN_IN_SECONDS,
    }
    return DrillResult(NAME, figures, failed_claims(claims))


async def _measure(served: ServedProcess, inbox: Inbox) -> tuple[Figures, Figures]:
    """The figures without and with test deliveries."""
    origin = f"http://127.0.0.1:{served.port}"
    async with httpx.AsyncClient(base_url=origin, timeout=120) as client:
        admin = await _sign_in(client, "admin")
        coordinator = {"role": "coordinator", "agency": "395-LDTBXH"}
        await _create_account(client, admin, "drill-office", coordinator)
        for username, agency in REPORTERS.items():
            await _create_account(client, admin, username, {"role": "reporter", "agency": agency})
        webhook = await client.post(
            "/api/v1/webhooks", json={"agency": "395", "url": DEAD_URL}, headers=admin
        )
        test = f"/api/v1/webhooks/{webhook.raise_for_status().json()['id']}/test"
        office = await _sign_in(client, "drill-office")
        before = await _deliver(client, office, "close", inbox)
        async with asyncio.TaskGroup() as group:
            loops = [group.create_task(_repeat(client, test, admin)) for _ in range(LOOPS)]
            during = await _deliver(client, office, "open", inbox)
            for loop in loops:
                loop.cancel()
    return before, during


async def _deliver(
    client: httpx.AsyncClient, office: dict[str, str], change: str, inbox: Inbox
) -> Figures:
    """Close or open the period, of which all reporters are told, and wait for the mails."""
    inbox.accepted.clear()
    (await client.post(f"{PERIOD}/{change}", headers=office)).raise_for_status()
    minute = (time.time() // MINUTE + 1) * MINUTE
    slowest = 0.0
    while len(inbox.accepted) < len(REPORTERS) and time.time() < minute + MAX_SECONDS:
        begun = time.monotonic()
        await _sign_in(client, "drill-office")
        slowest = max(slowest, time.monotonic() - begun)
        await asyncio.sleep(1)
    last = max(inbox.accepted) if len(inbox.accepted) >= len(REPORTERS) else time.time()
    return Figures(last - minute, slowest)


async def _repeat(client: httpx.AsyncClient, test: str, admin: dict[str, str]) -> None:
    """Test the webhook until cancelled; every delivery fails."""
    while True:
        await client.post(test, headers=admin)


async def _sign_in(client: httpx.AsyncClient, username: str) -> dict[str, str]:
    """The headers of a signed-in person."""
    form = {"username": username, "password": PASSWORD}
    answer = (await client.post("/api/v1/auth/token", data=form)).raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def _create_account(
    client: httpx.AsyncClient, admin: dict[str, str], username: str, values: dict[str, Any]
) -> None:
    account = {
        "username": username,
        "full_name": username,
        "email": f"{username}@example.vn",
        "password": PASSWORD,
        **values,
    }
    (await client.post("/api/v1/users", json=account, headers=admin)).raise_for_status()


@asynccontextmanager
async def _inbox() -> AsyncIterator[tuple[Inbox, int]]:
    """A mail server, and its port."""
    inbox = Inbox()
    listener = await asyncio.get_running_loop().create_server(
        lambda: SMTP(inbox, hostname="localhost"), "127.0.0.1", 0
    )
    try:
        yield inbox, listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
