"""Serves the built frontend from the same address as the API.

Pages have addresses of their own (`/jobs/…`), which the frontend knows and the server doesn't: what no route answers
and looks like a page is answered with `index.html`.
"""

from http import HTTPStatus
from pathlib import Path

from flask import Flask, Response, request, send_file
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from millrace.settings import Settings

RESERVED = ("api", "health", "metrics", "socket.io")
"""First parts of paths that are never pages."""

HASHED = "assets"
"""The folder whose files have a hash of their content in their names."""

FOR_A_YEAR = "public, max-age=31536000, immutable"
ASK_EVERY_TIME = "no-cache"
NOT_BUILT = "The dashboard isn't built: `make run` builds it. The API is at /api/v1/openapi.json.\n"


def serve_frontend(app: Flask, settings: Settings) -> None:
    """Answer what no route of `app` does with the frontend's files."""
    folder = settings.frontend_folder or _built_folder()
    app.before_request(lambda: _answer(folder) if _is_page() else None)


def _built_folder() -> Path:
    return Path(__file__).resolve().parents[3] / "frontend" / "dist"


def _is_page() -> bool:
    return (
        isinstance(request.routing_exception, NotFound)
        and request.method in ("GET", "HEAD")
        and request.path.split("/", 2)[1] not in RESERVED
    )


def _answer(folder: Path) -> Response:
    path = request.path.lstrip("/")
    index = folder / "index.html"
    found = safe_join(str(folder), path)
    if found is not None and "/." not in f"/{path}" and Path(found).is_file():
        return _send(Path(found), FOR_A_YEAR if path.startswith(f"{HASHED}/") else ASK_EVERY_TIME)
    if path.startswith(f"{HASHED}/"):
        raise NotFound  # a file of an older build
    if not index.is_file():
        return Response(NOT_BUILT, HTTPStatus.NOT_FOUND, mimetype="text/plain")
    return _send(index, ASK_EVERY_TIME)


def _send(path: Path, cache_control: str) -> Response:
    response = send_file(path)
    response.headers["Cache-Control"] = cache_control
    return response
