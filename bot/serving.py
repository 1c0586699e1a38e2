"""Run the gateway until a signal stops it."""

from __future__ import annotations

import asyncio
import signal
import sys

from aiohttp import web

from bot.app import STACK, build_app
from bot.settings import Settings


async def serve_until_stopped(settings: Settings) -> None:
    """Listen, say where, and stop everything on SIGINT or SIGTERM."""
    app = await build_app(settings)
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
        await stop.wait()
        ready.cancel()
        _say("motcua: stopping …")
    except OSError as error:
        _say(f"motcua: cannot listen on {settings.host}:{settings.port}: {error.strerror}")
        raise SystemExit(1) from None
    finally:
        await runner.cleanup()


async def _say_when_ready(app: web.Application) -> None:
    _say("motcua: the model is loading; messages are taken and answered as soon as it is ready")
    while not await app[STACK].assistant.is_ready():  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.3)
    _say("motcua: ready")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
