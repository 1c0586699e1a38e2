"""Run the gateway until a signal stops it."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

from aiohttp import web

from bot.app import GATEWAY, build_app
from bot.settings import Settings

_log = logging.getLogger(__name__)


async def serve_until_stopped(settings: Settings) -> None:
    """Listen, say where, and stop everything on SIGINT or SIGTERM."""
    app = build_app(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=3)
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        port = runner.addresses[0][1]
        shown = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0") else settings.host
        _say(f"motcua: web chat on http://{shown}:{port}")
        ready = asyncio.create_task(_say_when_ready(app))
        ready.add_done_callback(lambda task: stop.set() if _failed(task) else None)
        await stop.wait()
        if _failed(ready):
            _log.error("the gateway could not be opened", exc_info=ready.exception())
            _say("motcua: the gateway could not be opened; the log above says why")
            raise SystemExit(1)
        ready.cancel()
        _say("motcua: stopping …")
    except OSError as error:
        _say(f"motcua: cannot listen on {settings.host}:{settings.port}: {error.strerror}")
        raise SystemExit(1) from None
    finally:
        await runner.cleanup()


async def _say_when_ready(app: web.Application) -> None:
    _say("motcua: the model is loading; messages are taken and answered as soon as it is ready")
    gateway = await app[GATEWAY]
    while not await gateway.is_ready():  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.3)
    _say("motcua: ready")


def _failed(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
