"""What the README shows works as it stands there."""

import re
import subprocess
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.run.running_up import StartUp

README = Path(__file__).parents[2] / "README.md"
PRINTED_ADDRESS = "http://127.0.0.1:8000"
ACCOUNT = {"email": "you@example.com", "password": "a long password", "name": "You"}


@pytest.mark.flow
def test_the_curl_example_resizes_a_picture(start_up: StartUp, tmp_path: Path) -> None:
    up = start_up()
    up.wait_until_ready()
    httpx.post(f"{up.url}/api/v1/auth/register", json=ACCOUNT).raise_for_status()
    Image.linear_gradient("L").convert("RGB").resize((1600, 1200)).save(tmp_path / "photo.jpg")
    block = re.search(r"```sh\n(API=.*?)```", README.read_text(), re.DOTALL)
    assert block is not None
    assert PRINTED_ADDRESS in block[1]
    script = block[1].replace(PRINTED_ADDRESS, up.url)

    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split()[-1] == "completed"
    with Image.open(tmp_path / "resized.webp") as made:
        assert (made.format, made.size) == ("WEBP", (1200, 900))
