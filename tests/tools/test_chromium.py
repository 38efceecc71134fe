"""The browser for tests: what is named, what is installed, what Playwright fetched, or a sentence."""

from pathlib import Path

import pytest

import chromium
from chromium import NoChromium


@pytest.fixture(autouse=True)
def no_applications(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "APPLICATIONS", ())


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return path


def test_named_browser_comes_first(tmp_path: Path) -> None:
    named = program(tmp_path / "mine")
    program(tmp_path / "chromium")
    assert chromium.find_chromium({"CHROME_PATH": str(named), "PATH": str(tmp_path)}) == named


def test_named_browser_that_is_no_program_is_not_replaced_silently(tmp_path: Path) -> None:
    program(tmp_path / "chromium")
    with pytest.raises(NoChromium, match="CHROME_PATH"):
        chromium.find_chromium({"CHROME_PATH": str(tmp_path / "gone"), "PATH": str(tmp_path)})


def test_installed_browser_comes_before_the_one_playwright_fetched(tmp_path: Path) -> None:
    program(tmp_path / ".cache/ms-playwright/chromium-1200/chrome-linux/chrome")
    installed = program(tmp_path / "google-chrome")
    assert chromium.find_chromium({"HOME": str(tmp_path), "PATH": str(tmp_path)}) == installed


@pytest.mark.parametrize("folder", ["chrome-linux", "chrome-linux64"])
def test_browser_that_playwright_fetched_serves(tmp_path: Path, folder: str) -> None:
    fetched = program(tmp_path / ".cache/ms-playwright/chromium-1200" / folder / "chrome")
    assert chromium.find_chromium({"HOME": str(tmp_path), "PATH": ""}) == fetched


def test_missing_browser_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoChromium, match="apt install chromium"):
        chromium.chromium({"HOME": str(tmp_path), "PATH": ""})
