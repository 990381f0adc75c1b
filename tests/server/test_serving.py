"""`tiendo serve` as a process: data folder, port, signals, output."""

import signal
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil

from app.db.roles import DatabaseUrls
from tests.support.server_process import SECONDS_TO_START, TIENDO, Server, environment

PASSWORD = "mật khẩu của quản trị"


def fails(data_dir: Path, port: int, **settings: str) -> str:
    """Run a `tiendo serve` that cannot start; return its single error message."""
    done = subprocess.run(  # noqa: S603 - no outside input
        [TIENDO, "serve"],
        env=environment(data_dir, port, **settings),
        capture_output=True,
        text=True,
        timeout=SECONDS_TO_START,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("tiendo: ")
    assert "Traceback" not in done.stderr
    return done.stderr


def test_the_first_start_fills_the_database_and_the_second_keeps_it(
    data_dir: Path, port: int
) -> None:
    first = Server(data_dir, port, TIENDO_LANG="vi")
    first.wait_until_ready()
    (line,) = [line for line in first.lines if "Mật khẩu / password:" in line]
    password = line.split()[4]
    assert first.sign_in(password) == 200
    plans = first.client.get("/api/v1/reporting-periods").json()["items"]
    assert len(plans) == 6
    refusal = fails(data_dir, port + 1)
    assert "another `tiendo serve`" in refusal
    assert str(data_dir) in refusal
    assert oct((data_dir / "postgres").stat().st_mode)[-3:] == "700"
    assert first.end(signal.SIGINT) == 0
    assert f"http://127.0.0.1:{port}" in first.output
    assert not (data_dir / "postgres" / "postmaster.pid").exists()

    second = Server(data_dir, port, TIENDO_ADMIN_PASSWORD="not used any more")
    second.wait_until_ready()
    assert second.sign_in(password) == 200
    assert second.end() == 0
    assert password not in second.output
    assert "TIENDO_ADMIN_PASSWORD is not used" in second.output
    assert "tiendo user admin --reset" in second.output


def test_acknowledged_writes_survive_a_killed_server(data_dir: Path, port: int) -> None:
    first = Server(data_dir, port, TIENDO_ADMIN_PASSWORD=PASSWORD)
    first.wait_until_ready()
    assert PASSWORD not in first.output
    assert first.sign_in(PASSWORD) == 200
    person = {"username": "kept", "full_name": "Kept", "role": "viewer", "agency": "395"}
    assert first.client.post("/api/v1/users", json=person).status_code == 201
    assert first.end(signal.SIGKILL) == -signal.SIGKILL

    second = Server(data_dir, port)
    second.wait_until_ready()
    assert second.sign_in(PASSWORD) == 200
    assert second.client.get("/api/v1/users/kept").status_code == 200
    assert second.end() == 0
    # The database server outlived the killed process; the second server joined and stopped it.
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


def offsets(port: int, times: int) -> list[tuple[timedelta, timedelta]]:
    """Lower and upper bounds of the service's clock offset, from several requests."""
    bounds = []
    for _ in range(times):
        asked = datetime.now(UTC)
        answer = httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=SECONDS_TO_START)
        now = datetime.fromisoformat(answer.json()["now"])
        bounds.append((now - datetime.now(UTC), now - asked))
    return bounds


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_workers_share_one_rehearsal_clock_and_exit_with_their_parent(
    data_dir: Path, port: int, database_urls: DatabaseUrls
) -> None:
    rehearsal = datetime.fromisoformat("2024-06-10T08:00:00+07:00")
    began = datetime.now(UTC)
    server = Server(
        data_dir,
        port,
        TIENDO_DATABASE_URL=database_urls.application,
        TIENDO_OWNER_DATABASE_URL=database_urls.owner,
        TIENDO_WORKERS="2",
        TIENDO_CLOCK_START=rehearsal.isoformat(),
    )
    server.wait_until_ready()
    started = datetime.now(UTC)
    seen = offsets(port, 15)
    for child in psutil.Process(server.process.pid).children():
        child.kill()  # the supervisor starts a replacement
    server.wait_until_ready()
    seen += offsets(port, 15)
    assert max(at_least for at_least, _ in seen) <= min(at_most for _, at_most in seen)
    assert rehearsal - started <= seen[0][0] <= rehearsal - began
    server.end(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while answers(port):  # until the orphaned workers release the port
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_port_in_use_is_reported(data_dir: Path, port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        message = fails(data_dir, port)
    assert f"port {port} on 127.0.0.1 is in use" in message
    assert "TIENDO_PORT" in message


def test_an_unusable_data_folder_is_reported(data_dir: Path, port: int) -> None:
    data_dir.write_text("a file instead of a folder")
    message = fails(data_dir, port)
    assert f"the data folder {data_dir} cannot be written" in message
    assert "TIENDO_DATA_DIR" in message


def test_an_unreachable_database_is_reported_without_its_password(
    data_dir: Path, port: int
) -> None:
    url = f"postgresql://tiendo:open-sesame@127.0.0.1:{port + 1}/tiendo"
    message = fails(data_dir, port, TIENDO_DATABASE_URL=url)
    assert f"127.0.0.1:{port + 1}/tiendo does not answer" in message
    assert "open-sesame" not in message


def test_production_rejects_a_rehearsal_clock(data_dir: Path, port: int) -> None:
    message = fails(
        data_dir,
        port,
        TIENDO_ENVIRONMENT="production",
        TIENDO_PUBLIC_URL="https://tiendo.example.vn",
        TIENDO_CLOCK_START="2024-06-10T08:00:00+07:00",
    )
    assert message == (
        "tiendo: refused with TIENDO_ENVIRONMENT=production: "
        "TIENDO_CLOCK_START (a rehearsal clock)\n"
    )
