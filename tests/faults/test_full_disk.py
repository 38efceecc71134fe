"""The disk is full while an artifact is written: the attempt fails and says why, and half a file is never shown."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from millrace.jobs.job import Job
from millrace.jobs.states import JobState
from millrace.store.tables import files
from tests.faults.drill import Face, Fault, Form
from tests.faults.ledger import SAVING
from tests.faults.mill import Mill, kill, mill
from tests.faults.stamping_handlers import content

MEBIBYTE = 1024 * 1024
ROOM_BYTES = 12 * MEBIBYTE
"""More than the database's own files take, which lie under the same limit in one of the tests."""

LARGE_BYTES, SMALL_BYTES = 16 * MEBIBYTE, 10_000
OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")
MOUNT = f'mount -t tmpfs -o size={ROOM_BYTES} tmpfs "$0" && exec "$@"'


def has_own_mounts() -> bool:
    """Whether this system lets anybody mount a file system that nobody else sees."""
    try:
        return subprocess.run([*OWN_MOUNTS, "sh", "-c", "mount -t tmpfs t /mnt"], check=False).returncode == 0
    except OSError:
        return False


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, own_database_url: str) -> Iterator[Mill]:
    """A scheduler. Each test has a worker of its own, which is gone with it."""
    with mill(tmp_path_factory.mktemp("mill"), own_database_url) as it:
        it.start("scheduler")
        yield it


def fill_it_up(fault: Fault, form: Form) -> tuple[list[Job], list[Job]]:
    """Submit jobs whose artifacts have room, and jobs whose artifacts have not."""
    small = fault.submit(type_name=SAVING, besides={"size_bytes": SMALL_BYTES})
    large = fault.submit(form.repeats * 4, type_name=SAVING, besides={"size_bytes": LARGE_BYTES})
    fault.strikes()
    fault.await_end()
    fault.is_over()
    return small, large


def assert_no_half_file_is_shown(fault: Fault, house: Mill, small: list[Job], large: list[Job], root: Path) -> None:
    """What has no room fails and says so. Every artifact that anybody may see is whole; nothing else lies about."""
    jobs = fault.jobs()
    assert {jobs[job.id].state for job in large} == {JobState.FAILED}
    refused = [job for job in jobs.values() if job.state is JobState.FAILED]
    assert {job.error_code for job in refused} == {"storage_full"}
    assert all("no room left" in (job.error_message or "") for job in refused)
    for job in refused:
        assert house.services.reader.artifacts(job.id, house.account) == []
    statement = sa.select(files.c.id, files.c.size_bytes).where(files.c.job_id.in_(jobs))
    rows = house.services.database.read(lambda connection: connection.execute(statement).all())
    assert {row.size_bytes for row in rows} == {SMALL_BYTES}
    kept = {path.name: path for path in root.rglob("*") if path.is_file()}
    assert kept.keys() == {row.id for row in rows}
    assert {path.read_bytes() for path in kept.values()} == {content(SMALL_BYTES)}
    made = sum(jobs[job.id].state is JobState.COMPLETED for job in small)
    assert len(rows) == made > 0
    fault.remark = f"{len(refused)} failed as storage_full, {made} artifacts made, all whole"


@pytest.mark.skipif(not has_own_mounts(), reason="this system lets nobody mount a file system of their own")
def test_what_has_no_room_fails_and_is_never_shown_where_the_disk_is_full(house: Mill, face: Face, form: Form) -> None:
    folder = house.services.settings.files_folder
    folder.mkdir(parents=True, exist_ok=True)
    worker = house.start("worker", 4, (*OWN_MOUNTS, "sh", "-c", MOUNT, folder))
    house.await_workers(1)
    with face("disk full while artifacts are written (ENOSPC)", house) as fault:
        small, large = fill_it_up(fault, form)
        assert_no_half_file_is_shown(fault, house, small, large, Path(f"/proc/{worker.pid}/root{folder}"))
    kill(worker)


def test_what_has_no_room_fails_and_is_never_shown_where_files_are_limited(house: Mill, face: Face, form: Form) -> None:
    worker = house.start("worker")
    house.await_workers(1)
    lead = psutil.Process(worker.pid)
    for process in (lead, *lead.children(recursive=True)):
        process.rlimit(psutil.RLIMIT_FSIZE, (ROOM_BYTES, ROOM_BYTES))
    with face("a limit on files while artifacts are written (EFBIG)", house) as fault:
        small, large = fill_it_up(fault, form)
        assert_no_half_file_is_shown(fault, house, small, large, house.services.settings.files_folder)
    kill(worker)
