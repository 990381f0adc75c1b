"""An API request, sent by the load generator or to an application in this process."""

import json
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class ApiRequest:
    """One request, with an optional bearer token and JSON body."""

    method: str
    path: str
    token: str | None = None
    body: Any = None
    idempotency_key: str | None = None
    accept: str = "*/*"
    accept_encoding: str | None = None
    if_none_match: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The request headers that have a value."""
        headers = {
            "Accept": self.accept,
            "Accept-Encoding": self.accept_encoding,
            "If-None-Match": self.if_none_match,
            "Authorization": self.token and f"Bearer {self.token}",
            "Idempotency-Key": self.idempotency_key,
            "Content-Type": None if self.body is None else "application/json",
        }
        return {name: value for name, value in headers.items() if value}

    @property
    def content(self) -> bytes:
        """The encoded body."""
        return b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()

    def raw(self) -> bytes:
        """The request as sent on a keep-alive HTTP/1.1 connection."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.method != "GET":
            lines.append(f"Content-Length: {len(self.content)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.content

    async def send(self, client: httpx.AsyncClient) -> httpx.Response:
        """Send the request to an application in this process.

        Raises:
            RuntimeError: the response has an error status.
        """
        answer = await client.request(
            self.method, self.path, headers=self.headers, content=self.content
        )
        if answer.is_error:
            raise RuntimeError(f"{self.method} {self.path}: {answer.status_code} {answer.text}")
        return answer
