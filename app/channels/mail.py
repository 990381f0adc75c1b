"""E-mail: made from a message's words, handed to an SMTP server or written to a folder."""

import asyncio
import hashlib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import (
    Address,
    BaseHeader,
    HeaderRegistry,
    UniqueAddressHeader,
    UniqueUnstructuredHeader,
)
from email.message import EmailMessage
from email.policy import Policy, default
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import aiosmtplib

from app.channels.errors import DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from app.settings import Settings
from app.vocabulary import NotificationReason

TIMEOUT_SECONDS = 30.0
"""For handing over one mail, all steps together; shorter than a delivery's lease."""
SECONDS_FOR_GOODBYE = 2.0
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
FIRST_PERMANENT_REPLY = 500


class WholeHeader(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc]  # as Python mixes them
    """A header that stays on one line: an address that was folded or encoded is none any more."""

    def fold(self, *, policy: Policy) -> str:
        """The line; Python's own would encode whatever is longer than 78 characters."""
        return f"{self.name}: {self}{policy.linesep}"


class TextHeader(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc]  # as above
    """A header of words: where it goes on in a new line, Python's own may lose their blank."""

    def fold(self, *, policy: Policy) -> str:
        """The lines, encoded where they are not ASCII."""
        return f"{self.name}: {_encoded(str(self), self.name, policy)}{policy.linesep}"


class PersonHeader(UniqueAddressHeader, BaseHeader):  # type: ignore[misc]  # as above
    """A header with the name and address of one person, whose name keeps its blanks too."""

    def fold(self, *, policy: Policy) -> str:
        """The lines, with the name encoded where it is not ASCII."""
        [person] = self.addresses
        if person.display_name.isascii():
            return super().fold(policy=policy)
        name = _encoded(person.display_name, self.name, policy)
        return f"{self.name}: {name}{policy.linesep} <{person.addr_spec}>{policy.linesep}"


def _encoded(words: str, header: str, policy: Policy) -> str:
    return Header(words, header_name=header).encode(linesep=policy.linesep)


HEADERS = HeaderRegistry()
HEADERS.map_to_type("List-Unsubscribe", WholeHeader)
HEADERS.map_to_type("Subject", TextHeader)
HEADERS.map_to_type("From", PersonHeader)
HEADERS.map_to_type("To", PersonHeader)
POLICY = default.clone(header_factory=HEADERS)


@dataclass(frozen=True)
class Text:
    """A message in words: plain text for every channel, HTML for mail."""

    subject: str
    plain: str
    html: str


@dataclass(frozen=True)
class Envelope:
    """A message on its way: its number, whom it is for, and the words."""

    message_id: int
    full_name: str
    email: str
    text: Text
    created_at: datetime
    sent_at: datetime
    mail_key: UUID


def preferences_url(public_url: str, mail_key: UUID | None) -> str:
    """Where a person chooses channels, or unsubscribes by a POST, without signing in.

    For others than the person the key is left out: `None` shows what a mail will look like.
    """
    return f"{public_url}/notifications/preferences?key={mail_key or '…'}"


