"""nginx.conf in a real nginx, before a stand-in for web that says what reached it."""

import json
import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]


class Web(BaseHTTPRequestHandler):
    """Answers every request with what it received; an upgrade with 101."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", self.headers["Connection"])
            self.end_headers()
            self.wfile.write(b"hello")
            self.close_connection = True
            return
        size = len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        body = json.dumps({"path": self.path, "size": size, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def web_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def adapt(folder: Path, port: int, web_port: int) -> str:
    """The configuration as it is, with the paths and addresses of this machine in place of the image's."""
    text = re.sub(r" /tmp/", f" {folder}/", (ROOT / "nginx.conf").read_text(encoding="utf-8"))
    replacements = {
        "server web:8000;": f"server 127.0.0.1:{web_port};",
        "listen 8080;": f"listen 127.0.0.1:{port};",
        "root /usr/share/nginx/html;": f"root {folder / 'html'};",
        "include /etc/nginx/mime.types;": "types { text/html html; text/javascript js; }",
    }
    for old, new in replacements.items():
        assert old in text
        text = text.replace(old, new)
    # Where root runs the tests, nginx would give up its rights and couldn't read the temporary folder.
    user = "user root;\n" if os.geteuid() == 0 else ""
    return user + text


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory, web_port: int) -> Iterator[str]:
    """The URL of a running nginx with this configuration and a small frontend."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("there is no nginx here (on Debian `apt install nginx`)")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    (folder / "html" / "assets").mkdir(parents=True)
    (folder / "html" / "index.html").write_text("<title>Millrace</title>")
    (folder / "html" / "assets" / "index-abc.js").write_text("1;" * 2000)
    config = folder / "nginx.conf"
    config.write_text(adapt(folder, port, web_port))
    command = [program, "-c", str(config), "-e", str(folder / "error.log"), "-p", str(folder)]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    with subprocess.Popen([*command, "-g", "daemon off;"], stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(port), message="nginx to answer")
        yield url
        process.terminate()


def answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("path", ["/api/v1/jobs?limit=5", "/health/ready", "/health", "/socket.io/?EIO=4"])
def test_what_is_not_the_frontend_reaches_web_unchanged(nginx: str, path: str) -> None:
    assert httpx.get(nginx + path).json()["path"] == path


def test_web_learns_who_asks_and_nobody_can_claim_otherwise(nginx: str) -> None:
    claims = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"}
    headers = httpx.get(f"{nginx}/api/v1/auth/setup", headers=claims).json()["headers"]
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "http"
    assert headers["Host"] == nginx.removeprefix("http://")


def test_upload_of_many_megabytes_passes(nginx: str) -> None:
    answer = httpx.post(f"{nginx}/api/v1/files", content=bytes(20 * 1024 * 1024))
    assert answer.json()["size"] == 20 * 1024 * 1024


def test_socket_is_upgraded(nginx: str) -> None:
    host, port = nginx.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        request = f"GET /socket.io/?transport=websocket HTTP/1.1\r\nHost: {host}\r\n"
        connection.sendall(f"{request}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"hello"):
            answer += connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101")


@pytest.mark.parametrize("path", ["/", "/jobs/01a202ce-d297-7290-87f3-b0219a892501", "/sign-in"])
def test_every_page_is_the_frontend_and_is_asked_for_anew(nginx: str, path: str) -> None:
    answer = httpx.get(nginx + path)
    assert answer.text == "<title>Millrace</title>"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_assets_are_kept_for_ever_and_compressed(nginx: str) -> None:
    answer = httpx.get(f"{nginx}/assets/index-abc.js")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"


def test_missing_asset_is_not_answered_by_a_page(nginx: str) -> None:
    assert httpx.get(f"{nginx}/assets/index-old.js").status_code == 404
