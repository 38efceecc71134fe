"""Somebody who submits by REST while faults go on, and notes every answer."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from tests.waiting import wait_until

PATIENCE_SECONDS = 60.0
"""Longer than any answer may take: that a server hangs shall be seen, not cut short."""

LANES = 4
CREDENTIALS = {"email": "ben@example.org", "password": "correct horse battery"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Without a status nothing did, and whether the job was taken is unknown."""

    status: int | None
    seconds: float
    job_id: str | None = None
    retry_after: str | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the server said that it has the job."""
        return self.status == httpx.codes.CREATED


class RestClient:
    """Signs in, or registers first. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=PATIENCE_SECONDS)
        answer = self._http.post("/api/v1/auth/login", json=CREDENTIALS)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            answer = self._http.post("/api/v1/auth/register", json={**CREDENTIALS, "name": "Ben"})
        self._http.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"

    def submit(self, type_name: str, payload: Mapping[str, Any], **options: Any) -> Answer:
        """Submit a job. Never raises for what the server does."""
        began = time.monotonic()
        try:
            answer = self._http.post("/api/v1/jobs", json={"type": type_name, "payload": payload, **options})
        except httpx.TransportError:
            return Answer(None, time.monotonic() - began)
        is_accepted = answer.status_code == httpx.codes.CREATED
        return Answer(
            answer.status_code,
            time.monotonic() - began,
            answer.json()["id"] if is_accepted else None,
            answer.headers.get("Retry-After"),
        )

    def get(self, path: str) -> httpx.Response:
        """Ask for something below /api/v1."""
        return self._http.get(f"/api/v1/{path}")

    def post(self, path: str) -> httpx.Response:
        """Ask to do something below /api/v1."""
        return self._http.post(f"/api/v1/{path}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()


@dataclass
class Traffic:
    """Steady submissions from several threads, until it is stopped."""

    submit: Callable[[], Answer]
    rate: float
    answers: list[Answer] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def accepted(self) -> set[str]:
        """The ids of jobs that the server said it has."""
        return {answer.job_id for answer in list(self.answers) if answer.job_id is not None}

    def refused(self) -> list[Answer]:
        """Every other answer."""
        return [answer for answer in list(self.answers) if not answer.is_accepted]

    def slowest(self) -> float:
        """How long the slowest answer took."""
        return max((answer.seconds for answer in list(self.answers)), default=0.0)

    def await_answers(self, count: int, seconds: float = 20) -> None:
        """Wait until so many more were accepted."""
        wanted = len(self.accepted()) + count
        wait_until(lambda: len(self.accepted()) >= wanted, seconds, f"{count} submissions to be accepted")

    def run(self) -> None:
        """One lane: submit, wait for the answer, rest."""
        while not self._stopped.wait(LANES / self.rate):
            self.answers.append(self.submit())

    def stop(self) -> None:
        self._stopped.set()


@contextmanager
def traffic(submit: Callable[[], Answer], rate: float) -> Iterator[Traffic]:
    """About `rate` submissions a second, for as long as the block lasts."""
    flow = Traffic(submit, rate)
    lanes = [threading.Thread(target=flow.run) for _ in range(LANES)]
    for lane in lanes:
        lane.start()
    try:
        yield flow
    finally:
        flow.stop()
        for lane in lanes:
            lane.join()
