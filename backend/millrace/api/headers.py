"""What every answer tells the browser to refuse."""

from flask import Flask, Response, request

CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # the theme writes its styles while the page runs
        "img-src 'self' blob: data:",
        "font-src 'self'",
        "connect-src 'self'",  # WebSockets to our own address included
        "object-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def harden(app: Flask) -> None:
    """Set security headers on every answer of `app`, and let no cache keep what belongs to an account."""
    app.after_request(_set_headers)


def _set_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/api/") or request.path.startswith("/health"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
