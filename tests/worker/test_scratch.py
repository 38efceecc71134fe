"""Folders to work in: made when asked for, gone afterwards, and swept up behind the dead."""

from pathlib import Path

from millrace.worker.scratch import ScratchFolders


def test_a_folder_is_made_when_asked_for_and_gone_when_the_attempt_ends(tmp_path: Path) -> None:
    scratch = ScratchFolders(tmp_path / "scratch", "w1")
    scratch.open()
    with scratch.folder() as unused, scratch.folder() as used:
        (used.path / "half").write_text("done")
        assert used.path == used.path
    assert [entry.name for entry in (tmp_path / "scratch" / "w1").iterdir()] == []
    assert unused is not used
    scratch.close()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_what_a_dead_worker_left_is_removed_and_what_a_living_one_uses_is_not(tmp_path: Path) -> None:
    root = tmp_path / "scratch"
    living = ScratchFolders(root, "living")
    living.open()
    (root / "dead").mkdir()
    (root / "dead" / "half").write_text("done")
    (root / "dead.lock").touch()
    newcomer = ScratchFolders(root, "newcomer")
    newcomer.open()
    assert {entry.name for entry in root.iterdir() if entry.is_dir()} == {"living", "newcomer"}
    assert not (root / "dead.lock").exists()
    living.close()
    newcomer.close()
