"""`millrace up` as a person meets it: real processes, killed and stopped in every way, and nothing is left running."""

import json
import signal
import socket
from pathlib import Path

import httpx
import pytest
import websocket

from tests.run.running_up import START_SECONDS, StartUp, is_alive
from tests.waiting import wait_until

pytestmark = pytest.mark.flow

ADA = {"email": "ada@example.org", "password": "correct horse battery", "name": "ada"}
CREDENTIALS = {name: ADA[name] for name in ("email", "password")}


def test_it_serves_restarts_what_dies_and_stops_cleanly(start_up: StartUp, tmp_path: Path) -> None:
    up = start_up()
    up.wait_until_ready()
    token = httpx.post(f"{up.url}/api/v1/auth/register", json=ADA).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    body = {"type": "sleep", "payload": {"seconds": 0.1}}
    job = httpx.post(f"{up.url}/api/v1/jobs", json=body, headers=headers).json()

    def state() -> str:
        return str(httpx.get(f"{up.url}/api/v1/jobs/{job['id']}", headers=headers).json()["state"])

    wait_until(lambda: state() == "completed")

    second = start_up()
    assert second.process.wait(START_SECONDS) == 2
    wait_until(lambda: f"(process {up.process.pid}) uses" in second.text)
    port = up.url.rpartition(":")[2]
    third = start_up(port=port, data=str(tmp_path / "other"))
    assert third.process.wait(START_SECONDS) == 2
    wait_until(lambda: f"Port {port} on 127.0.0.1 is taken" in third.text)
    assert "Starting" not in third.text

    for name in ("worker", "web", "valkey-server"):
        victim = up.child(name)
        victim.kill()
        wait_until(lambda victim=victim: not is_alive(victim))  # type: ignore[misc]
        up.everything.discard(victim)
    wait_until(lambda: up.text.count("was ended by SIGKILL; it starts again in 1 s") == 3)
    wait_until(lambda: _is_ready(up.url), START_SECONDS, "it is ready again")
    again = httpx.post(f"{up.url}/api/v1/jobs", json=body, headers=headers)
    assert again.status_code == 201
    job = again.json()
    wait_until(lambda: state() == "completed", 30)

    up.look()
    up.process.send_signal(signal.SIGINT)
    assert up.wait_until_gone() == 0
    wait_until(lambda: up.lines[-1] == "Stopped")
    assert "Traceback" not in up.text


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def test_nothing_is_left_after_kill_9_and_it_starts_again(start_up: StartUp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    up = start_up(port=port)
    up.wait_until_ready()
    assert len(up.everything) >= 4
    httpx.post(f"{up.url}/api/v1/auth/register", json=ADA).raise_for_status()
    up.process.kill()
    again = start_up(port=port)
    again.wait_until_ready()
    assert httpx.post(f"{again.url}/api/v1/auth/login", json=CREDENTIALS).status_code == 200
    up.wait_until_gone()
    again.process.terminate()
    assert again.wait_until_gone() == 0


def test_the_first_account_beyond_loopback_needs_the_token_on_the_terminal(start_up: StartUp) -> None:
    up = start_up(host="0.0.0.0")
    up.wait_until_ready()
    wait_until(lambda: "bootstrap token" in up.text)
    token = up.text.partition("bootstrap token: ")[2].split()[0]
    register = f"{up.url}/api/v1/auth/register"
    assert httpx.post(register, json=ADA).status_code == 403
    assert httpx.post(register, json=ADA | {"bootstrap_token": token}).status_code == 201
    up.process.send_signal(signal.SIGTERM)
    assert up.wait_until_gone() == 0


def test_a_second_ctrl_c_waits_for_no_job(start_up: StartUp) -> None:
    up = start_up(shutdown_grace_seconds="600")
    up.wait_until_ready()
    token = httpx.post(f"{up.url}/api/v1/auth/register", json=ADA).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    body = {"type": "sleep", "payload": {"seconds": 600}}
    job = httpx.post(f"{up.url}/api/v1/jobs", json=body, headers=headers).json()
    mine = f"{up.url}/api/v1/jobs/{job['id']}"
    wait_until(lambda: httpx.get(mine, headers=headers).json()["state"] == "running")
    up.look()
    up.process.send_signal(signal.SIGINT)
    wait_until(lambda: "Stopping" in up.text)
    up.process.send_signal(signal.SIGINT)
    assert up.wait_until_gone() == 0


def test_the_web_server_bounds_what_strangers_send(start_up: StartUp) -> None:
    up = start_up()
    up.wait_until_ready()
    host, _, port = up.url.removeprefix("http://").partition(":")
    address = f"ws://{host}:{port}/socket.io/?EIO=4&transport=websocket"

    fragments = websocket.create_connection(address, timeout=10)
    hello = json.loads(str(fragments.recv())[1:])
    assert hello["maxPayload"] == 16 * 1024
    fragments.send_frame(websocket.ABNF.create_frame("x" * 10_000, websocket.ABNF.OPCODE_TEXT, 0))
    fragments.send_frame(websocket.ABNF.create_frame("x" * 10_000, websocket.ABNF.OPCODE_CONT, 0))
    assert fragments.recv() == ""  # the closing frame
    fragments.shutdown()  # type: ignore[no-untyped-call]

    old = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key1": "1 2", "Sec-WebSocket-Key2": "1 2"}
    assert httpx.get(f"{up.url}/socket.io/?EIO=4&transport=websocket", headers=old).status_code == 426
    compressed = websocket.create_connection(
        address, timeout=10, header=["Sec-WebSocket-Extensions: permessage-deflate"]
    )
    assert "sec-websocket-extensions" not in (compressed.getheaders() or {})
    compressed.shutdown()  # type: ignore[no-untyped-call]
    assert httpx.get(f"{up.url}/{'x' * 9000}").status_code == 414
    assert httpx.get(f"{up.url}/health/live", headers={"X-Long": "x" * 9000}).status_code == 400
    assert httpx.get(f"{up.url}/health/live").status_code == 200
    up.process.terminate()
    assert up.wait_until_gone() == 0
