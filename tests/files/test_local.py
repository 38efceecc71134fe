"""Content in a folder: whole or not there, safe on disk, and nothing left behind where there is no room."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from millrace.files.errors import StorageFull
from millrace.files.local import LocalFolder
from tests.factories import an_id
from tests.files.conftest import Limit


def test_content_is_in_its_place_only_when_it_is_whole(tmp_path: Path) -> None:
    folder, file_id = LocalFolder(tmp_path), an_id()
    incoming = folder.begin(file_id)
    incoming.write(b"half, ")
    assert not folder.path_of(file_id).exists()
    incoming.write(b"whole")
    incoming.keep()
    assert folder.path_of(file_id).read_bytes() == b"half, whole"
    assert list((tmp_path / "incoming").iterdir()) == []


def test_discarded_content_leaves_nothing(tmp_path: Path) -> None:
    incoming = LocalFolder(tmp_path).begin(an_id())
    incoming.write(b"half")
    incoming.discard()
    incoming.discard()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_full_disk_has_a_name_and_leaves_nothing(tmp_path: Path, no_room_beyond: Limit) -> None:
    incoming = LocalFolder(tmp_path).begin(an_id())
    with no_room_beyond(1000), pytest.raises(StorageFull) as refusal:
        incoming.write(b"x" * 2000)
    assert refusal.value.code == "storage_full"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_files_of_one_moment_lie_in_many_folders(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path)
    assert len({folder.path_of(an_id()).parent for _ in range(100)}) > 50


@pytest.mark.parametrize("file_id", ["", "../../etc/passwd", "x" * 36])
def test_what_is_no_id_has_no_place(tmp_path: Path, file_id: str) -> None:
    with pytest.raises(ValueError, match="UUID"):
        LocalFolder(tmp_path).path_of(file_id)


def test_what_nobody_has_written_to_for_long_is_removed_and_what_is_on_its_way_stays(tmp_path: Path) -> None:
    folder, now = LocalFolder(tmp_path), datetime.now(UTC)
    yesterday = now - timedelta(days=1)
    assert folder.remove_abandoned(yesterday, 10) == 0
    whole, on_its_way = an_id(), an_id()
    folder.begin(whole).keep()
    os.utime(folder.path_of(whole), (0, 0))
    incoming = folder.begin(on_its_way)
    for _ in range(3):
        left_behind = tmp_path / "incoming" / an_id()
        left_behind.touch()
        os.utime(left_behind, (0, yesterday.timestamp() - 1))
    assert [folder.remove_abandoned(yesterday, 2) for _ in range(3)] == [2, 1, 0]
    incoming.keep()
    assert folder.path_of(whole).exists()
    assert folder.path_of(on_its_way).exists()


def test_removing_twice_is_removing_once(tmp_path: Path) -> None:
    folder, file_id = LocalFolder(tmp_path), an_id()
    folder.begin(file_id).keep()
    folder.remove(file_id)
    folder.remove(file_id)
    assert not folder.path_of(file_id).exists()
