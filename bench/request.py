"""What is asked of a server: kept in one form, sent by the load generator or in-process."""

import json
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class ApiRequest:
    """One request; `token` and `body` where it has them."""

    method: str
    path: str
    token: str | None = None
    body: Any = None
    key: str | None = None
    """Its Idempotency-Key."""
    accept: str = "*/*"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that it needs."""
        given = {
            "Accept": self.accept,
            "Authorization": self.token and f"Bearer {self.token}",
            "Idempotency-Key": self.key,
            "Content-Type": None if self.body is None else "application/json",
        }
        return {name: value for name, value in given.items() if value}

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        return b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()

    def raw(self) -> bytes:
        """The bytes of the request on a kept-alive HTTP/1.1 connection."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.method != "GET":
            lines.append(f"Content-Length: {len(self.content)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.content

    async def send(self, client: httpx.AsyncClient) -> httpx.Response:
        """The answer of an application in this process.

        Raises:
            RuntimeError: it is an error.
        """
        answer = await client.request(
            self.method, self.path, headers=self.headers, content=self.content
        )
        if answer.is_error:
            raise RuntimeError(f"{self.method} {self.path}: {answer.status_code} {answer.text}")
        return answer
