"""Settings on their way to a process that is to reach neither database nor Redis."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

from millrace.settings import Settings

KEPT_BACK = {"database_url", "redis_url", "secret_key", "bootstrap_token"}


def handed(settings: Settings) -> dict[str, Any]:
    """`settings` as JSON, without those that open doors."""
    names = [field.name for field in fields(settings) if field.name not in KEPT_BACK]
    return {name: _plain(getattr(settings, name)) for name in names}


def settings_from(values: Mapping[str, Any]) -> Settings:
    """The settings that were `handed`."""
    kinds = get_type_hints(Settings)
    return Settings(**{name: _RESTORED.get(kinds[name], _as_it_is)(value) for name, value in values.items()})


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    return value.total_seconds() if isinstance(value, timedelta) else value


def _as_it_is(value: Any) -> Any:
    return value


_RESTORED: Mapping[Any, Callable[[Any], Any]] = {
    Path: Path,
    Path | None: lambda path: None if path is None else Path(path),
    timedelta: lambda seconds: timedelta(seconds=seconds),
    tuple[str, ...]: tuple,
}
