"""How often one may ask: counted together in Redis, and in memory while it is away."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from millrace.accounts.account import Role
from millrace.errors import ConfigurationError
from tests.api.callers import PASSWORD, Caller, error_of
from tests.api.conftest import MakeApp, People
from tests.waiting import wait_until

WRONG = {"email": "ada@example.org", "password": "wrong horse battery"}


def from_address(address: str) -> dict[str, object]:
    return {"environ_overrides": {"REMOTE_ADDR": address}}


def statuses(caller: Caller, count: int, address: str = "198.51.100.1") -> list[int]:
    return [caller.post("auth/login", WRONG, **from_address(address)).status_code for _ in range(count)]


def test_signing_in_is_limited_by_address(make_app: MakeApp) -> None:
    caller = Caller(make_app(sign_in_limit="3 per minute").test_client())
    assert statuses(caller, 4) == [401, 401, 401, 429]
    refused = caller.post("auth/login", WRONG, **from_address("198.51.100.1"))
    error_of(refused, 429, "too_many_requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert refused.headers["RateLimit-Limit"] == "3"
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert statuses(caller, 1, "198.51.100.2") == [401]


def test_registering_and_signing_in_share_their_limit(make_app: MakeApp) -> None:
    caller = Caller(make_app(sign_in_limit="2 per minute").test_client())
    assert statuses(caller, 2) == [401, 401]
    registration = {"email": "ada@example.org", "password": PASSWORD, "name": "Ada"}
    response = caller.post("auth/register", registration, **from_address("198.51.100.1"))
    error_of(response, 429, "too_many_requests")


def test_a_household_with_ipv6_is_one_address(make_app: MakeApp) -> None:
    caller = Caller(make_app(sign_in_limit="2 per minute").test_client())
    assert statuses(caller, 2, "2001:db8:1:2::1") == [401, 401]
    assert statuses(caller, 1, "2001:db8:1:2:3::9") == [429]
    assert statuses(caller, 1, "2001:db8:1:3::1") == [401]
    assert statuses(caller, 2, "::ffff:198.51.100.9") == [401, 401]
    assert statuses(caller, 1, "198.51.100.9") == [429]


def test_accounts_are_limited_each_on_their_own(make_app: MakeApp) -> None:
    app = make_app(request_limit="5 per minute")
    people = People(app, app.extensions["millrace"].services)
    ada, bob = people.of_role(Role.MEMBER), people.of_role(Role.MEMBER)
    answers = [ada.get(path) for path in ("jobs", "auth/me", "job-types", "jobs", "jobs", "jobs")]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
    assert bob.get("jobs").status_code == 200
    assert ada.get("/health/live").status_code == 200


def test_processes_count_together(make_app: MakeApp) -> None:
    first, second = (Caller(make_app(sign_in_limit="3 per minute").test_client()) for _ in range(2))
    assert statuses(first, 2) + statuses(second, 2) == [401, 401, 401, 429]


def test_limits_go_on_in_memory_while_redis_is_away(make_app: MakeApp) -> None:
    caller = Caller(make_app(sign_in_limit="3 per minute", redis_url="redis://127.0.0.1:1").test_client())
    assert statuses(caller, 4) == [401, 401, 401, 429]


@pytest.fixture
def paused(redis_url: str) -> Iterator[Redis]:
    """A Redis whose connections can all be cut."""
    with Redis.from_url(redis_url) as client:
        yield client


def test_connections_that_were_cut_fail_no_request(make_app: MakeApp, paused: Redis) -> None:
    caller = Caller(make_app(sign_in_limit="100 per minute").test_client())
    assert statuses(caller, 1) == [401]
    paused.client_kill_filter(_type="normal", skipme=True)
    assert statuses(caller, 3) == [401, 401, 401]


def test_requests_that_ask_at_once_while_redis_goes_away_all_go_on(make_app: MakeApp, paused: Redis) -> None:
    app = make_app(sign_in_limit="100 per minute")
    assert statuses(Caller(app.test_client()), 1) == [401]
    paused.client_pause(20_000, all=False)
    with ThreadPoolExecutor() as pool:
        asking = [pool.submit(statuses, Caller(app.test_client()), 1) for _ in range(4)]
        wait_until(lambda: len(paused.client_list(_type="normal")) > len(asking), message="all to wait for Redis")
        paused.client_kill_filter(_type="normal", skipme=True)
        paused.client_unpause()
    assert [answer.result() for answer in asking] == [[401]] * 4


def test_a_limit_that_cant_be_read_stops_the_start(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match="10 per minute"):
        make_app(sign_in_limit="often")


def test_a_missing_secret_stops_the_start(make_app: MakeApp) -> None:
    with pytest.raises(ConfigurationError, match="MILLRACE_SECRET_KEY"):
        make_app(secret_key="")
