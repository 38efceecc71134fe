"""Finds the job types there are. Apart from the other services: who only runs handlers loads nothing but them."""

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from types import ModuleType

from millrace import handlers
from millrace.errors import ConfigurationError
from millrace.jobs.registry import Registry
from millrace.settings import Settings

ENTRY_POINT_GROUP = "millrace.handlers"


def build_registry(settings: Settings) -> Registry:
    """Every job type there is: our own, those of `MILLRACE_HANDLERS`, those of installed packages.

    Raises:
        ConfigurationError: A module can't be imported, or two types share a name.
    """
    registry = Registry.of_modules(_handler_modules(settings), settings)
    return registry if settings.examples else Registry(handler for handler in registry if not handler.is_example)


def _handler_modules(settings: Settings) -> Iterator[ModuleType]:
    for module in pkgutil.iter_modules(handlers.__path__, f"{handlers.__name__}."):
        yield importlib.import_module(module.name)
    for name in settings.handler_modules:
        try:
            yield importlib.import_module(name)
        except ImportError as error:
            raise ConfigurationError(f"MILLRACE_HANDLERS names {name}, which can't be imported: {error}") from error
    for entry_point in entry_points(group=ENTRY_POINT_GROUP):
        module = entry_point.load()
        if not isinstance(module, ModuleType):
            raise ConfigurationError(f"the entry point {entry_point.name} in {ENTRY_POINT_GROUP} must name a module")
        yield module
