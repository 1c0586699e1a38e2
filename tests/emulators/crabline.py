"""Start crabline for one provider, write as a person would, and read what the bot sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.emulators import install
from tests.support.processes import free_port, start

ADMIN = "admin-of-tests"


@dataclass
class Crabline:
    """A running emulator."""

    url: str
    inbound_url: str
    token: str
    recorder: Path

    async def say(self, **message: Any) -> Mapping[str, Any]:
        """Write to the bot."""
        headers = {"Authorization": f"Bearer {ADMIN}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.inbound_url, json=message, headers=headers) as answer,
        ):
            told: Mapping[str, Any] = await answer.json()
            assert told["ok"], told
            return told

    def calls(self, method: str) -> list[Mapping[str, Any]]:
        """Return the bodies of the accepted calls of a method."""
        if not self.recorder.exists():
            return []
        lines = self.recorder.read_text(encoding="utf-8").splitlines(keepends=True)
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [
            event["body"]
            for event in events
            if event.get("accepted") and event.get("path", "").endswith(f"/{method}")
        ]


@asynccontextmanager
async def open_crabline(
    provider: str, folder: Path, *, token: str, options: tuple[str, ...] = ()
) -> AsyncIterator[Crabline]:
    """Run the emulator of a provider; skips the test where it cannot be installed."""
    command = await asyncio.to_thread(install.crabline)
    port, ready, recorder = free_port(), folder / "ready.json", folder / "calls.jsonl"
    running = start(
        [
            *command,
            "--json",
            "serve",
            provider,
            "--port",
            str(port),
            "--recorder",
            recorder,
            "--ready-file",
            ready,
            *options,
        ],
        log=folder / "crabline.log",
        url=f"http://127.0.0.1:{port}",
        env={"CRABLINE_BOT_TOKEN": token, "CRABLINE_ADMIN_TOKEN": ADMIN},
    )
    try:
        told = await _ready(ready, running)
        ends = told["endpoints"]
        yield Crabline(ends["apiRoot"], ends["adminInboundUrl"], token, recorder)
    finally:
        await asyncio.to_thread(running.stop)


async def _ready(file: Path, running: Any) -> Mapping[str, Any]:
    while True:
        if running.process.poll() is not None:
            raise RuntimeError(f"crabline ended: {running.tail()}")
        try:
            told: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            await asyncio.sleep(0.02)
        else:
            return told
