"""`millrace up` on a Redis that somebody else runs: every process reaches it, and nobody tells its password."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.run.running_up import START_SECONDS, StartUp
from tests.servers.redis_forms import SECRETS, RedisForms, redis_forms
from tests.waiting import wait_until

pytestmark = pytest.mark.flow

ADA = {"email": "ada@example.org", "password": "correct horse battery", "name": "ada"}


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisForms]:
    with redis_forms(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.mark.parametrize("form", ["unix", "tls", "sentinel with tls"])
def test_a_job_runs_and_the_password_stays_secret(
    start_up: StartUp, forms: RedisForms, form: str, tmp_path: Path
) -> None:
    up = start_up(redis_url=forms.urls[form])
    up.wait_until_ready()
    assert "Starting web, worker and scheduler" in up.text
    token = httpx.post(f"{up.url}/api/v1/auth/register", json=ADA).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    body = {"type": "sleep", "payload": {"seconds": 0.1}}
    job = httpx.post(f"{up.url}/api/v1/jobs", json=body, headers=headers).json()
    where = f"{up.url}/api/v1/jobs/{job['id']}"
    wait_until(lambda: httpx.get(where, headers=headers).json()["state"] == "completed", 20, "the job to run")
    assert httpx.get(f"{up.url}/health").json()["redis"] == "ok"
    with forms.server.client() as admin:
        assert admin.client_list(_type="pubsub")
    up.process.terminate()
    assert up.wait_until_gone() == 0
    written = up.text + "".join(file.read_text() for file in (tmp_path / "var" / "log").iterdir())
    assert [secret for secret in SECRETS if secret in written] == []


def test_a_wrong_url_ends_it_with_a_sentence_that_says_what_to_write(start_up: StartUp) -> None:
    up = start_up(redis_url="redis://:pass/word@localhost")
    assert up.process.wait(START_SECONDS) == 1
    wait_until(lambda: "what is wrong stands above" in up.text)
    assert "millrace: MILLRACE_REDIS_URL must name each server as host or host:port" in up.text
    assert "pass/word" not in up.text
