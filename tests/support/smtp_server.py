"""A mail server for tests, with configurable failures."""

import asyncio
import ssl
import subprocess
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

LOGIN = LoginPassword(b"tiendo", "mật-khẩu".encode())


@dataclass
class PostOffice:
    """Received mails and logins, and the configured replies.

    A `reply` of None closes the connection without a reply. `seconds` delays the reply to each
    recipient and each mail. `refuse` maps recipients to error replies.
    """

    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    reply: str | None = "250 OK"
    seconds: float = 0.0
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's hook
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Accept a recipient, or reply with its configured error."""
        await asyncio.sleep(self.seconds)
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's hook
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Store the mail, then send the configured reply."""
        await asyncio.sleep(self.seconds)
        content = envelope.original_content or b""
        self.mails.append(message_from_bytes(content, policy=policy.default))
        assert isinstance(server.transport, asyncio.Transport)
        self.secured.append(server.transport.get_extra_info("ssl_object") is not None)
        if self.reply is None:
            server.transport.abort()
            return "421 gone"
        return self.reply

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        """Record a login and check its password."""
        self.logins.append(mechanism.encode())
        return AuthResult(success=data == LOGIN, handled=False)

    @property
    def ids(self) -> list[str]:
        """The Message-IDs in the order of arrival."""
        return [str(mail["Message-ID"]) for mail in self.mails]


@asynccontextmanager
async def post_office(
    *,
    tls: ssl.SSLContext | None = None,
    from_the_start: bool = False,
    login: bool = False,
    host: str = "127.0.0.1",
) -> AsyncIterator[PostOffice]:
    """Run the mail server on a free port."""
    office = PostOffice()
    options: dict[str, Any] = {"hostname": "localhost", "timeout": 30}
    if tls and not from_the_start:
        options |= {"tls_context": tls, "require_starttls": True}
    if login:
        options |= {
            "authenticator": office.authenticate,
            "auth_required": True,
            "auth_require_tls": not from_the_start and tls is not None,
        }

    def create_smtp() -> SMTP:
        with warnings.catch_warnings():
            # Some tests offer a login without TLS on purpose.
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
            return SMTP(office, **options)

    server = await asyncio.get_running_loop().create_server(
        create_smtp,
        host,
        0,
        ssl=tls if from_the_start else None,
    )
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A self-signed certificate for localhost, and its file."""
    key, file = folder / "key.pem", folder / "certificate.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(file)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - no outside input
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, key)
    return context, file
