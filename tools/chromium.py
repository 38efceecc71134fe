"""Print the path of a Chromium for the browser tests: CHROME_PATH, the system's, Playwright's own, Debian's.

Debian's package is installed here only in CI and only by root; everywhere else a person decides.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
CACHES = (".cache/ms-playwright", "Library/Caches/ms-playwright")
IN_CACHE = ("chrome-linux*/chrome", "chrome-mac*/*.app/Contents/MacOS/*")
MISSING = (
    "The browser tests need Chromium: install it (on Debian `sudo apt install chromium`), "
    "or run `npx playwright install chromium` in e2e/, or set CHROME_PATH to a Chrome or Chromium."
)


class NoChromium(Exception):
    """There is no browser to test with; the message says how to get one."""


def candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    for name in NAMES:
        if found := shutil.which(name, path=environment.get("PATH")):
            yield Path(found)
    yield from map(Path, APPLICATIONS)
    caches = [Path(environment.get("HOME", "/")) / cache for cache in CACHES]
    if own := environment.get("PLAYWRIGHT_BROWSERS_PATH"):
        caches.insert(0, Path(own))
    for cache in caches:
        for pattern in IN_CACHE:
            yield from sorted(cache.glob(f"chromium-*/{pattern}"), reverse=True)


def find_chromium(environment: Mapping[str, str]) -> Path | None:
    """The browser to use, or None. Raises: NoChromium where CHROME_PATH names nothing that runs."""
    if named := environment.get("CHROME_PATH"):
        if not os.access(named, os.X_OK):
            raise NoChromium(f"CHROME_PATH names {named}, which is not a program.")
        return Path(named)
    return next((path for path in candidates(environment) if os.access(path, os.X_OK)), None)


def install_debian_package() -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", *command], env=quiet, stdout=sys.stderr, check=False)


def chromium(environment: Mapping[str, str]) -> Path:
    found = find_chromium(environment)
    may_install = environment.get("CI") == "true" and os.geteuid() == 0 and shutil.which("apt-get")
    if found is None and may_install:
        install_debian_package()
        found = find_chromium(environment)
    if found is None:
        raise NoChromium(MISSING)
    return found


if __name__ == "__main__":
    try:
        print(chromium(os.environ))
    except NoChromium as missing:
        sys.exit(str(missing))
