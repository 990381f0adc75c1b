"""Runs nginx and Caddy with the configurations of docs/operations.md in front of a service."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.console_snippets import ROOT, free_port

START_TIMEOUT_SECONDS = 30.0
SERVICE = "127.0.0.1:8000"
SITE = "tiendo.example.vn {"
NGINX = """\
daemon off;
master_process off;
pid FOLDER/nginx.pid;
error_log FOLDER/error.log;
events {}
http {
    access_log off;
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
"""
"""What /etc/nginx/nginx.conf has around a site."""
NGINX_COMPRESSES = """\
    gzip on;
    gzip_min_length 1;
    gzip_proxied any;
    gzip_types application/json application/problem+json;
"""
CADDY_GLOBAL = "{\n    admin off\n    auto_https off\n"
CADDY_COMPRESSES = "\n    encode {\n        gzip\n        minimum_length 1\n    }"


def program(name: str) -> str | None:
    """The path of a program, also of those that only root has in its search path."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def documented(language: str) -> str:
    """The configuration in the only block of this language in docs/operations.md."""
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    (block,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return str(block)


def replaced(text: str, replacements: Mapping[str, str]) -> str:
    """The text with each of these passages, which must occur in it, replaced."""
    for passage, replacement in replacements.items():
        assert passage in text, f"docs/operations.md no longer contains {passage!r}"
        text = text.replace(passage, replacement)
    return text


@contextmanager
def nginx(folder: Path, service_port: int, *, compresses: bool) -> Iterator[str]:
    """Run the documented site, with a certificate of its own; yields its URL."""
    port, key, certificate = free_port(), folder / "key.pem", folder / "certificate.pem"
    _create_certificate(key, certificate)
    live = "/etc/letsencrypt/live/tiendo.example.vn"
    site = replaced(
        documented("nginx"),
        {
            SERVICE: f"127.0.0.1:{service_port}",
            "listen 80;": f"listen 127.0.0.1:{free_port()};",
            "listen 443 ": f"listen 127.0.0.1:{port} ",
            f"{live}/fullchain.pem": str(certificate),
            f"{live}/privkey.pem": str(key),
        },
    )
    around = NGINX.replace("FOLDER", str(folder)) + (NGINX_COMPRESSES if compresses else "")
    configuration = folder / "nginx.conf"
    configuration.write_text(f"{around}{site}}}\n", "utf-8")
    command = [program("nginx") or "nginx", "-e", f"{folder}/error.log", "-c", str(configuration)]
    with _running(command, folder, port):
        yield f"https://127.0.0.1:{port}"


@contextmanager
def caddy(folder: Path, service_port: int, *, compresses: bool) -> Iterator[str]:
    """Run the documented site without TLS, which Caddy sets up by itself; yields its URL."""
    port = free_port()
    site = f"http://127.0.0.1:{port} {{{CADDY_COMPRESSES if compresses else ''}"
    configuration = folder / "Caddyfile"
    text = replaced(documented("caddy"), {SERVICE: f"127.0.0.1:{service_port}", SITE: site})
    assert text.startswith("{\n")
    configuration.write_text(CADDY_GLOBAL + text.removeprefix("{\n"), "utf-8")
    command = [program("caddy") or "caddy", "run", "--config", str(configuration)]
    command += ["--adapter", "caddyfile"]
    with _running(command, folder, port):
        yield f"http://127.0.0.1:{port}"


def _create_certificate(key: Path, certificate: Path) -> None:
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2"]
    command += ["-subj", "/CN=tiendo.example.vn", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - no outside input


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """Run a proxy until the end of the block; its output goes to `output` in the folder."""
    output = folder / "output"
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with (
        output.open("w") as file,
        subprocess.Popen(  # noqa: S603 - no outside input
            command, stdout=file, stderr=subprocess.STDOUT, env=environment
        ) as process,
    ):
        try:
            _wait_for(port, process, output)
            yield
        finally:
            process.terminate()
            process.wait(START_TIMEOUT_SECONDS)


def _wait_for(port: int, process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the proxy does not start: {output.read_text()}")
