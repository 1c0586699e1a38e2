"""Train the model when what it is made of has changed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

_MADE_OF = ("config.yml", "requirements.txt", "domain", "data", "components")
_NOISE = ("it/s]", "Warning", "warn", "self._parser", "setParseAction", ".setName", "io.py:")
RASA_VERSION = "3.6.21"


class TrainingFailed(RuntimeError):  # noqa: N818 - the outcome of a run
    """The model could not be trained; the message holds the end of the trainer's output."""


def fingerprint(project: Path) -> str:
    """Return a digest of everything the model is made of."""
    digest = hashlib.sha256(RASA_VERSION.encode())
    for file in _parts(project):
        digest.update(file.relative_to(project.resolve().parent).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_current(model: Path, project: Path) -> bool:
    """Return whether the model was trained from the present data with the present Rasa."""
    stamp = _read_stamp(model)
    return model.exists() and stamp.get("fingerprint") == fingerprint(project)


def train(project: Path, model: Path, *, say: Callable[[str], None]) -> float:
    """Train and stamp the model; returns the seconds it took; raises `TrainingFailed`."""
    started = time.monotonic()
    made_of = fingerprint(project)
    command = [
        str(project.resolve() / ".venv" / "bin" / "rasa"),
        *("train", "--domain", "domain", "--data", "data"),
        *("--out", str(model.parent.resolve()), "--fixed-model-name", model.name.split(".")[0]),
    ]
    kept = _run(command, project, say)
    if not model.exists() or kept is None:
        raise TrainingFailed("Rasa did not write a model")
    stamp = {
        "fingerprint": made_of,
        "rasa": RASA_VERSION,
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    _stamp_file(model).write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    return time.monotonic() - started


def _run(command: list[str], project: Path, say: Callable[[str], None]) -> list[str] | None:
    environment = os.environ | {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("VIRTUAL_ENV", None)
    with subprocess.Popen(
        command,
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        kept = []
        for line in process.stdout:
            kept.append(line)
            if "component '" in line and not any(noise in line for noise in _NOISE):
                say(line.split(" - ", 1)[-1].strip())
    if process.returncode:
        raise TrainingFailed("".join(kept[-30:]))
    return kept


def _parts(project: Path) -> Iterator[Path]:
    project = project.resolve()
    for name in _MADE_OF:
        part = project / name
        files = part.rglob("*") if part.is_dir() else [part]
        yield from sorted(
            file for file in files if file.is_file() and "__pycache__" not in file.parts
        )
    yield project.parent / "knowledge" / "vietnamese.py"


def _stamp_file(model: Path) -> Path:
    return model.with_name(model.name.split(".")[0] + ".json")


def _read_stamp(model: Path) -> dict[str, str]:
    try:
        stamp: dict[str, str] = json.loads(_stamp_file(model).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp


def progress(line: str) -> None:
    """Print a line of progress at once."""
    sys.stdout.write(f"  {line}\n")
    sys.stdout.flush()
