"""Webhooks: a message posted, signed, to the address of a gateway (Zalo OA, Telegram, SMS)."""

import asyncio
import hashlib
import hmac
import ipaddress
import json
import socket
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.channels.errors import DeliveryDelayedError, DeliveryRefusedError
from app.settings import Environment, Settings
from app.vocabulary import NotificationReason

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS = 10.0
GONE = {400, 401, 403, 404, 405, 410, 413, 422}
"""Replies after which the same body will not fare better."""
HTTPS_PORT = 443


@dataclass(frozen=True)
class Post:
    """What is posted where, and the secret it is signed with."""

    url: str
    secret: str
    payload: dict[str, Any]


class WebhookSender:
    """Posts payloads; keeps one pool of connections."""

    def __init__(self, settings: Settings, timeout: float = TIMEOUT_SECONDS) -> None:
        import httpx  # noqa: PLC0415 - slow, and the service answers before it posts anything

        self._public_only = settings.environment is Environment.PRODUCTION
        self._timeout = timeout
        # Without the proxies of the environment: the address that was checked is the one asked.
        self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False)

    async def send(self, post: Post, now: datetime) -> None:
        """Post a payload with its signature.

        The header `Tiendo-Signature: t=<seconds>,v1=<hex>` holds the HMAC-SHA256 of
        `<seconds>.<body>` by the webhook's secret.

        Raises:
            DeliveryRefusedError: the address refuses it for good, or can be no address.
            DeliveryDelayedError: it is away, slow, or busy.
        """
        import httpx  # noqa: PLC0415 - as above

        body = json.dumps(post.payload, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "Tiendo-Signature": signature(body, post.secret, now),
            "Idempotency-Key": str(post.payload["message_id"]),
        }
        try:
            async with asyncio.timeout(self._timeout):
                request = self._client.build_request(
                    "POST", post.url, content=body, headers=headers
                )
                if self._public_only:
                    await _go_to_public_address(request, post.url)
                reply = await self._client.send(request)
        except TimeoutError as error:
            raise DeliveryDelayedError(reason=NotificationReason.WEBHOOK_TIMEOUT) from error
        except (httpx.HTTPError, OSError) as error:
            raise DeliveryDelayedError(str(error) or type(error).__name__) from error
        except (httpx.InvalidURL, ValueError, ExceptionGroup) as error:
            # What looks like a name may be none (xn--a.com): several libraries find that, each
            # with an exception of its own.
            raise DeliveryRefusedError(reason=NotificationReason.WEBHOOK_UNREACHABLE) from error
        if reply.is_success:
            return
        if reply.status_code in GONE:
            raise DeliveryRefusedError(
                str(reply.status_code), reason=NotificationReason.WEBHOOK_STATUS
            )
        raise DeliveryDelayedError(str(reply.status_code), reason=NotificationReason.WEBHOOK_STATUS)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def signature(body: bytes, secret: str, now: datetime) -> str:
    """The signature header of a body sent now."""
    seconds = int(now.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def is_public(url: str) -> bool:
    """Whether a URL is https and names no address of an inner network."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or host == "localhost" or "." not in host:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True


async def _go_to_public_address(request: "httpx.Request", url: str) -> None:
    """Point a request at an address that was seen to be public, so that no name leads inside.

    Raises:
        DeliveryRefusedError: the URL, or what its name resolves to, is not public.
    """
    if not is_public(url):
        raise DeliveryRefusedError(reason=NotificationReason.WEBHOOK_NOT_PUBLIC)
    host, port = request.url.host, request.url.port or HTTPS_PORT
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(place[4][0]) for place in found]
    if not addresses or not all(ipaddress.ip_address(each).is_global for each in addresses):
        raise DeliveryRefusedError(reason=NotificationReason.WEBHOOK_NOT_PUBLIC)
    request.extensions = {**request.extensions, "sni_hostname": host}
    request.url = request.url.copy_with(host=addresses[0])
