"""Structured logs: the console for people, a rotating file of JSON lines for programs.

Everything goes through the standard library's logging, so that what libraries write looks the same. What is bound to
the present context (`request_id`, `job_id`, `attempt`) stands on every line. Secrets are masked on the way out.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Protocol

import structlog
from structlog.typing import Processor

FILE_BYTES = 10 * 1024 * 1024
FILES_KEPT = 5
MASK = "•••"
OWN_LOGGERS = "millrace"
QUIET_LIBRARIES = ("alembic", "dramatiq", "engineio", "PIL", "redis", "socketio", "werkzeug")

_SECRET_NAME = re.compile(r"password|secret|token|authorization|cookie|api_?key", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):[^/\s]+@")
_QUERY_PASSWORD = re.compile(r"(?<=[?&])(\w*password)=[^&\s]*", re.IGNORECASE)


class LogSettings(Protocol):
    """What logging needs of the settings."""

    @property
    def log_folder(self) -> Path: ...


def configure_logging(settings: LogSettings, process: str) -> None:
    """Log to the console and to `{log_folder}/{process}.log`. Called once, when a process starts.

    The file keeps what happens to every job; the console stays calm and shows what concerns the whole process.
    A folder that can't be written to costs the file, not the process.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(process),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(_formatter(process, _console_renderer(sys.stderr.isatty())))
    handlers: list[logging.Handler] = [console]
    problem = None
    try:
        handlers.append(_file_handler(settings.log_folder, process))
    except OSError as error:
        problem = error
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        root.addHandler(handler)
    console.setLevel(logging.INFO)
    root.setLevel(logging.INFO)
    logging.getLogger(OWN_LOGGERS).setLevel(logging.DEBUG)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    if problem is not None:
        structlog.get_logger(__name__).warning("no_log_file", reason=str(problem))


def mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask values whose name says that they are secret, and passwords inside URLs."""
    for name, value in event.items():
        event[name] = _masked(name, value)
    return event


def _masked(name: str, value: Any) -> Any:
    if value is not None and not isinstance(value, bool) and _SECRET_NAME.search(name):
        return MASK
    if isinstance(value, str):
        return _QUERY_PASSWORD.sub(rf"\1={MASK}", _URL_PASSWORD.sub(rf"\1:{MASK}@", value))
    if isinstance(value, Mapping):
        return {str(key): _masked(str(key), inner) for key, inner in value.items()}
    return value


def _shared(process: str) -> list[Processor]:
    def name_process(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_process,
    ]


def _formatter(process: str, *renderers: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(process),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask_secrets,
            *renderers,
        ],
    )


def _console_renderer(colors: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=colors, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )


def _file_handler(folder: Path, process: str) -> logging.Handler:
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        folder / f"{process}.log", maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8"
    )
    handler.setFormatter(_formatter(process, structlog.processors.JSONRenderer(ensure_ascii=False, default=str)))
    return handler
