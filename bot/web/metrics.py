"""`/metrics` for Prometheus, on a port of its own."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.metrics import Metrics
from bot.settings import Settings

_log = logging.getLogger(__name__)
_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@asynccontextmanager
async def serve_metrics(settings: Settings, metrics: Metrics) -> AsyncIterator[None]:
    """Serve the figures for the length of a block."""

    async def show(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": _TYPE})

    app = web.Application()
    app.router.add_get("/metrics", show)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.metrics_host, settings.metrics_port)
        await site.start()
        _log.info("metrics on port %d", runner.addresses[0][1])
        yield
    finally:
        await runner.cleanup()
