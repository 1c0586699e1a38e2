"""Find the Chromium of the browser tests; as a command, install it where that can be done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-dejavu-core")
"""The font is there for pictures: it has all letters of Vietnamese."""
BROWSERS = (
    "chromium-*/chrome-*/chrome",
    "chromium-*/chrome-*/*.app/Contents/MacOS/*",
    "chromium_headless_shell-*/chrome-*/*headless*shell",
)
"""Where Playwright keeps the browsers that it has downloaded itself."""
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HELP = """\
The browser tests need Chromium. Install the package 'chromium' of your system
(Debian, Ubuntu: apt-get install chromium fonts-dejavu-core), or let Playwright download one
(.venv/bin/playwright install chromium), or name a browser in MOTCUA_CHROMIUM.
"""


def find_chromium() -> Path | None:
    """Return the browser named in MOTCUA_CHROMIUM, else one on PATH, else one of Playwright's."""
    given = os.environ.get("MOTCUA_CHROMIUM")
    if given:
        return Path(given) if shutil.which(given) else None
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return Path(found) if found else _downloaded()


def _downloaded() -> Path | None:
    caches = (Path.home() / ".cache", Path.home() / "Library" / "Caches")
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    folders = [Path(named)] if named else [cache / "ms-playwright" for cache in caches]
    found = (path for folder in folders for pattern in BROWSERS for path in folder.glob(pattern))
    return max((path for path in found if shutil.which(path)), default=None)


def _install() -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES]
    for _attempt in range(3):
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=False)
        done = subprocess.run(install, env=environment, check=False, stdout=subprocess.DEVNULL)
        if done.returncode == 0:
            return


def main() -> int:
    """Make sure that there is a browser; returns the exit status."""
    if find_chromium():
        return 0
    named = os.environ.get("MOTCUA_CHROMIUM")
    if not named and os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stdout.write("Installing Chromium for the browser tests …\n")
        sys.stdout.flush()
        _install()
    if find_chromium():
        return 0
    sys.stderr.write(f"MOTCUA_CHROMIUM names no program: {named}\n" if named else HELP)
    return 1


if __name__ == "__main__":
    sys.exit(main())
