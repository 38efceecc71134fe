"""Registering, signing in and out. The refresh token travels in a cookie that scripts can't read."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Response, request

from millrace.accounts import wire
from millrace.accounts.account import Account
from millrace.accounts.service import Registration, SessionEnded, SignedIn
from millrace.api.context import access, services
from millrace.api.resource import Resource, answer, signed_in
from millrace.api.schemas.auth import (
    AuthAnswerSchema,
    CredentialsSchema,
    RegistrationSchema,
    SetupSchema,
    UserSchema,
)

COOKIE = "millrace_refresh"
COOKIE_PATH = "/api/v1/auth"

blueprint = Resource("auth", __name__, url_prefix=COOKIE_PATH, description="Accounts and sessions")


@blueprint.route("/setup")
@blueprint.response(HTTPStatus.OK, SetupSchema)
def show_setup() -> Response:
    """Tell what somebody without an account may do here"""
    setup = services().accounts.setup()
    return answer(
        {
            "first_account": setup.first_account,
            "registration_open": setup.registration_open,
            "bootstrap_token_required": setup.bootstrap_token_required,
        }
    )


@blueprint.route("/register", methods=["POST"])
@blueprint.arguments(RegistrationSchema)
@blueprint.refuses(HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS)
@blueprint.response(HTTPStatus.CREATED, AuthAnswerSchema)
def register(body: Mapping[str, Any]) -> Response:
    """Add an account and sign in; the first account becomes the admin"""
    return _signed_in_answer(services().accounts.register(Registration(**body)), HTTPStatus.CREATED)


@blueprint.route("/login", methods=["POST"])
@blueprint.arguments(CredentialsSchema)
@blueprint.refuses(HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)
@blueprint.response(HTTPStatus.OK, AuthAnswerSchema)
def login(body: Mapping[str, Any]) -> Response:
    """Sign in"""
    return _signed_in_answer(services().accounts.sign_in(body["email"], body["password"]))


@blueprint.route("/refresh", methods=["POST"])
@blueprint.refuses(HTTPStatus.UNAUTHORIZED)
@blueprint.response(HTTPStatus.OK, AuthAnswerSchema)
def refresh() -> Response:
    """Get a new access token by the cookie that signing in has set"""
    token = request.cookies.get(COOKIE)
    if not token:
        raise SessionEnded
    return _signed_in_answer(services().accounts.refresh(token))


@blueprint.route("/logout", methods=["POST"])
@blueprint.response(HTTPStatus.NO_CONTENT)
def logout() -> Response:
    """End the session of the cookie"""
    session_id = services().accounts.sign_out(request.cookies.get(COOKIE, ""))
    if session_id is not None:
        access().forget(session_id)
    response = Response(status=HTTPStatus.NO_CONTENT)
    response.delete_cookie(COOKIE, path=COOKIE_PATH, httponly=True, samesite="Strict", secure=request.is_secure)
    return response


@blueprint.route("/me")
@signed_in
@blueprint.response(HTTPStatus.OK, UserSchema)
def show_me(account: Account) -> Response:
    """Tell who is signed in"""
    return answer(wire.user(account))


def _signed_in_answer(signed: SignedIn, status: int = HTTPStatus.OK) -> Response:
    settings = services().settings
    response = answer(
        {
            "access_token": access().token_for(signed.session),
            "expires_in_seconds": int(settings.access_token_lifetime / timedelta(seconds=1)),
            "user": wire.user(signed.session.account),
        },
        status,
    )
    response.set_cookie(
        COOKIE,
        signed.refresh_token,
        max_age=settings.session_lifetime,
        path=COOKIE_PATH,
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response
