"""What a route may reach: the services and the app's own parts. Kept on the app, so that there are no globals."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import Flask, current_app

from millrace.api.access import Access

if TYPE_CHECKING:  # so that the OpenAPI document can be made without loading what the services stand on
    from millrace.services import Services

EXTENSION = "millrace"


@dataclass(frozen=True, slots=True)
class Context:
    """What belongs to one app."""

    services: "Services"
    access: Access


def attach(app: Flask, context: Context) -> None:
    """Make `context` what the routes of `app` reach."""
    app.extensions[EXTENSION] = context


def services() -> "Services":
    """The services of the app that answers this request."""
    return _context().services


def access() -> Access:
    """Who is let in to the app that answers this request."""
    return _context().access


def _context() -> Context:
    return cast(Context, current_app.extensions[EXTENSION])
