"""An SMTP server that records accepted mails; each worker process gets a port of its own."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope, Session

from app.channels.mail import MESSAGE_HEADER

SECONDS_PER_MAIL = 0.03
"""Delay before a mail is accepted."""


@dataclass(frozen=True)
class AcceptedMail:
    """An accepted mail; `at` is a value of time.monotonic."""

    message_id: str
    message: UUID
    """The id of the message that it carries."""
    port_index: int
    at: float


@dataclass
class MailPort:
    """A port and its SMTP handler; `used` is set when the first mail arrives."""

    index: int
    server: "MailServer"
    number: int = 0
    used: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's hook
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Record a mail and accept it."""
        self.used.set()
        await asyncio.sleep(SECONDS_PER_MAIL)
        mail = message_from_bytes(envelope.original_content or b"")
        self.server.accepted.append(
            AcceptedMail(
                mail["Message-ID"], UUID(mail[MESSAGE_HEADER]), self.index, time.monotonic()
            )
        )
        return "250 OK"


@dataclass
class MailServer:
    """The accepted mails in order, and the open ports."""

    accepted: list[AcceptedMail] = field(default_factory=list)
    ports: list[MailPort] = field(default_factory=list)
    listeners: list[asyncio.Server] = field(default_factory=list)

    async def open_port(self) -> MailPort:
        """Listen on one more free port of this machine."""
        port = MailPort(len(self.ports), self)
        listener = await asyncio.get_running_loop().create_server(
            lambda: SMTP(port, hostname="localhost"), "127.0.0.1", 0
        )
        port.number = listener.sockets[0].getsockname()[1]
        self.ports.append(port)
        self.listeners.append(listener)
        return port


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    """A mail server without ports; its ports are closed at the end."""
    server = MailServer()
    try:
        yield server
    finally:
        for listener in server.listeners:
            listener.close()
