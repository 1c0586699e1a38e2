"""Find the Chromium of the browser tests; as a command, install it where that can be done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-dejavu-core")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> Path | None:
    """Return the browser named in MOTCUA_CHROMIUM, else the first one on PATH."""
    given = os.environ.get("MOTCUA_CHROMIUM")
    if given:
        return Path(given)
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return Path(found) if found else None


def main() -> int:
    """Make sure that there is a browser; returns the exit status."""
    if find_chromium():
        return 0
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.stderr.write(
            "The browser tests need Chromium: install the package 'chromium' of your system, "
            "or name a browser in MOTCUA_CHROMIUM.\n"
        )
        return 1
    sys.stdout.write("Installing Chromium for the browser tests …\n")
    sys.stdout.flush()
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]
    for _attempt in range(3):
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=False)
        done = subprocess.run(
            ["apt-get", *install], env=environment, check=False, stdout=subprocess.DEVNULL
        )
        if done.returncode == 0 and find_chromium():
            return 0
    sys.stderr.write("Chromium could not be installed; see the lines above.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
