"""Surroundings of a drill that need root: a remote PostgreSQL with a cable, a small disk."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.server import postgres_user

NAMESPACE, LINK, PEER = "tiendo-drill", "tiendo-drill0", "tiendo-drill1"
HERE, THERE = "10.253.77.1", "10.253.77.2"
USER = "nobody"


def is_permitted() -> bool:
    """Whether this process may create network namespaces and mounts."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    probe = ["unshare", "--net", "--mount", "true"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0  # noqa: S603 - no outside input


@dataclass(frozen=True)
class RemoteServer:
    """A PostgreSQL behind a virtual cable."""

    url: str

    def unplug(self) -> None:
        """Take the link down: packets are lost without an error."""
        _run("ip", "link", "set", LINK, "down")

    def plug_in(self) -> None:
        """Take the link up."""
        _run("ip", "link", "set", LINK, "up")


@contextmanager
def remote_server() -> Iterator[RemoteServer]:
    """Run a PostgreSQL in the namespace inside the block."""
    data = Path(tempfile.mkdtemp(prefix="tiendo-remote-"))
    owner = pwd.getpwnam(USER)
    os.chown(data, owner.pw_uid, owner.pw_gid)
    _run("ip", "netns", "add", NAMESPACE)
    try:
        _connect()
        _run_as_user("initdb", "-D", f"{data}", "--auth=trust", "-U", "postgres")
        (data / "pg_hba.conf").write_text(f"host all all {HERE}/32 trust\nlocal all all trust\n")
        options = f"-c listen_addresses={THERE} -c unix_socket_directories={data}"
        _control(data, "-o", options, "-l", f"{data}/log", "start")
        try:
            yield RemoteServer(f"postgresql://postgres@{THERE}:5432/postgres")
        finally:
            _control(data, "-m", "immediate", "stop")
    finally:
        _run("ip", "netns", "delete", NAMESPACE)
        shutil.rmtree(data)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk of `size` bytes in memory."""
    folder.mkdir(exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", f"{folder}")
    try:
        yield folder
    finally:
        _run("umount", "--lazy", f"{folder}")


def _connect() -> None:
    _run("ip", "link", "add", LINK, "type", "veth", "peer", "name", PEER, "netns", NAMESPACE)
    _run("ip", "address", "add", f"{HERE}/24", "dev", LINK)
    _run("ip", "link", "set", LINK, "up")
    _run("ip", "-n", NAMESPACE, "address", "add", f"{THERE}/24", "dev", PEER)
    _run("ip", "-n", NAMESPACE, "link", "set", PEER, "up")
    _run("ip", "-n", NAMESPACE, "link", "set", "lo", "up")


def _control(data: Path, *arguments: str) -> None:
    _run_as_user("pg_ctl", "-w", "-D", f"{data}", *arguments)


def _run_as_user(program: str, *arguments: str) -> None:
    path = postgres_user.find_programs() / program
    prefix = ("ip", "netns", "exec", NAMESPACE, "runuser", "-u", USER, "--")
    _run(*prefix, f"{path}", *arguments)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")  # noqa: S603 - no outside input
