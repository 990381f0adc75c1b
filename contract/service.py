"""The service that the checks call: a real server, with an account for each role and an API key."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Any

import httpx

START = "2024-06-10T08:00:00+07:00"
START_SECONDS = 90.0
PASSWORD = "mat-khau-kiem-tra"  # noqa: S105 - of accounts that exist only during the checks
TIENDO = [sys.executable, "-m", "app", "serve"]
ACCOUNTS = {
    "reporter": ("reporter", "15493"),
    "second-reporter": ("reporter", "15502"),
    "coordinator": ("coordinator", "395-LDTBXH"),
    "viewer": ("viewer", "395"),
}
"""User names with their role and agency; `admin` exists already."""
SCOPES = ["reference:read", "reports:read", "reports:write", "aggregates:read"]


@dataclass(frozen=True)
class RunningService:
    """A running server: its address, and the Authorization of each identity (anonymous: none)."""

    url: str
    authorizations: dict[str, str | None]


@contextmanager
def running() -> Iterator[RunningService]:
    """Start the service on an empty folder, with its clock in June 2024, and stop it afterwards."""
    with tempfile.TemporaryDirectory(prefix="contract-") as folder:
        port = free_port()
        settings = {
            "TIENDO_DATA_DIR": str(Path(folder) / "data"),
            "TIENDO_PORT": str(port),
            "TIENDO_ADMIN_PASSWORD": PASSWORD,
            "TIENDO_CLOCK_START": START,
        }
        log = (Path(folder) / "log").open("w")
        with (
            log,
            subprocess.Popen(  # noqa: S603 - no outside input
                TIENDO, env=os.environ | settings, stdout=log, stderr=log
            ) as server,
        ):
            try:
                url = f"http://127.0.0.1:{port}"
                _wait_until_ready(url, server)
                yield RunningService(url, _authorizations(url))
            finally:
                server.terminate()
                server.wait()


def free_port() -> int:
    """An unused port."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            httpx.get(f"{url}/health/ready").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the service did not start")


def _authorizations(url: str) -> dict[str, str | None]:
    """Create the accounts and the key, and sign in as each."""
    with httpx.Client(base_url=f"{url}/api/v1") as client:
        admin = _sign_in(client, "admin")
        client.headers["Authorization"] = admin
        for name, (role, agency) in ACCOUNTS.items():
            body = {"username": name, "full_name": name, "role": role, "agency": agency}
            _created(client.post("/users", json=body | {"password": PASSWORD}))
        key = {"name": "contract", "scopes": SCOPES, "agency": "395"}
        secret = _created(client.post("/api-keys", json=key))["key"]
        tokens = {name: _sign_in(client, name) for name in ACCOUNTS}
    return {"anonymous": None, **tokens, "admin": admin, "key": f"Bearer {secret}"}


def _sign_in(client: httpx.Client, username: str) -> str:
    form = {"username": username, "password": PASSWORD}
    answer = client.post("/auth/token", data=form, headers={"Authorization": ""})
    return f"Bearer {answer.raise_for_status().json()['access_token']}"


def _created(answer: httpx.Response) -> dict[str, Any]:
    document: dict[str, Any] = answer.raise_for_status().json()
    return document
