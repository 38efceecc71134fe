"""What the README and the docs show works as it stands there."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.run.running_up import StartUp
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
PRINTED_ADDRESS = "http://127.0.0.1:8000"
ACCOUNT = {"email": "you@example.com", "password": "a long password", "name": "You"}


def run_example(document: str, url: str, folder: Path) -> str:
    """Run the curl block of `document` against `url`; what it printed."""
    block = re.search(r"```sh\n(API=.*?)```", (ROOT / document).read_text(), re.DOTALL)
    assert block is not None
    assert PRINTED_ADDRESS in block[1]
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block[1].replace(PRINTED_ADDRESS, url)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def answers_in(printed: str) -> Iterator[dict[str, Any]]:
    """The JSON objects that were printed one after the other."""
    while printed := printed.strip():
        answer, end = json.JSONDecoder().raw_decode(printed)
        yield answer
        printed = printed[end:]


@pytest.mark.flow
def test_the_curl_example_resizes_a_picture(start_up: StartUp, tmp_path: Path) -> None:
    up = start_up()
    up.wait_until_ready()
    httpx.post(f"{up.url}/api/v1/auth/register", json=ACCOUNT).raise_for_status()
    Image.linear_gradient("L").convert("RGB").resize((1600, 1200)).save(tmp_path / "photo.jpg")

    printed = run_example("README.md", up.url, tmp_path)

    assert printed.split()[-1] == "completed"
    with Image.open(tmp_path / "resized.webp") as made:
        assert (made.format, made.size) == ("WEBP", (1200, 900))


@pytest.mark.flow
def test_the_curl_example_bounds_and_holds_a_queue(start_up: StartUp, tmp_path: Path) -> None:
    up = start_up()
    up.wait_until_ready()
    httpx.post(f"{up.url}/api/v1/auth/register", json=ACCOUNT).raise_for_status()

    printed = run_example("docs/queues.md", up.url, tmp_path)

    bounded, held, listed = answers_in(printed)
    assert (bounded["concurrency"], bounded["rate"], bounded["period_seconds"]) == (2, 100, 60)
    assert (held["concurrency"], held["rate"], held["paused"]) == (2, None, True)
    assert held in listed["items"]


@pytest.mark.flow
def test_the_curl_example_quiets_and_stops_a_worker(start_up: StartUp, tmp_path: Path) -> None:
    up = start_up()
    up.wait_until_ready()
    registered = httpx.post(f"{up.url}/api/v1/auth/register", json=ACCOUNT).raise_for_status()
    headers = {"Authorization": f"Bearer {registered.json()['access_token']}"}

    def workers() -> list[str]:
        answer = httpx.get(f"{up.url}/api/v1/workers", headers=headers).raise_for_status()
        return [item["id"] for item in answer.json()["items"]]

    wait_until(workers, 20, "the worker to be registered")
    printed = run_example("docs/workers.md", up.url, tmp_path)

    listed, quiet, stopping = answers_in(printed)
    (worker,) = listed["items"]
    assert (worker["state"], quiet["state"], stopping["state"]) == ("running", "quiet", "stopping")
    assert worker["id"] == quiet["id"] == stopping["id"]
    assert quiet["quiet_requested_by"]["name"] == stopping["stop_requested_by"]["name"] == "You"
    wait_until(lambda: workers() and worker["id"] not in workers(), 30, "another worker in its place")
