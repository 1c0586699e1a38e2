"""Install emulators that others have written, at exact versions, into `.tools/emulators/`.

Each function returns where its emulator is, and skips the test where it cannot be installed: no
npm, no registry, no network. What was installed once is used again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / ".tools" / "emulators"
CRABLINE = "@openclaw/crabline@0.1.27"
TELEGRAM_TEST_API = "telegram-test-api@4.2.1"
TELEMELYA = ("telemelya[client]==0.2.2", "fakeredis==2.40.0")
ZALO_SDK = ("zalo-sdk==0.3.0", "requests==2.34.2")
_PATIENCE_S = 240


def crabline() -> list[str]:
    """Return the command that starts crabline (MIT; Telegram and Zalo Bot)."""
    node, folder = _node_package(CRABLINE)
    return [node, str(folder / "node_modules" / ".bin" / "crabline")]


def telegram_test_api() -> tuple[str, Path]:
    """Return node, and the folder where it finds telegram-test-api (MIT)."""
    return _node_package(TELEGRAM_TEST_API)


def telemelya() -> Path:
    """Return the interpreter of an environment with telemelya (MIT; Telegram by webhook)."""
    folder = FOLDER / TELEMELYA[0].replace("[client]", "")
    python = folder / "bin" / "python"
    _once(folder, lambda: _venv(python, folder, *TELEMELYA))
    return python


def zalo_sdk() -> Path:
    """Return the interpreter of an environment with zalo-sdk (MIT; a client of Zalo OA)."""
    folder = FOLDER / ZALO_SDK[0]
    python = folder / "bin" / "python"
    _once(folder, lambda: _venv(python, folder, *ZALO_SDK))
    return python


def _node_package(package: str) -> tuple[str, Path]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip(f"{package} is not installed: there is no node or npm on PATH")
    folder = FOLDER / package.replace("/", "_")
    _once(folder, lambda: _npm(npm, folder, package))
    return node, folder


def _once(folder: Path, install: Callable[[], None]) -> None:
    """Install unless that was done; two test runs do not do it at the same time."""
    done = folder / ".installed"
    with _locked():
        if done.exists():
            return
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install()
        done.touch()


def _npm(npm: str, folder: Path, package: str) -> None:
    (folder / "package.json").write_text('{"private": true}', encoding="ascii")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--save-exact"]
    _run([npm, "install", *options, package], folder)


def _venv(python: Path, folder: Path, *packages: str) -> None:
    uv = PROJECT / ".tools" / "bin" / "uv"
    if not uv.exists():
        pytest.skip(f"{packages[0]} is not installed: make install has not run")
    base = PROJECT / ".tools" / "bin" / "python"
    _run([str(uv), "venv", "-q", "--allow-existing", "--python", str(base), str(folder)], folder)
    _run([str(uv), "pip", "install", "-q", "--python", str(python), *packages], folder)


def _run(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(
            command,
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=_PATIENCE_S,
            env={**os.environ, "npm_config_update_notifier": "false"},
        )
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"{Path(command[0]).name} could not install it: {type(error).__name__}")


@contextmanager
def _locked() -> Iterator[None]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
