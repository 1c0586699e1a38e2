"""Liveness and readiness, apart: the gateway lives and takes messages before it can answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web


def add_health_routes(app: web.Application, is_ready: Callable[[], Awaitable[bool]]) -> None:
    """Add `/livez` and `/readyz`."""

    async def livez(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        ready = await is_ready()
        status = "ready" if ready else "the assistant is not ready; messages are taken and kept"
        return web.json_response({"status": status}, status=200 if ready else 503)

    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
