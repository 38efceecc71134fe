"""Opens the port. It is never shared: a second server on it is told so, instead of taking half of the requests."""

import errno
import socket

from millrace.errors import ConfigurationError

BACKLOG = 1024


class PortTaken(ConfigurationError):
    """Another program listens on this port already."""

    code = "port_taken"


def open_listener(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port`; port 0 takes any free one.

    Raises:
        PortTaken: Another program listens there.
        ConfigurationError: The address can't be listened on for another reason.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ConfigurationError(f"MILLRACE_HOST names no address of this machine: {host}") from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # Lets a restarted server have its port back at once; doesn't let two servers share it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"Port {port} on {host} is taken by another program: stop that one, or set MILLRACE_PORT."
            ) from error
        raise ConfigurationError(f"Can't listen on {host}, port {port}: {error.strerror}.") from error
    return listener
