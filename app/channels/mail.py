"""E-mail: composed from a message's text, sent to an SMTP server or written to a folder."""

import asyncio
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
from email.utils import format_datetime, make_msgid
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import aiosmtplib

from app.channels.errors import DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from app.channels.resolver import Resolver
from app.settings import Settings
from app.vocabulary import NotificationReason

TIMEOUT_SECONDS = 30.0
"""For all steps of sending one e-mail together; shorter than a delivery's lease."""
QUIT_SECONDS = 2.0
LONGEST_ENCODED_LINE = 76
"""With its leading blank, so an encoded word has at most 75 characters (RFC 2047, 2)."""
MESSAGE_HEADER = "Tiendo-Message"
"""Names the message as the journal does; its id is another one after a restore."""
KEY_LENGTH = 40
SMTPS_PORT, SUBMISSION_PORT = 465, 587
IPV6 = 6
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
FIRST_PERMANENT_REPLY = 500


# When Python folds a header between two encoded words, it loses the blank between them
# (python/cpython#144156). It also encodes an ASCII word that does not fit on a line, such as a URL,
# which mail programs then do not recognise (python/cpython#85725). So these classes fold instead.


class UnfoldedHeader(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc]  # as in headerregistry
    """A header on one line, for URLs."""

    def fold(self, *, policy: Policy) -> str:
        """The header as one line, without encoding."""
        return f"{self.name}: {self}{policy.linesep}"


class TextHeader(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc]  # as above
    """A header of text."""

    def fold(self, *, policy: Policy) -> str:
        """The header's lines, encoded if they are not ASCII."""
        return f"{self.name}: {_encode(str(self), self.name, policy)}{policy.linesep}"


class PersonHeader(UniqueAddressHeader, BaseHeader):  # type: ignore[misc]  # as above
    """A header with the name and address of one person."""

    def fold(self, *, policy: Policy) -> str:
        """The header's lines, with the name encoded if it is not ASCII."""
        [person] = self.addresses
        if person.display_name.isascii():
            return super().fold(policy=policy)
        name = _encode(person.display_name, self.name, policy)
        return f"{self.name}: {name}{policy.linesep} <{person.addr_spec}>{policy.linesep}"


def _encode(text: str, header: str, policy: Policy) -> str:
    return Header(text, header_name=header, maxlinelen=LONGEST_ENCODED_LINE).encode(
        linesep=policy.linesep
    )


HEADERS = HeaderRegistry()
HEADERS.map_to_type("List-Unsubscribe", UnfoldedHeader)
HEADERS.map_to_type("Subject", TextHeader)
HEADERS.map_to_type("From", PersonHeader)
HEADERS.map_to_type("To", PersonHeader)
POLICY = default.clone(header_factory=HEADERS)


@dataclass(frozen=True)
class MessageText:
    """The text of a message: plain for every channel, HTML for e-mail."""

    subject: str
    plain: str
    html: str


@dataclass(frozen=True)
class Envelope:
    """A message with its recipient, as it is sent by e-mail.

    key: the same where the message is planned again from a restored backup. mail_key: opens the
    recipient's page of channels; None for a mail that no choice of channels stops.
    """

    message_id: UUID
    key: str
    full_name: str
    email: str
    text: MessageText
    sent_at: datetime
    mail_key: UUID | None


@dataclass(frozen=True)
class Attachment:
    """A text file of an e-mail."""

    name: str
    content: str


def preferences_url(public_url: str, mail_key: UUID | None) -> str:
    """The page to choose channels, or to unsubscribe by a POST, without signing in.

    Without a key it shows what the link in an e-mail looks like.
    """
    return f"{public_url}/notifications/preferences?key={mail_key or '…'}"


