"""Real TLS in front of a server that speaks none. The same port takes plain connections too, for sentinels."""

import select
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 65_536
GREETING_SECONDS = 5
TLS_HANDSHAKE = b"\x16"
AUTHORITY = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign", "subjectKeyIdentifier=hash")
SIGNED = ("basicConstraints=critical,CA:FALSE", "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid")


@dataclass(frozen=True, slots=True)
class Certificate:
    """Two files."""

    file: Path
    key: Path

    def sign(self, name: str, host: str) -> "Certificate":
        """A certificate for `host`, such as `DNS:localhost`; this one is the authority."""
        return _make(self.file.parent, name, (*SIGNED, f"subjectAltName={host}"), "-CA", self.file, "-CAkey", self.key)


def make_authority(folder: Path, name: str) -> Certificate:
    """An authority that nobody knows."""
    return _make(folder, name, AUTHORITY, "-signkey", folder / f"{name}.key")


def _make(folder: Path, name: str, extensions: Sequence[str], *signer: str | Path) -> Certificate:
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    request, extension_file = folder / f"{name}.csr", folder / f"{name}.ext"
    extension_file.write_text("\n".join(extensions), encoding="utf-8")
    key_kind = ("-newkey", "rsa:2048", "-nodes", "-keyout", made.key)
    _openssl("req", "-new", *key_kind, "-subj", f"/CN={name}", "-out", request)
    serial = ("-set_serial", str(len(list(folder.iterdir()))))
    _openssl(
        "x509", "-req", "-in", request, "-days", "2", *serial, "-extfile", extension_file, *signer, "-out", made.file
    )
    return made


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class TlsFront:
    """Listens on `port` and passes on what it hears to a port of 127.0.0.1."""

    def __init__(self, certificate: Certificate, server_port: int) -> None:
        self.tls_connections = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.file, certificate.key)
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._servers: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def require_certificate(self, authority: Certificate) -> None:
        """From here on, who connects must show a certificate as well."""
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._context.load_verify_locations(authority.file)

    def close(self) -> None:
        """Close every connection, and listen no more."""
        for end in [self._listener, *self._servers]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(GREETING_SECONDS)
        with suppress(OSError), client, self._greet(client) as greeted:
            greeted.settimeout(None)
            with socket.create_connection(("127.0.0.1", self._server_port)) as server:
                self._servers.add(server)
                try:
                    pass_on(greeted, server)
                finally:
                    self._servers.discard(server)

    def _greet(self, client: socket.socket) -> socket.socket:
        if client.recv(1, socket.MSG_PEEK) != TLS_HANDSHAKE:
            return client
        greeted = self._context.wrap_socket(client, server_side=True)
        self.tls_connections += 1
        return greeted


def pass_on(client: socket.socket, server: socket.socket) -> None:
    """Copy bytes in both directions until one side ends. One thread does both: TLS isn't safe between two."""
    while True:
        ready, _, _ = select.select([client, server], [], [])
        for source, target in ((client, server), (server, client)):
            if source not in ready:
                continue
            while True:
                chunk = source.recv(CHUNK_BYTES)
                if not chunk:
                    return
                target.sendall(chunk)
                if not isinstance(source, ssl.SSLSocket) or not source.pending():
                    break


@contextmanager
def tls_front(certificate: Certificate, server_port: int) -> Iterator[TlsFront]:
    front = TlsFront(certificate, server_port)
    try:
        yield front
    finally:
        front.close()
