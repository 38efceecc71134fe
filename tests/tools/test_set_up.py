"""Set-up does each step once, again when its inputs change, and says in a sentence why it can't."""

import importlib.util
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import set_up
from steps import Place, SetUpFailed, Step, Terminal, clean_environment, digest_of
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, Terminal(tmp_path / "setup.log", live=False))


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def counted(tmp_path: Path) -> tuple[Step, list[str], Path]:
    """A step made from `source`, and the list of its makings."""
    source, output, made = tmp_path / "source", tmp_path / "output", list[str]()
    source.write_text("one")

    def make() -> None:
        made.append(source.read_text())
        output.write_text("made")

    return Step("Thing", tmp_path / ".stamp", output, lambda: digest_of(source), make), made, source


def test_step_is_done_once(counted: tuple[Step, list[str], Path], place: Place) -> None:
    step, made, _ = counted
    set_up.run_lane([step], place.terminal)
    set_up.run_lane([step], place.terminal)
    assert made == ["one"]


def test_step_is_done_again_when_its_source_changes(counted: tuple[Step, list[str], Path], place: Place) -> None:
    step, made, source = counted
    set_up.run_lane([step], place.terminal)
    source.write_text("two")
    set_up.run_lane([step], place.terminal)
    assert made == ["one", "two"]


def test_step_is_done_again_when_what_it_made_is_gone(counted: tuple[Step, list[str], Path], place: Place) -> None:
    step, made, _ = counted
    set_up.run_lane([step], place.terminal)
    step.output.unlink()
    set_up.run_lane([step], place.terminal)
    assert made == ["one", "one"]


def test_step_that_broke_off_is_not_taken_for_done(tmp_path: Path, place: Place) -> None:
    def make() -> None:
        (tmp_path / "output").write_text("half")
        raise SetUpFailed("no network")

    step = Step("Thing", tmp_path / ".stamp", tmp_path / "output", lambda: "same", make)
    with pytest.raises(SetUpFailed):
        set_up.run_lane([step], place.terminal)
    assert not step.is_current()


def test_no_step_begins_after_an_interrupt(counted: tuple[Step, list[str], Path], place: Place) -> None:
    step, made, _ = counted
    place.terminal.interrupted.set()
    set_up.run_lane([step], place.terminal)
    assert made == []


def test_terminal_shows_one_line_per_step(
    counted: tuple[Step, list[str], Path], place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up.run_lane([counted[0]], place.terminal)
    assert capsys.readouterr().out == "✓ Thing (0 s)\n"


def test_failed_command_shows_its_first_and_last_words_and_the_log_keeps_all(place: Place) -> None:
    failing = script(place.root / "failing", "echo out of sync; seq 1 100; echo the reason >&2; exit 3")
    with pytest.raises(SetUpFailed, match=r"exit code 3[\s\S]*out of sync[\s\S]*the reason") as failure:
        place.run(failing)
    assert "    50\n" not in str(failure.value)
    assert "\n50\n" in place.terminal.log.read_text()


def test_environment_that_sends_packages_elsewhere_is_cleaned() -> None:
    cleaned = clean_environment({"PYTHONPATH": "x", "NODE_ENV": "production", "PIP_USER": "1", "PATH": "/bin"})
    assert cleaned["PATH"] == "/bin"
    assert cleaned["PIP_USER"] == "0"
    assert not {"PYTHONPATH", "NODE_ENV"} & set(cleaned)


def test_missing_node_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetUpFailed, match=r"Node is missing; install Node 20\.19 or newer"):
        set_up.require_node()


@pytest.mark.parametrize("version", ["v18.20.4", "v20.18.1", "nonsense"])
def test_old_node_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str) -> None:
    script(tmp_path / "node", f"echo {version}")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(SetUpFailed, match=f"Node {version} is too old"):
        set_up.require_node()


