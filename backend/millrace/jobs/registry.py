"""The job types this process knows."""

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType

from millrace.errors import ConfigurationError, NotFound
from millrace.jobs.handler import JobHandler
from millrace.settings import Settings

TYPE_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,39}")


class UnknownJobType(NotFound):
    """There is no such job type."""

    code = "unknown_job_type"


class Registry:
    """Job types by name. Built once at start-up, then only read."""

    def __init__(self, handlers: Iterable[JobHandler]) -> None:
        self._handlers: dict[str, JobHandler] = {}
        for handler in handlers:
            self._add(handler)

    @classmethod
    def of_modules(cls, modules: Iterable[ModuleType], settings: Settings) -> "Registry":
        """Take every concrete `JobHandler` that one of `modules` defines itself.

        Raises:
            ConfigurationError: Two types share a name, or a name has a wrong form.
        """
        return cls(
            member.from_settings(settings)
            for module in modules
            for _, member in inspect.getmembers(module, inspect.isclass)
            if issubclass(member, JobHandler)
            and not inspect.isabstract(member)
            and member.__module__ == module.__name__
        )

    def _add(self, handler: JobHandler) -> None:
        if not TYPE_PATTERN.fullmatch(handler.type):
            raise ConfigurationError(f"{handler.type!r} is no name for a job type: use a-z, 0-9 and _, a letter first")
        if handler.type in self._handlers:
            raise ConfigurationError(f"two job types are named {handler.type!r}")
        self._handlers[handler.type] = handler

    def get(self, type_name: str) -> JobHandler:
        """The handler of `type_name`.

        Raises:
            UnknownJobType: No handler has this name; the message lists those there are.
        """
        handler = self._handlers.get(type_name)
        if handler is None:
            known = ", ".join(sorted(self._handlers))
            raise UnknownJobType(f"There is no job type {type_name!r}. There are: {known}.")
        return handler

    def find(self, type_name: str) -> JobHandler | None:
        """The handler of `type_name`, if this process knows it: another version may have stored the job."""
        return self._handlers.get(type_name)

    def __iter__(self) -> Iterator[JobHandler]:
        return iter(self._handlers.values())

    def served(self, names: Sequence[str]) -> frozenset[str]:
        """Those queues that a worker serves: `names`, or every queue where none are named.

        Raises:
            ConfigurationError: No job type uses one of `names`.
        """
        unknown = [name for name in names if name not in self.queues]
        if unknown:
            known = ", ".join(sorted(self.queues))
            raise ConfigurationError(f"no job type uses the queue {', '.join(unknown)}; there are: {known}")
        return frozenset(names) or self.queues

    @property
    def queues(self) -> frozenset[str]:
        """Every queue that some job type uses."""
        return frozenset(handler.queue for handler in self)