class Mailer:
    """Sends mail by `TIENDO_SMTP_URL`, or without it writes `.eml` files under `var/mail`.

    `smtp://host:port` speaks STARTTLS where the server offers it, `smtps://` TLS from the start;
    user name and password stand in the URL, and never leave the machine unencrypted. The server's
    certificate is checked, with `?ca=/path/to/ca.pem` against an authority of one's own.
    """

    def __init__(self, settings: Settings, timeout: float = TIMEOUT_SECONDS) -> None:
        url = settings.smtp_url.get_secret_value() if settings.smtp_url else None
        self._relay = Relay(url, timeout) if url else None
        self._folder = settings.data_dir / "mail"
        self._public_url = settings.public_url
        host = urlsplit(settings.public_url).hostname or "localhost"
        self._domain = host
        self._sender = settings.mail_from or f"Tiến độ <tiendo@{host}>"

    async def send(self, envelope: Envelope) -> None:
        """Hand a message over.

        Raises:
            DeliveryRefusedError: the server refuses it for good, or there is no address.
            DeliveryDelayedError: the server is away, slow, or busy.
        """
        if not envelope.email:
            raise DeliveryRefusedError(reason=NotificationReason.NO_MAIL_ADDRESS)
        mail = self.mail(envelope)
        if self._relay is None:
            self._write(envelope.message_id, mail)
        else:
            await self._relay.take(mail)

    def mail(self, envelope: Envelope) -> EmailMessage:
        """The mail of a message; its Message-ID is the same at every attempt."""
        mail = EmailMessage(POLICY)
        mail["From"] = self._sender
        mail["To"] = _address(envelope)
        mail["Subject"] = envelope.text.subject
        mail["Date"] = format_datetime(envelope.sent_at)
        mail["Message-ID"] = self._stable_id(envelope)
        link = preferences_url(self._public_url, envelope.mail_key)
        mail["List-Unsubscribe"] = f"<{link}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(envelope.text.plain)
        mail.add_alternative(envelope.text.html, subtype="html")
        mail["Content-Language"] = "vi"  # after the parts, which would take it for theirs
        return mail

    def _stable_id(self, envelope: Envelope) -> str:
        seed = f"{envelope.message_id}/{envelope.created_at.isoformat()}"
        digest = hashlib.sha256(seed.encode()).hexdigest()[:16]
        return f"<tiendo.{envelope.message_id}.{digest}@{self._domain}>"

    def _write(self, message_id: int, mail: EmailMessage) -> None:
        """Write the mail where nobody else on the machine reads it."""
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(exist_ok=True)
        self._folder.chmod(0o700)  # one that an earlier version made was open
        target: Path = self._folder / f"{message_id:08d}.eml"
        unfinished = target.with_suffix(".part")
        unfinished.touch(mode=0o600)
        unfinished.chmod(0o600)
        unfinished.write_bytes(bytes(mail))
        unfinished.rename(target)


def _address(envelope: Envelope) -> Address:
    try:
        name = " ".join(envelope.full_name.split())  # a line break would end the header
        return Address(display_name=name, addr_spec=envelope.email)
    except (ValueError, HeaderParseError) as error:
        raise DeliveryRefusedError(
            envelope.email, reason=NotificationReason.INVALID_MAIL_ADDRESS
        ) from error


class Relay:
    """The SMTP server that takes the mails."""

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        self._timeout = timeout
        needs_tls = parts.password is not None and parts.hostname not in LOOPBACK
        authority = parse_qs(parts.query).get("ca", [None])[0]
        self._options: dict[str, Any] = {
            "hostname": parts.hostname,
            "port": parts.port,
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "use_tls": parts.scheme == "smtps",
            "start_tls": True if needs_tls and parts.scheme == "smtp" else None,
            "tls_context": ssl.create_default_context(cafile=authority),
            "timeout": timeout,
        }

    async def take(self, mail: EmailMessage) -> None:
        """Hand a mail over.

        Only what is said of this mail is for good (5xx, RFC 5321, 4.2.1). What a server says of
        itself or of us, such as a wrong password, is put right by somebody, and then tried again.
        """
        client = aiosmtplib.SMTP(**self._options)
        try:
            async with asyncio.timeout(self._timeout):
                await client.connect()
                await client.send_message(mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            raise _failure(refused.code, refused.message) from error
        except aiosmtplib.SMTPDataError as error:
            raise _failure(error.code, error.message) from error
        except TimeoutError as error:
            raise DeliveryDelayedError(reason=NotificationReason.MAIL_TIMEOUT) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DeliveryDelayedError(str(error) or type(error).__name__) from error
        finally:
            await _part(client)


async def _part(client: aiosmtplib.SMTP) -> None:
    """End the conversation; what was taken is taken, however the server says goodbye."""
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(SECONDS_FOR_GOODBYE):
            await client.quit()
    client.close()


def _failure(code: int, message: str) -> DeliveryError:
    if code >= FIRST_PERMANENT_REPLY:
        return DeliveryRefusedError(f"{code} {message}")
    return DeliveryDelayedError(f"{code} {message}")
