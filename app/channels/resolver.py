"""Look-ups of host names, bounded in time and number.

asyncio's own `getaddrinfo` blocks a thread of a pool that the whole process shares, for as long as
no name server answers. A resolver here has no threads, and each channel has its own.
"""

import asyncio
import socket
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiodns

SECONDS = 5.0
"""The longest look-up, including the wait while others run."""
QUERY_SECONDS, TRIES = 2.0, 2
AT_ONCE = 8


class NameNotResolvedError(OSError):
    """A host name has no address, or no name server answers."""


class Resolver:
    """Looks up host names in `/etc/hosts` and by name servers.

    nameservers: their addresses; without them those of `/etc/resolv.conf`.
    """

    def __init__(
        self,
        nameservers: list[str] | None = None,
        seconds: float = SECONDS,
        at_once: int = AT_ONCE,
    ) -> None:
        self._nameservers = nameservers
        self._seconds = seconds
        self._slots = asyncio.Semaphore(at_once)
        self._queries: aiodns.DNSResolver | None = None

    async def resolve(self, host: str) -> list[str]:
        """The addresses of a host, best first; an address is its own.

        Raises:
            NameNotResolvedError: it has none, or no name server answers in time.
        """
        with suppress(ValueError):
            return [str(ip_address(host))]
        try:
            async with asyncio.timeout(self._seconds), self._slots:
                return await self._look_up(host)
        except TimeoutError as error:
            raise NameNotResolvedError(f"{host}: no name server answers") from error

    async def _look_up(self, host: str) -> list[str]:
        import aiodns  # noqa: PLC0415 - 0.1 s, and not needed to answer requests

        if self._queries is None:  # created here because it belongs to the running loop
            self._queries = aiodns.DNSResolver(
                self._nameservers, timeout=QUERY_SECONDS, tries=TRIES
            )
        try:
            result = await self._queries.getaddrinfo(
                host, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM
            )
        except aiodns.error.DNSError as error:
            raise NameNotResolvedError(f"{host}: {error.args[-1]}") from error
        return [node.addr[0].decode() for node in result.nodes]

    async def connect(self, host: str, port: int) -> socket.socket:
        """A socket that is connected to the first address of a host that accepts.

        Raises:
            NameNotResolvedError: as above.
            OSError: the host refuses the connection, or is unreachable.
        """
        refusal = OSError(f"{host} has no address")
        for address in await self.resolve(host):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            connection = socket.socket(family, socket.SOCK_STREAM)
            connection.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(connection, (address, port))
            except OSError as error:
                connection.close()
                refusal = error
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise refusal

    async def close(self) -> None:
        """End all look-ups."""
        if self._queries is not None:
            await self._queries.close()
