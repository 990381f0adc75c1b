"""Webhooks: messages posted to a gateway (Zalo OA, Telegram, SMS), signed by Standard Webhooks."""

import asyncio
import base64
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook

from app.channels.errors import DeliveryDelayedError, DeliveryError, DeliveryRefusedError
from app.channels.public_address import is_public_address, is_public_url
from app.channels.resolver import Resolver
from app.settings import Environment, Settings
from app.vocabulary import NotificationReason

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS = 10.0
"""For the look-up of the host, the connection, and the head of the answer together."""
BODY_BYTES, BODY_SECONDS = 4096, 1.0
HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": "tiendo",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}
PERMANENT_STATUSES = {400, 401, 403, 404, 405, 410, 413, 422}
"""Statuses after which the same body would be refused again."""
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
    """Sends posts by HTTP/1.1, each on a connection of its own.

    A kept connection would be used again for another host with the same address, whose certificate
    would not be checked. The transport is used without a client, which would store cookies, unpack
    the answer, and ask the proxies of the environment.
    """

    def __init__(
        self,
        settings: Settings,
        timeout: float = TIMEOUT_SECONDS,
        resolver: Resolver | None = None,
    ) -> None:
        self._public_only = settings.environment is Environment.PRODUCTION
        self._timeout = timeout
        self._resolver = resolver or Resolver()

    async def send(self, post: Post, now: datetime) -> None:
        """Sign and send a post.

        Raises:
            DeliveryRefusedError: the receiver refuses it for good, or the address is invalid.
            DeliveryDelayedError: the receiver is unreachable, slow, or busy.
        """
        import httpx  # noqa: PLC0415 - slow to import, and not needed to answer requests

        try:
            async with asyncio.timeout(self._timeout):
                response = await self._post(self._compose(post, now))
        except TimeoutError as error:
            raise DeliveryDelayedError(reason=NotificationReason.WEBHOOK_TIMEOUT) from error
        except (httpx.HTTPError, OSError) as error:
            raise DeliveryDelayedError(str(error) or type(error).__name__) from error
        except (httpx.InvalidURL, ValueError, ExceptionGroup) as error:
            # Several libraries reject an invalid host such as xn--a.com, each in its own way.
            raise DeliveryRefusedError(reason=NotificationReason.WEBHOOK_UNREACHABLE) from error
        await _discard_body(response)
        if not response.is_success:
            raise _failure(response.status_code)

    def _compose(self, post: Post, now: datetime) -> "httpx.Request":
        """The signed request; httpx rejects an invalid URL here."""
        import httpx  # noqa: PLC0415 - as above

        if self._public_only and not is_public_url(post.url):
            raise DeliveryRefusedError(reason=NotificationReason.WEBHOOK_NOT_PUBLIC)
        body = json.dumps(post.payload, ensure_ascii=False)
        headers = HEADERS | sign(post.id, body, post.secret, now)
        return httpx.Request("POST", post.url, headers=headers, content=body.encode())

    async def _post(self, request: "httpx.Request") -> "httpx.Response":
        """Post a request to the first address of its host that accepts a connection.

        A second look-up could lead elsewhere (DNS rebinding), so an address that was checked is put
        into the URL. The certificate is still checked against the host's name.

        Raises:
            DeliveryRefusedError: an address of the host is not public.
            NameNotResolvedError: the host has no address, or no name server answers.
        """
        import httpx  # noqa: PLC0415 - as above

        host = request.url.raw_host.decode()
        addresses = await self._resolver.resolve(host)
        if self._public_only and not all(is_public_address(ip_address(a)) for a in addresses):
            raise DeliveryRefusedError(reason=NotificationReason.WEBHOOK_NOT_PUBLIC)
        request.extensions = {**request.extensions, "sni_hostname": host}
        refusal = httpx.ConnectError(f"{host} has no address")
        for address in addresses:
            request.url = request.url.copy_with(host=address)
            try:
                return await self._transport.handle_async_request(request)
            except httpx.ConnectError as error:
                refusal = error
        raise refusal

    @cached_property
    def _transport(self) -> "httpx.AsyncHTTPTransport":
        import httpx  # noqa: PLC0415 - as above

        limits = httpx.Limits(max_keepalive_connections=0)
        return httpx.AsyncHTTPTransport(trust_env=False, limits=limits)

    async def close(self) -> None:
        """End all look-ups; connections end with their posts."""
        await self._resolver.close()


async def _discard_body(response: "httpx.Response") -> None:
    """Read a short body, so that the receiver sees no reset connection, and close the response.

    The status is the answer; the body is never unpacked or kept. An error in it changes nothing.
    """
    import httpx  # noqa: PLC0415 - as above

    size = 0
    with suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > BODY_BYTES:
                    break
    with suppress(httpx.HTTPError):
        await response.aclose()


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
