"""A mail server that notes which mail came by which door: each worker has a door of its own."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes

from aiosmtpd.smtp import SMTP, Envelope, Session

SECONDS_A_MAIL = 0.03
"""How long it looks at a mail before it takes it."""


@dataclass(frozen=True)
class Taking:
    """That a mail was taken: its Message-ID, by which door, and when by time.monotonic."""

    message_id: str
    door: int
    at: float


@dataclass
class Door:
    """A port; `used` once something came by it."""

    number: int
    office: "PostOffice"
    port: int = 0
    used: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_DATA(  # noqa: N802 - the hook's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take a mail."""
        self.used.set()
        await asyncio.sleep(SECONDS_A_MAIL)
        mail = message_from_bytes(envelope.original_content or b"")
        self.office.takings.append(Taking(mail["Message-ID"], self.number, time.monotonic()))
        return "250 OK"


@dataclass
class PostOffice:
    """What was taken, in order, and the doors."""

    takings: list[Taking] = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)
    servers: list[asyncio.Server] = field(default_factory=list)

    async def door(self) -> Door:
        """A new one, on a free port of this machine."""
        door = Door(len(self.doors), self)
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(door, hostname="localhost"), "127.0.0.1", 0
        )
        door.port = server.sockets[0].getsockname()[1]
        self.doors.append(door)
        self.servers.append(server)
        return door


@asynccontextmanager
async def post_office() -> AsyncIterator[PostOffice]:
    """A mail server, until its doors are closed at the end."""
    office = PostOffice()
    try:
        yield office
    finally:
        for server in office.servers:
            server.close()
