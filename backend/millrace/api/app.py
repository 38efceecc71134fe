"""Makes the Flask app: every resource, guard and header around the given services. Nothing connects here."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from millrace.api.access import Access, prepare_tokens
from millrace.api.context import Context, attach
from millrace.api.errors import handle_errors
from millrace.api.frontend import serve_frontend
from millrace.api.headers import harden
from millrace.api.limits import bound_requests
from millrace.api.openapi import add_resources
from millrace.api.request_id import tell_requests_apart
from millrace.services import Services


def create_app(services: Services) -> Flask:
    """The WSGI app for REST, health and the built frontend.

    Raises:
        ConfigurationError: There is no secret key, or a limit is written wrongly.
    """
    app = Flask("millrace", static_folder=None)
    attach(app, Context(services, Access(services.accounts, services.clock)))
    prepare_tokens(app, services.settings)
    add_resources(app)
    # In the order in which a request passes them; an answer passes them backwards.
    tell_requests_apart(app)
    harden(app)
    serve_frontend(app, services.settings)
    bound_requests(app, services)
    handle_errors(app)
    if services.settings.behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    return app
