"""Who may connect, and whose socket is closed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import websocket

from millrace.clock import SystemClock
from millrace.errors import NotAuthenticated
from millrace.realtime.gate import Entry, Gate
from tests.realtime.conftest import Site
from tests.waiting import wait_until

CLOSED = "1"
"""The transport's word for closing."""


@contextmanager
def raw_socket(site: Site, auth: object = None) -> Iterator[websocket.WebSocket]:
    """A connection without a library, and what its client sends as `auth`, if anything."""
    address = f"{site.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    socket = websocket.create_connection(address, timeout=5)
    try:
        assert str(socket.recv()).startswith("0")
        if auth is not None:
            socket.send(f"40{json.dumps(auth)}")
        yield socket
    finally:
        socket.shutdown()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("auth", [{}, {"token": "x"}, {"token": "x" * 5000}])
def test_without_a_valid_token_nobody_connects(site: Site, auth: object) -> None:
    with raw_socket(site, auth) as socket:
        assert socket.recv() == '44{"message":"not_authenticated"}'


def test_what_is_no_token_is_refused_before_it_is_read() -> None:
    def enter(_token: str) -> Entry:
        pytest.fail("only a text is read as a token")

    gate = Gate(enter, None, SystemClock())  # type: ignore[arg-type]
    auth: object
    for auth in ({}, [], "x", {"token": None}, {"token": ["x"]}):
        with pytest.raises(NotAuthenticated):
            gate.admit("socket", auth)
    with pytest.raises(NotAuthenticated):
        gate.guest("socket")


def test_who_connects_and_shows_no_token_is_cut_off(site: Site) -> None:
    with raw_socket(site) as socket:
        assert socket.recv() == CLOSED


def test_a_message_that_is_too_long_ends_the_connection(site: Site) -> None:
    with raw_socket(site, {"token": site.person("ada").token}) as socket:
        assert str(socket.recv()).startswith("40")
        socket.send("x" * 20_000)
        assert socket.recv() == ""  # the closing frame


def test_what_is_no_event_of_ours_is_dropped(site: Site) -> None:
    with raw_socket(site, {"token": site.person("ada").token}) as socket:
        assert str(socket.recv()).startswith("40")
        for nonsense in ("4", "42", "42[]", "42[1]", "42{}", '451-["subscribe",1]', "42[", '42["unknown"]', "9"):
            socket.send(nonsense)
        socket.send('427["subscribe",{"room":"jobs:all"}]')
        assert socket.recv() == '437[{"ok":true}]'


def test_a_socket_ends_with_its_session(site: Site) -> None:
    with httpx.Client(base_url=f"{site.url}/api/v1") as http:
        body = {"email": "ada@example.org", "password": "correct horse battery", "name": "ada"}
        token = http.post("/auth/register", json=body).json()["access_token"]
        leaving = site.connect({"token": token})
        del body["name"]
        again = httpx.post(f"{site.url}/api/v1/auth/login", json=body)
        staying = site.connect({"token": again.json()["access_token"]})
        assert http.post("/auth/logout").status_code == 204
    wait_until(lambda: leaving.was_ended)
    assert not staying.was_ended
    assert staying.subscribe("jobs:all") == {"ok": True}


def test_a_socket_ends_when_the_role_changes(site: Site) -> None:
    ada = site.person("ada")
    browser = ada.connect()
    browser.subscribe("jobs:all")
    with site.services.database._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE accounts SET role = 'member'")
    wait_until(lambda: browser.was_ended)


def test_an_expired_token_may_be_renewed_by_the_same_account_alone(site: Site) -> None:
    ada, eve = site.person("ada"), site.person("eve")
    browser = ada.connect()
    assert browser.ask("renew", {"token": ada.token}) == {"ok": True}
    assert browser.ask("renew", {"token": eve.token})["error"]["code"] == "not_authenticated"
    assert browser.ask("renew", {"token": "x"})["error"]["code"] == "not_authenticated"
    assert browser.subscribe("jobs:all") == {"ok": True}


def test_only_the_websocket_transport_is_spoken(site: Site) -> None:
    answer = httpx.get(f"{site.url}/socket.io/?EIO=4&transport=polling")
    assert answer.status_code == 400
