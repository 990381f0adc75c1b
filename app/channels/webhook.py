"""Webhooks: messages posted to a gateway (Zalo OA, Telegram, SMS), signed by Standard Webhooks."""

import asyncio
import base64
import ipaddress
import json
import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from app.channels.errors import DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from app.settings import Environment, Settings
from app.vocabulary import NotificationReason

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS = 10.0
PERMANENT_STATUSES = {400, 401, 403, 404, 405, 410, 413, 422}
"""Statuses after which the same body would be refused again."""
HTTPS_PORT = 443
SECRET_PREFIX = "whsec_"  # noqa: S105 - the same for all secrets
SECRET_BYTES = 32


@dataclass(frozen=True)
class Post:
    """A payload, its address, and the secret that signs it.

    id: the same at every attempt, so that receivers recognise a repetition.
    """

    id: str
    url: str
    secret: str
    payload: dict[str, Any]


class WebhookSender:
    """Sends posts by HTTP over one pool of connections."""

    def __init__(self, settings: Settings, timeout: float = TIMEOUT_SECONDS) -> None:
        import httpx  # noqa: PLC0415 - slow to import, and not needed to answer requests

        self._public_only = settings.environment is Environment.PRODUCTION
        self._timeout = timeout
        # Ignore proxies of the environment, which would resolve the name once more.
        self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False)

    async def send(self, post: Post, now: datetime) -> None:
        """Sign and send a post.

        Raises:
            DeliveryRefusedError: the receiver refuses it for good, or the address is invalid.
            DeliveryDelayedError: the receiver is unreachable, slow, or busy.
        """
        import httpx  # noqa: PLC0415 - as above

        body = json.dumps(post.payload, ensure_ascii=False)
        headers = {"Content-Type": "application/json"} | sign(post.id, body, post.secret, now)
        try:
            async with asyncio.timeout(self._timeout):
                request = self._client.build_request(
                    "POST", post.url, content=body.encode(), headers=headers
                )
                if self._public_only:
                    await _pin_public_address(request, post.url)
                response = await self._client.send(request)
        except TimeoutError as error:
            raise DeliveryDelayedError(reason=NotificationReason.WEBHOOK_TIMEOUT) from error
        except (httpx.HTTPError, OSError) as error:
            raise DeliveryDelayedError(str(error) or type(error).__name__) from error
        except (httpx.InvalidURL, ValueError, ExceptionGroup) as error:
            # Several libraries reject an invalid host such as xn--a.com, each in its own way.
            raise DeliveryRefusedError(reason=NotificationReason.WEBHOOK_UNREACHABLE) from error
        if not response.is_success:
            raise _failure(response.status_code)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _failure(status: int) -> DeliveryError:
    kind = DeliveryRefusedError if status in PERMANENT_STATUSES else DeliveryDelayedError
    return kind(str(status), reason=NotificationReason.WEBHOOK_STATUS)


def generate_secret() -> str:
    """A new secret, `whsec_` and the base64 of its bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(message_id: str, body: str, secret: str, now: datetime) -> dict[str, str]:
    """The headers that identify, date and sign a body (Standard Webhooks 1.0.0)."""
    now = now.astimezone(UTC)  # the library takes any other zone for UTC
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body),
    }


def is_public(url: str) -> bool:
    """Whether a URL is https and its host is not obviously one of an internal network."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or host == "localhost" or "." not in host:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True


async def _pin_public_address(request: "httpx.Request", url: str) -> None:
    """Replace the request's host by a resolved address that was checked to be public.

    A second resolution could lead elsewhere (DNS rebinding). The certificate is still checked
    against the host's name.

    Raises:
        DeliveryRefusedError: the URL, or an address that its host resolves to, is not public.
    """
    if not is_public(url):
        raise DeliveryRefusedError(reason=NotificationReason.WEBHOOK_NOT_PUBLIC)
    host, port = request.url.host, request.url.port or HTTPS_PORT
    entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in entries]
    if not addresses or not all(ipaddress.ip_address(each).is_global for each in addresses):
        raise DeliveryRefusedError(reason=NotificationReason.WEBHOOK_NOT_PUBLIC)
    request.extensions = {**request.extensions, "sni_hostname": host}
    request.url = request.url.copy_with(host=addresses[0])
