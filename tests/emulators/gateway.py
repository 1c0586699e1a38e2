"""The whole gateway for tests with emulators: only the Rasa runtime is an echo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.app import GATEWAY, build_app
from bot.settings import Settings
from tests.support.processes import free_port
from tests.support.services import services_for

ANSWER = "Lệ phí:\n<200.000 & 300.000> đồng cho: {said}"
BUTTONS = ({"title": "Thời hạn", "payload": "/ask_processing_time"},)

PATIENCE_S = 60


@asynccontextmanager
async def open_gateway_for(
    folder: Path,
    *,
    port: int | None = None,
    report: Mapping[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[str]:
    """Run the gateway with settings of channels; yields its address.

    `report` is what the assistant reports of each turn beside the outcome.
    """
    port = port or free_port()
    async with _served(_echo(report or {}), 0) as runtime:
        made = Settings(
            **{
                "var_dir": folder / "var",
                "rasa_url": runtime,
                "samples": False,
                "public_url": f"http://127.0.0.1:{port}",
            }
            | settings
        )
        app = build_app(made, services_for(made))
        async with _served(app, port) as url:
            await asyncio.shield(app[GATEWAY])
            yield url


@asynccontextmanager
async def serve(
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]], port: int = 0
) -> AsyncIterator[str]:
    """Serve one handler for every path; yields the address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with _served(app, port) as url:
        yield url


async def until(is_so: Callable[[], Any]) -> Any:
    """Wait until something is so, and return it."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := is_so()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return found


def _echo(report: Mapping[str, Any]) -> web.Application:
    async def status(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def converse(request: web.Request) -> web.Response:
        said = await request.json()
        text = ANSWER.format(said=said["message"])
        reply = {"recipient_id": said["sender"], "text": text, "buttons": list(BUTTONS)}
        reported = {"motcua": {"outcome": "answered", **report}}
        custom = {"recipient_id": said["sender"], "custom": reported}
        return web.json_response([reply, custom])

    app = web.Application()
    app.router.add_get("/status", status)
    app.router.add_post("/webhooks/rest/webhook", converse)
    return app


@asynccontextmanager
async def _served(app: web.Application, port: int) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
