"""Starts, watches and replaces the local Rasa runtime (`nlu_data/server.py`)."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_log = logging.getLogger(__name__)
_STOP_S = 8
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_STEADY_S = 60.0


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """How to start a runtime."""

    project: Path
    """The Rasa project, `nlu_data/`, with its environment in `.venv/`."""
    model: Path
    actions_url: str
    tracker_store: str
    log_file: Path
    port: int = 0
    """Port on loopback; 0 takes a free one, kept for the lifetime of this object."""


class RuntimeProcess:
    """One runtime that is started again whenever it ends, until told to stop."""

    def __init__(self, options: RuntimeOptions) -> None:
        self._options = options
        self._port = options.port or _free_port()
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """Return the process id of the running runtime."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def start(self) -> None:
        """Begin to keep a runtime running."""
        self._watch = asyncio.create_task(self._keep_running())

    async def stop(self) -> None:
        """End the runtime and do not start it again."""
        if self._watch:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        await self._end_process()

    async def _keep_running(self) -> None:
        pause = _FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            code = await self._run_once()
            if loop.time() - started > _STEADY_S:
                pause = _FIRST_PAUSE_S
            _log.error(
                "the Rasa runtime ended (status %s); see %s; starting it again in %.0f s",
                code,
                self._options.log_file,
                pause,
            )
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _run_once(self) -> int:
        options = self._options
        options.log_file.parent.mkdir(parents=True, exist_ok=True)
        with options.log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                options.project.resolve() / ".venv" / "bin" / "python",
                "server.py",
                *("--port", str(self._port)),
                *("--model", str(options.model.resolve())),
                *("--actions-url", options.actions_url),
                *("--parent", str(os.getpid())),
                cwd=options.project,
                env=_environment(options.tracker_store),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches the gateway alone, which then stops the runtime in order.
                start_new_session=True,
            )
        return await self._process.wait()

    async def _end_process(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def _environment(tracker_store: str) -> dict[str, str]:
    """Return the environment of the runtime: none of our settings, so no token can reach it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOTCUA_")}
    kept.pop("VIRTUAL_ENV", None)
    return kept | {"RASA_TELEMETRY_ENABLED": "false", "TRACKER_STORE_URL": tracker_store}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