class Mailer:
    """Sends e-mails to `TIENDO_SMTP_URL`, or without it writes `.eml` files under `var/mail`.

    `smtp://host:port` uses STARTTLS if the server offers it, `smtps://` TLS from the start. The URL
    may contain user name and password, which are sent to other machines by TLS only. The server's
    certificate is verified, with `?ca=/path/to/ca.pem` against that authority.
    """

    def __init__(self, settings: Settings, timeout: float = TIMEOUT_SECONDS) -> None:
        url = settings.smtp_url.get_secret_value() if settings.smtp_url else None
        host = urlsplit(settings.public_url).hostname or "localhost"
        self._relay = Relay(url, host, timeout) if url else None
        self._folder = settings.data_dir / "mail"
        self._public_url = settings.public_url
        self._domain = host
        self._sender = settings.mail_from or f"Tiến độ <tiendo@{host}>"

    async def send(self, envelope: Envelope) -> None:
        """Send a message.

        Raises:
            DeliveryRefusedError: the server refuses it for good, or the address is missing or
                invalid.
            DeliveryDelayedError: the server is unreachable, slow, or busy.
        """
        if not envelope.email:
            raise DeliveryRefusedError(reason=NotificationReason.NO_MAIL_ADDRESS)
        mail = self.compose(envelope)
        if self._relay is None:
            self._write(str(envelope.message_id), mail)
        else:
            await self._relay.send(mail)

    async def close(self) -> None:
        """End the look-ups of the mail server's name."""
        if self._relay is not None:
            await self._relay.resolver.close()

    async def send_attachment(
        self, address: str, subject: str, text: str, attachment: Attachment, sent_at: datetime
    ) -> None:
        """Send a file to an address of the settings, which belongs to no account.

        Raises:
            DeliveryRefusedError, DeliveryDelayedError: as for `send`.
        """
        mail = EmailMessage(POLICY)
        mail["From"] = self._sender
        mail["To"] = address
        mail["Subject"] = subject
        mail["Date"] = format_datetime(sent_at)
        mail["Message-ID"] = make_msgid("tiendo", self._domain)
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        mail.add_attachment(attachment.content, subtype="plain", filename=attachment.name)
        if self._relay is None:
            self._write(attachment.name, mail)
        else:
            await self._relay.send(mail)

    def compose(self, envelope: Envelope) -> EmailMessage:
        """The e-mail of a message.

        Its Message-ID is the same at every attempt and also where the message goes again after a
        restore, so that mail servers and programs can recognise the repetition.
        """
        mail = EmailMessage(POLICY)
        mail["From"] = self._sender
        mail["To"] = _address(envelope)
        mail["Subject"] = envelope.text.subject
        mail["Date"] = format_datetime(envelope.sent_at)
        mail["Message-ID"] = f"<tiendo.{envelope.key[:KEY_LENGTH]}@{self._domain}>"
        mail[MESSAGE_HEADER] = str(envelope.message_id)
        if envelope.mail_key is not None:
            link = preferences_url(self._public_url, envelope.mail_key)
            mail["List-Unsubscribe"] = f"<{link}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(envelope.text.plain)
        mail.add_alternative(envelope.text.html, subtype="html")
        mail["Content-Language"] = (
            "vi"  # set last: adding the parts would move it to the first of them
        )
        return mail

    def _write(self, name: str, mail: EmailMessage) -> None:
        """Write the e-mail, readable by this user only."""
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(exist_ok=True)
        self._folder.chmod(0o700)  # earlier versions created it with wider permissions
        target: Path = self._folder / f"{name}.eml"
        unfinished = target.with_suffix(".part")
        unfinished.touch(mode=0o600)
        unfinished.chmod(0o600)
        unfinished.write_bytes(bytes(mail))
        unfinished.rename(target)


def _address(envelope: Envelope) -> Address:
    try:
        name = " ".join(envelope.full_name.split())  # a line break would start another header
        return Address(display_name=name, addr_spec=envelope.email)
    except (ValueError, HeaderParseError) as error:
        raise DeliveryRefusedError(
            envelope.email, reason=NotificationReason.INVALID_MAIL_ADDRESS
        ) from error


class Relay:
    """The SMTP server that e-mails are sent to.

    own_host: the host by which this service introduces itself.
    """

    def __init__(self, url: str, own_host: str, timeout: float) -> None:
        parts = urlsplit(url)
        self.resolver = Resolver()
        self._timeout = timeout
        needs_tls = parts.password is not None and parts.hostname not in LOOPBACK
        authority = parse_qs(parts.query).get("ca", [None])[0]
        use_tls, start_tls = parts.scheme == "smtps", needs_tls and parts.scheme == "smtp"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (SMTPS_PORT if use_tls else SUBMISSION_PORT if start_tls else 25)
        self._options: dict[str, Any] = {
            "hostname": self._host,
            "local_hostname": helo_name(own_host),
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "use_tls": use_tls,
            "start_tls": True if start_tls else None,
            "tls_context": ssl.create_default_context(cafile=authority),
            "timeout": timeout,
        }

    async def send(self, mail: EmailMessage) -> None:
        """Send an e-mail.

        Only a permanent reply (5xx, RFC 5321, 4.2.1) about its recipient or content refuses it. Any
        other error, such as a wrong password, concerns the configuration: once that is corrected,
        another attempt succeeds.

        Raises:
            DeliveryRefusedError, DeliveryDelayedError: as above.
        """
        client = aiosmtplib.SMTP(**self._options)
        try:
            async with asyncio.timeout(self._timeout):
                await client.connect(sock=await self.resolver.connect(self._host, self._port))
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
            await _quit(client)


def helo_name(host: str) -> str:
    """The name for EHLO (RFC 5321, 4.1.3): the host, in brackets if it is an address.

    Without it the library would look up this machine's own name, in a thread and without limit.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return f"[{'IPv6:' if address.version == IPV6 else ''}{address}]"


async def _quit(client: aiosmtplib.SMTP) -> None:
    """End the session. An error here does not matter: the server has accepted the e-mail."""
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(QUIT_SECONDS):
            await client.quit()
    client.close()


def _failure(code: int, message: str) -> DeliveryError:
    if code >= FIRST_PERMANENT_REPLY:
        return DeliveryRefusedError(f"{code} {message}")
    return DeliveryDelayedError(f"{code} {message}")