def test_node_without_npm_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script(tmp_path / "node", "echo v22.12.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetUpFailed, match="npm is not"):
        set_up.require_node()


def test_missing_venv_module_is_said_with_the_package_to_install(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SetUpFailed, match=r"sudo apt install python3\.\d+-venv"):
        set_up.venv_step(place).make()


def test_environment_of_a_folder_that_moved_is_not_current(place: Place) -> None:
    place.python.parent.mkdir(parents=True)
    place.python.symlink_to("/bin/sh")
    step = set_up.venv_step(place)
    step.stamp.write_text(step.fingerprint())
    assert step.is_current()
    moved = place.root.with_name(f"{place.root.name} moved")
    place.root.rename(moved)
    assert not set_up.venv_step(Place(moved, place.terminal)).is_current()


def test_environment_whose_python_was_replaced_is_not_current(place: Place) -> None:
    place.python.parent.mkdir(parents=True)
    place.python.symlink_to("/bin/sh")
    step = set_up.venv_step(place)
    step.stamp.write_text(step.fingerprint())
    place.python.unlink()
    place.python.symlink_to("/bin/cat")
    assert not step.is_current()


def test_frontend_is_built_again_when_a_file_is_renamed(place: Place) -> None:
    source = place.root / "src" / "deep"
    source.mkdir(parents=True)
    (source / "a.ts").write_text("x")
    before = set_up.build_step(place, place.root).fingerprint()
    (source / "a.ts").rename(source / "b.ts")
    assert set_up.build_step(place, place.root).fingerprint() != before


def test_frontend_is_not_built_again_for_what_was_built(place: Place) -> None:
    (place.root / "index.html").write_text("x")
    before = set_up.build_step(place, place.root).fingerprint()
    (place.root / "dist").mkdir()
    (place.root / "dist" / "index.html").write_text("built")
    assert set_up.build_step(place, place.root).fingerprint() == before


FindPython = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def find_python(tmp_path: Path) -> FindPython:
    """Runs tools/find_python where only the given Pythons exist."""

    def find(environment: dict[str, str] | None = None, **pythons: str) -> subprocess.CompletedProcess[str]:
        for name, body in pythons.items():
            script(tmp_path / name.replace("_", "."), body)
        path = {"PATH": str(tmp_path), **(environment or {})}
        command: list[str | Path] = ["/bin/sh", ROOT / "tools" / "find_python"]
        return subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True, check=False)

    return find


def test_usual_python_is_taken_where_it_is_new_enough(find_python: FindPython, tmp_path: Path) -> None:
    assert find_python(python3="exit 0", python3_12="exit 0").stdout.strip() == str(tmp_path / "python3")


def test_python_of_an_earlier_set_up_comes_first(find_python: FindPython, tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    script(tmp_path / ".venv" / "bin" / "python", "exit 0")
    assert find_python(python3="exit 0").stdout.strip() == ".venv/bin/python"


def test_python_of_a_broken_environment_is_passed_over(find_python: FindPython, tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(tmp_path / "gone")
    assert find_python(python3="exit 0").stdout.strip() == str(tmp_path / "python3")


def test_newer_python_is_taken_where_the_usual_one_is_old(find_python: FindPython, tmp_path: Path) -> None:
    assert find_python(python3="exit 1", python3_12="exit 0").stdout.strip() == str(tmp_path / "python3.12")


def test_shim_of_a_python_that_is_not_installed_is_passed_over(find_python: FindPython, tmp_path: Path) -> None:
    found = find_python(python3="exit 1", python3_13="exit 127", python3_11="exit 0")
    assert found.stdout.strip() == str(tmp_path / "python3.11")


def test_named_python_is_the_only_one_tried(find_python: FindPython) -> None:
    found = find_python({"PYTHON": "python3.9"}, python3="exit 0")
    assert found.returncode == 1


def test_missing_python_is_said_in_one_sentence(find_python: FindPython) -> None:
    found = find_python()
    assert found.returncode == 1
    assert found.stderr.startswith("Millrace needs Python 3.11 or newer (found: none).")


def test_old_python_is_named(find_python: FindPython) -> None:
    found = find_python(python3='test "$1" = --version && echo Python 3.8.18')
    assert "(found: Python 3.8.18)" in found.stderr


def test_second_set_up_waits_for_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order, lock = list[str](), tmp_path / "lock"

    def second() -> None:
        with set_up.alone(lock):
            order.append("second")

    with set_up.alone(lock):
        thread = threading.Thread(target=second)
        thread.start()
        wait_until(lambda: "waiting" in capsys.readouterr().out)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
