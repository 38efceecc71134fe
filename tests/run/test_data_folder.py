"""The data folder: one holder at a time, closed to others, with a secret that stays."""

import os
import stat
from pathlib import Path

import pytest

from millrace.errors import ConfigurationError
from millrace.run.data_folder import DataFolder, DataFolderInUse


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_may_look_inside(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "new" / "var") as folder:
        folder.secret()
        assert mode_of(folder.path) == 0o700
        assert mode_of(folder.path / "secret") == 0o600


def test_the_secret_stays_the_same_and_is_long(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        first = folder.secret()
    with DataFolder(tmp_path) as folder:
        assert folder.secret() == first
    assert len(first) >= 60


def test_a_second_holder_is_told_who_the_first_one_is(tmp_path: Path) -> None:
    with DataFolder(tmp_path), pytest.raises(DataFolderInUse, match=rf"\(process {os.getpid()}\)"):
        DataFolder(tmp_path).__enter__()
    with DataFolder(tmp_path) as folder:
        assert not folder.was_left_behind


def test_a_holder_that_was_killed_is_noticed(tmp_path: Path) -> None:
    if (pid := os.fork()) == 0:
        DataFolder(tmp_path).__enter__()
        os._exit(0)
    os.waitpid(pid, 0)
    with DataFolder(tmp_path) as folder:
        assert folder.was_left_behind


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="file/var"):
        DataFolder(tmp_path / "file" / "var").__enter__()
