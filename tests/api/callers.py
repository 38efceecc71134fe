"""Somebody who calls the API, as each test needs them."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from millrace.accounts.account import Account

API = "/api/v1"
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Caller:
    """A client with an access token, or without."""

    client: FlaskClient
    account: Account | None = None
    token: str = ""

    @property
    def id(self) -> str:
        assert self.account is not None
        return self.account.id

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._send("GET", path, **options)

    def post(self, path: str, json: object = None, **options: Any) -> TestResponse:
        if json is not None:
            options["json"] = json
        return self._send("POST", path, **options)

    def patch(self, path: str, json: object = None, **options: Any) -> TestResponse:
        if json is not None:
            options["json"] = json
        return self._send("PATCH", path, **options)

    def _send(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        address = path if path.startswith("/") else f"{API}/{path}"
        return self.client.open(address, method=method, headers=headers, buffered=True, **options)


def error_of(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The error of `response`, after a look at its shape."""
    body = response.get_json()
    assert response.status_code == status, body
    assert response.mimetype == "application/json"
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert set(error) - {"fields"} == {"code", "message", "request_id"}
    assert error["code"] == code, error
    assert error["request_id"] == response.headers["X-Request-ID"]
    assert error["message"].endswith((".", "?"))
    for path, messages in error.get("fields", {"": ["x"]}).items():
        assert isinstance(path, str)
        assert messages
        assert all(isinstance(message, str) for message in messages)
    return error


def ids_in(response: TestResponse) -> list[str]:
    """The ids on a page of a list."""
    assert response.status_code == 200, response.get_json()
    return [item["id"] for item in response.get_json()["items"]]
