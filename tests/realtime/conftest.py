"""A web process with real parts (SQLite, Redis, HTTP, WebSocket), and browsers that write down what they hear."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio
from werkzeug.serving import make_server

from millrace.accounts.account import Account
from millrace.api.app import create_app
from millrace.jobs.job import Job
from millrace.jobs.submission import Submission
from millrace.realtime.server import Realtime
from millrace.services import Services, build_services
from millrace.settings import Settings
from millrace.store.database import Database
from millrace.store.migrate import upgrade
from tests.waiting import wait_until

RECHECK_SECONDS = 0.2


@dataclass
class Browser:
    """One connected client."""

    client: socketio.Client
    heard: list[tuple[str, Any]] = field(default_factory=list)
    was_ended: bool = False

    def ask(self, event: str, message: object) -> Any:
        return self.client.call(event, message, timeout=5)

    def subscribe(self, room: object) -> Any:
        return self.ask("subscribe", {"room": room})

    def all(self, event: str) -> list[Any]:
        return [data for name, data in list(self.heard) if name == event]

    def wait_for_state(self, job: Job, state: str) -> None:
        wait_until(lambda: self.states_of(job)[-1:] == [state])

    def wait_for_refetch(self, reason: str) -> None:
        wait_until(lambda: self.all("refetch") == [{"reason": reason}])

    def states_of(self, job: Job) -> list[str]:
        return [row["state"] for rows in self.all("jobs") for row in rows if row["id"] == job.id]


@dataclass
class Person:
    """Somebody with an account, signed in."""

    site: "Site"
    account: Account
    token: str

    def connect(self) -> Browser:
        return self.site.connect({"token": self.token})

    def submit(self, seconds: float = 1) -> Job:
        return self.site.services.jobs.submit(Submission("sleep", {"seconds": seconds}), self.account)


@dataclass
class Site:
    """A running web process."""

    url: str
    services: Services
    realtime: Realtime
    browsers: list[Browser] = field(default_factory=list)

    def close(self) -> None:
        """Close every socket from this side, which is quicker than from theirs."""
        self.realtime.stop()
        for browser in self.browsers:
            browser.client.disconnect()

    def person(self, name: str) -> Person:
        """Register somebody. The first one is the admin, the others members."""
        body = {"email": f"{name}@example.org", "password": "correct horse battery", "name": name}
        answer = httpx.post(f"{self.url}/api/v1/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        account = self.services.accounts.get(answer.json()["user"]["id"])
        assert account is not None
        return Person(self, account, answer.json()["access_token"])

    def connect(self, auth: object) -> Browser:
        client = socketio.Client(reconnection=False)
        browser = Browser(client)
        for event in ("jobs", "progress", "log", "refetch"):
            client.on(event, lambda data, event=event: browser.heard.append((event, data)))
        client.on("disconnect", lambda *_reason: setattr(browser, "was_ended", True))
        self.browsers.append(browser)
        client.connect(self.url, auth=auth, transports=["websocket"], wait_timeout=5)
        return browser


StartSite = Callable[..., Site]


@pytest.fixture
def start_site(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[StartSite]:
    """Starts a site; options are settings."""
    with ExitStack() as stack:

        def start(**options: Any) -> Site:
            settings = Settings(
                data_folder=tmp_path, database_url=sqlite_url, redis_url=redis_url, secret_key="s" * 40, **options
            )
            database = Database(sqlite_url)
            upgrade(database)
            database.close()
            services = build_services(settings)
            stack.callback(services.close)
            app = create_app(services)
            realtime = Realtime(
                app,
                services,
                app.extensions["millrace"].access.enter,
                async_mode="threading",
                recheck_seconds=RECHECK_SECONDS,
            )
            server = make_server("127.0.0.1", 0, app, threaded=True)
            stack.callback(server.server_close)
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            realtime.start(on_crash=lambda: pytest.fail("a realtime thread crashed"))
            site = Site(f"http://127.0.0.1:{server.server_port}", services, realtime)
            stack.callback(site.close)
            wait_until(lambda: realtime.is_listening)
            return site

        yield start


@pytest.fixture
def site(start_site: StartSite) -> Site:
    return start_site()
