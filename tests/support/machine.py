"""The processes of an installation, killed with SIGKILL and started again at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.processes import Running, start

MOTCUA = Path(sys.executable).with_name("motcua")


class Killable:
    """A process that is started again at once when it is killed."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self._log = log
        self._running: Running | None = None
        self.kills = 0

    def start(self) -> None:
        raise NotImplementedError

    async def kill(self) -> None:
        assert self._running is not None
        self._running.process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(self._running.process.wait)
        self.kills += 1
        self.start()

    def stop(self) -> None:
        if self._running:
            self._running.stop()


class Gateway(Killable):
    """`motcua serve` on a fixed port; its own runtime is killed through `kill_runtime`."""

    def __init__(self, folder: Path, port: int, env: Mapping[str, str]) -> None:
        super().__init__(f"http://127.0.0.1:{port}", folder / f"gateway-{port}.log")
        self._env = {"MOTCUA_PORT": str(port), **env}
        self.runtime_kills = 0

    def start(self) -> None:
        self._running = start([MOTCUA, "serve"], log=self._log, url=self.url, env=self._env)

    async def wait(self, path: str = "/readyz") -> None:
        assert self._running is not None
        await asyncio.to_thread(self._running.wait_for, path)

    async def kill_runtime(self) -> None:
        """Kill the gateway's own Rasa runtime, if it runs now; the gateway starts it again."""
        assert self._running is not None
        for pid in children(self._running.process.pid):
            os.kill(pid, signal.SIGKILL)
            self.runtime_kills += 1

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


class EchoRuntime(Killable):
    """A runtime that answers at once with what it was asked (`tests/fakes/runtime.py`)."""

    def __init__(self, folder: Path, port: int, *, takes_s: float = 0.02) -> None:
        super().__init__(f"http://127.0.0.1:{port}", folder / f"runtime-{port}.log")
        self._port = port
        self._takes_s = takes_s

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.fakes.runtime", "--port", str(self._port)]
        command += ["--takes", str(self._takes_s)]
        self._running = start(command, log=self._log, url=self.url)

    async def wait(self) -> None:
        assert self._running is not None
        await asyncio.to_thread(self._running.wait_for, "/status")


def children(parent: int) -> list[int]:
    """Return the process ids of the children of a process that we have started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                found.append(int(entry.name))
    return found


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
