"""The sole reader of the environment. Every name carries its unit; every value is checked once, at start-up."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeVar

from millrace.errors import ConfigurationError

Environment = Literal["development", "production"]
Registration = Literal["open", "closed"]

ChoiceT = TypeVar("ChoiceT", bound=str)

MIN_SECRET_LENGTH = 32
MEBIBYTE = 1024 * 1024
A_CENTURY_OF_DAYS = 36_525


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set. Defaults serve one machine; production sets the URLs and the secret."""

    environment: Environment = "development"
    data_folder: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = 8000
    database_url: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    bootstrap_token: str = field(default="", repr=False)
    registration: Registration = "open"
    worker_processes: int = 1
    worker_threads: int = 8
    worker_queues: tuple[str, ...] = ()
    handler_modules: tuple[str, ...] = ()
    examples: bool = True
    sqlite_full_sync: bool = False
    max_upload_bytes: int = 100 * MEBIBYTE
    access_token_lifetime: timedelta = timedelta(minutes=15)
    session_lifetime: timedelta = timedelta(days=30)
    shutdown_grace: timedelta = timedelta(seconds=10)
    keep_completed: timedelta = timedelta(days=30)
    keep_failed: timedelta = timedelta(days=90)
    keep_cancelled: timedelta = timedelta(days=30)
    sign_in_limit: str = "10 per minute"
    request_limit: str = "1200 per minute"
    frontend_folder: Path | None = None
    behind_proxy: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether the server is reached from this machine only."""
        if self.behind_proxy:
            return False  # the proxy listens elsewhere
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def bootstrap_token_required(self) -> bool:
        """Whether the first account must show the token that the terminal prints."""
        return bool(self.bootstrap_token) or not self.is_loopback

    @property
    def files_folder(self) -> Path:
        """Where uploads and artifacts lie."""
        return self.data_folder / "files"

    @property
    def log_folder(self) -> Path:
        """Where the rotating log files lie."""
        return self.data_folder / "log"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings of this process.

    Raises:
        ConfigurationError: A value is missing or wrong; the message names the variable and what to write.
    """
    read = _Reader(os.environ if environ is None else environ)
    data_folder = Path(read.text("DATA", "var")).absolute()
    settings = Settings(
        environment=read.choice("ENVIRONMENT", ("development", "production")),
        data_folder=data_folder,
        host=read.text("HOST", "127.0.0.1"),
        port=read.number("PORT", 8000, 0, 65535),
        database_url=read.text("DATABASE_URL", f"sqlite:///{data_folder / 'millrace.db'}"),
        redis_url=read.text("REDIS_URL", ""),
        secret_key=read.secret("SECRET_KEY"),
        bootstrap_token=read.secret("BOOTSTRAP_TOKEN"),
        registration=read.choice("REGISTRATION", ("open", "closed")),
        worker_processes=read.number("WORKER_PROCESSES", 1, 1, 64),
        worker_threads=read.number("WORKER_THREADS", 8, 1, 256),
        worker_queues=read.names("WORKER_QUEUES"),
        handler_modules=read.names("HANDLERS"),
        examples=read.choice("EXAMPLES", ("on", "off")) == "on",
        sqlite_full_sync=read.choice("SQLITE_SYNC", ("normal", "full")) == "full",
        max_upload_bytes=read.number("MAX_UPLOAD_MEBIBYTES", 100, 1, 1024 * 1024) * MEBIBYTE,
        shutdown_grace=timedelta(seconds=read.number("SHUTDOWN_GRACE_SECONDS", 10, 0, 3600)),
        keep_completed=read.days("KEEP_COMPLETED_DAYS", 30),
        keep_failed=read.days("KEEP_FAILED_DAYS", 90),
        keep_cancelled=read.days("KEEP_CANCELLED_DAYS", 30),
        sign_in_limit=read.text("SIGN_IN_LIMIT", "10 per minute"),
        request_limit=read.text("REQUEST_LIMIT", "1200 per minute"),
        frontend_folder=read.folder("FRONTEND"),
        behind_proxy=read.choice("BEHIND_PROXY", ("off", "on")) == "on",
    )
    _refuse_unsafe(settings)
    return settings


def _refuse_unsafe(settings: Settings) -> None:
    if settings.secret_key and len(settings.secret_key) < MIN_SECRET_LENGTH:
        raise ConfigurationError(f"MILLRACE_SECRET_KEY is too short: use {MIN_SECRET_LENGTH} random characters or more")
    if settings.environment == "development":
        return
    missing = [
        name
        for name, value in (
            ("MILLRACE_SECRET_KEY", settings.secret_key),
            ("MILLRACE_REDIS_URL", settings.redis_url),
        )
        if not value
    ]
    if missing:
        raise ConfigurationError(f"production needs {' and '.join(missing)}")


class _Reader:
    """Reads `MILLRACE_*` variables; a secret may stand in a file that `MILLRACE_<NAME>_FILE` names."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        return self._environ.get(f"MILLRACE_{name}", "").strip() or default

    def names(self, name: str) -> tuple[str, ...]:
        return tuple(self.text(name, "").replace(",", " ").split())

    def secret(self, name: str) -> str:
        path = self.text(f"{name}_FILE", "")
        if not path:
            return self.text(name, "")
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ConfigurationError(f"MILLRACE_{name}_FILE can't be read: {error.strerror}") from error

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        text = self.text(name, str(default))
        if not text.isdecimal() or not lowest <= int(text) <= highest:
            raise ConfigurationError(f"MILLRACE_{name} must be a whole number from {lowest} to {highest}, not {text!r}")
        return int(text)

    def days(self, name: str, default: int) -> timedelta:
        return timedelta(days=self.number(name, default, 1, A_CENTURY_OF_DAYS))

    def choice(self, name: str, choices: tuple[ChoiceT, ...]) -> ChoiceT:
        text = self.text(name, choices[0])
        for choice in choices:
            if text == choice:
                return choice
        raise ConfigurationError(f"MILLRACE_{name} must be one of {', '.join(choices)}, not {text!r}")

    def folder(self, name: str) -> Path | None:
        text = self.text(name, "")
        return Path(text).absolute() if text else None
