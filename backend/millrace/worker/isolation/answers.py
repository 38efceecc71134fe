"""Does for a child what only a worker can: files. They cross as descriptors, or by way of the scratch folder."""

import io
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO

from millrace.jobs.handler import JobContext
from millrace.worker.isolation.carried import carried

Say = Callable[[str, Mapping[str, Any], int | None], None]
"""Sends a kind, values and a descriptor to the child, if it still listens."""


class Answers:
    """Answers what the child of one attempt asks, by the context that a handler in a thread would have."""

    def __init__(self, say: Say, context: JobContext) -> None:
        self._say = say
        self._context = context
        self._known: Mapping[str, Callable[..., None]] = {
            "scratch_folder": self._tell_scratch_folder,
            "open_input": lambda file_id: self._pass(context.open_input(file_id)),
            "open_artifact": lambda job_id, name: self._pass(context.open_artifact(job_id, name)),
            "save_artifact": self._save,
        }

    def answer(self, what: str, arguments: Sequence[Any]) -> None:
        """Do it, or say why it can't be done.

        Raises:
            KeyError: It asks for what there isn't.
        """
        do = self._known[what]
        try:
            do(*arguments)
        except Exception as error:  # noqa: BLE001 (it is the handler's to catch)
            self._say("refused", carried(error), None)

    def _tell_scratch_folder(self) -> None:
        self._say("reply", {"value": str(self._context.scratch_folder)}, None)

    def _save(self, name: str, path: str) -> None:
        self._context.save_artifact(name, Path(path))
        self._say("reply", {}, None)

    def _pass(self, stream: BinaryIO) -> None:
        with stream:
            name = str(stream.name)
            try:
                descriptor = stream.fileno()
            except io.UnsupportedOperation:  # it has no file on this host
                with tempfile.TemporaryFile(dir=self._context.scratch_folder) as spooled:
                    self._say("reply", {"value": name}, _filled(spooled, stream))
            else:
                self._say("reply", {"value": name}, descriptor)


def _filled(spooled: IO[bytes], stream: BinaryIO) -> int:
    shutil.copyfileobj(stream, spooled)
    spooled.seek(0)
    return spooled.fileno()
