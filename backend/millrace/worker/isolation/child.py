"""In the forked process: runs one attempt and says how it went. It returns to nobody."""

import faulthandler
import os
import signal
import socket
import sys
import traceback
from contextlib import suppress
from dataclasses import asdict
from typing import NoReturn

from millrace.jobs.registry import Registry
from millrace.processes.lifeline import die_at_once_with_parent
from millrace.worker.calling import call
from millrace.worker.handler_end import describe
from millrace.worker.isolation.child_context import ChildContext
from millrace.worker.isolation.kernel import adopt_orphans, go_first_when_memory_runs_out
from millrace.worker.isolation.line import Line
from millrace.worker.isolation.wire import Channel, ChannelLost, Frame

LOST_ITS_PARENT = 71


def run_child(end: socket.socket, registry: Registry, parent_id: int) -> NoReturn:
    """Run the attempt that the first frame names, then end this process and nothing else."""
    _stand_alone(parent_id)
    try:
        channel = Channel(end, takes_descriptors=True)
        job = channel.receive(None)
        assert job is not None
    except ChannelLost:  # before there was anything to do: nobody is left to be told
        os._exit(LOST_ITS_PARENT)
    try:
        _run(job, Line(channel), registry)
    except BaseException:  # noqa: BLE001 (what the worker can't be told is at least printed)
        traceback.print_exc()
        os._exit(1)
    with suppress(Exception):  # a handler may have closed them
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)  # what the parent registered to be done at its own exit isn't this process' to do


def _stand_alone(parent_id: int) -> None:
    os.setsid()
    die_at_once_with_parent()
    if os.getppid() != parent_id:
        os._exit(LOST_ITS_PARENT)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    adopt_orphans()
    go_first_when_memory_runs_out()


def _run(job: Frame, line: Line, registry: Registry) -> None:
    if job.descriptor is not None:
        faulthandler.enable(job.descriptor, all_threads=False)
    line.start()
    context = ChildContext(job.values["job_id"], job.values["attempt"], line)
    try:
        result = call(registry.get(job.values["type"]), job.values["payload"], context)
    except BaseException as error:  # noqa: BLE001 (the worker judges it, `sys.exit` too)
        line.finish("raised", asdict(describe(error)))
    else:
        line.finish("returned", {"result": result})
