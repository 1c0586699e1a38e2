"""CPU time and latency of a turn: our runtime and gateway against stock Rasa and its server.

Both sides load the same model, answer the same questions with the same custom actions, and are
asked over the same REST channel. Ours keeps conversations in a database on disk as it is shipped;
stock Rasa keeps them in memory, as it is shipped.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.table import Row, percentile
from bot.settings import Settings
from bot.storage.migrate import upgrade
from tests.support.processes import MODEL, PROJECT, RASA, Running, free_port, start

CONVERSATIONS = 40
QUESTIONS = (
    "mở cây xăng cần giấy tờ gì",
    "còn lệ phí?",
    "mấy ngày có kết quả",
    "hồ sơ H05.20-190801-0001 đến đâu rồi",
    "cảm ơn",
)
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Side:
    """A running assistant: where it is asked, and the processes that answer."""

    url: str
    pids: tuple[int, ...]
    ready_s: float


@dataclass(frozen=True)
class Figures:
    """What a side needed."""

    cpu_ms: float
    p50_ms: float
    p99_ms: float
    memory_mb: float
    ready_s: float


def rows() -> Iterator[Row]:
    """Measure both sides in one run, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        with stock(Path(folder)) as side:
            other = measure(side)
        with motcua(Path(folder)) as side:
            ours = measure(side)
    yield Row("turn: CPU, runtime + actions", "ms", ours.cpu_ms, other.cpu_ms)
    yield Row("turn: latency p50", "ms", ours.p50_ms, other.p50_ms)
    yield Row("turn: latency p99", "ms", ours.p99_ms, other.p99_ms)
    yield Row("memory, all processes", "MB", ours.memory_mb, other.memory_mb)
    yield Row("model ready after", "s", ours.ready_s, other.ready_s)


@contextmanager
def stock(folder: Path) -> Iterator[Side]:
    """`rasa run` with `python -m rasa_sdk --actions actions`."""
    var = folder / "stock"
    upgrade(Settings(var_dir=var))
    ports = free_port(), free_port()
    began = time.monotonic()
    actions = start(
        [sys.executable, "-m", "rasa_sdk", "--actions", "actions", "--port", str(ports[0])],
        log=folder / "stock-actions.log",
        url=f"http://127.0.0.1:{ports[0]}",
        env={"MOTCUA_VAR_DIR": str(var), "ACTION_SERVER_SANIC_HOST": "127.0.0.1"},
    )
    endpoints = folder / "endpoints.yml"
    endpoints.write_text(f"action_endpoint:\n  url: {actions.url}/webhook\n", encoding="utf-8")
    rasa = start(
        [
            *(RASA / "rasa", "run", "--enable-api", "--interface", "127.0.0.1"),
            *("--port", str(ports[1]), "--model", MODEL, "--endpoints", endpoints),
        ],
        log=folder / "stock-rasa.log",
        url=f"http://127.0.0.1:{ports[1]}",
        cwd=PROJECT / "nlu_data",
    )
    try:
        actions.wait_for("/health")
        rasa.wait_for("/status")
        ready = time.monotonic() - began
        yield Side(rasa.url, (rasa.process.pid, *tree(actions.process.pid)), ready)
    finally:
        rasa.stop()
        actions.stop()


@contextmanager
def motcua(folder: Path) -> Iterator[Side]:
    """`motcua serve`, asked at its runtime as stock Rasa is."""
    port = free_port()
    began = time.monotonic()
    gateway = start(
        [Path(sys.executable).with_name("motcua"), "serve"],
        log=folder / "motcua.log",
        url=f"http://127.0.0.1:{port}",
        env={"MOTCUA_PORT": str(port), "MOTCUA_VAR_DIR": str(folder / "motcua")},
    )
    try:
        gateway.wait_for("/readyz")
        ready = time.monotonic() - began
        pids = tree(gateway.process.pid)
        yield Side(_runtime_url(gateway, pids), pids, ready)
    finally:
        gateway.stop()


def measure(side: Side) -> Figures:
    """Ask all questions one after the other; the first conversations only warm up."""
    for number in range(4):
        converse(side, f"warm-{number}")
    before = cpu_s(side.pids)
    took = [spent for number in range(CONVERSATIONS) for spent in converse(side, f"c-{number}")]
    cpu = cpu_s(side.pids) - before
    return Figures(
        cpu * 1000 / len(took),
        percentile(took, 0.5) * 1000,
        percentile(took, 0.99) * 1000,
        memory_mb(side.pids),
        side.ready_s,
    )


def converse(side: Side, sender: str) -> Iterator[float]:
    """Hold one conversation; yields the seconds of each turn."""
    spent = []
    for question in QUESTIONS:
        request = urllib.request.Request(
            f"{side.url}/webhooks/rest/webhook",
            data=json.dumps({"sender": sender, "message": question}).encode(),
            headers={"Content-Type": "application/json"},
        )
        began = time.monotonic()
        with urllib.request.urlopen(request, timeout=60) as response:
            assert json.load(response), f"no answer to {question}"
        spent.append(time.monotonic() - began)
    return iter(spent)


def tree(pid: int) -> tuple[int, ...]:
    """Return a process and all that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (pid, *(grandchild for child in children for grandchild in tree(int(child))))


def cpu_s(pids: tuple[int, ...]) -> float:
    """Return the CPU seconds that processes have used."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(field[11]) + int(field[12]) for field in fields) * _TICK_S


def memory_mb(pids: tuple[int, ...]) -> float:
    """Return the resident memory of processes."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _runtime_url(gateway: Running, pids: tuple[int, ...]) -> str:
    for pid in pids:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"server.py" in command:
            return f"http://127.0.0.1:{command[command.index(b'--port') + 1].decode()}"
    raise LookupError(f"the gateway runs no runtime:\n{gateway.tail()}")
