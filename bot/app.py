"""The web application: listens at once, while everything behind it is still being loaded.

Only light modules are imported here, so that `/livez` answers and messages are taken within a
moment. A request that needs the gateway waits the second or two until it is there.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from bot.settings import Settings
from bot.web.security import security_headers

if TYPE_CHECKING:
    from actions.services import Services
    from bot.gateway import Gateway

_MAX_BODY = 256 * 1024
_STATIC = Path(__file__).parent / "web" / "static"
_WEBHOOKS = {"/telegram/webhook": "telegram", "/zalo/oa": "zalo_oa", "/zalo/bot": "zalo_bot"}
Handler = Callable[["Gateway", web.Request], Awaitable[web.StreamResponse]]
Receive = Callable[[web.Request], Awaitable[web.StreamResponse]]
OPENING: web.AppKey[asyncio.Task[None]] = web.AppKey("opening", asyncio.Task)
GATEWAY: web.AppKey[asyncio.Future[Gateway]] = web.AppKey("gateway", asyncio.Future)


def build_app(settings: Settings, services: Services | None = None) -> web.Application:
    """Return the application; it opens the gateway when it starts and closes it at its end.

    Without services the gateway builds its own.
    """
    app = web.Application(client_max_size=_MAX_BODY, middlewares=[security_headers])
    app.router.add_get("/livez", _livez)
    app.router.add_get("/readyz", _with_gateway(_readyz))
    app.router.add_get("/", _with_gateway(lambda gateway, request: gateway.page.index(request)))
    app.router.add_get(
        "/api/welcome", _with_gateway(lambda gateway, request: gateway.page.welcome(request))
    )
    app.router.add_post(
        "/api/chat", _with_gateway(lambda gateway, request: gateway.chat.receive(request))
    )
    app.router.add_get(
        "/api/chat", _with_gateway(lambda gateway, request: gateway.chat.stream(request))
    )
    app.router.add_post(
        "/api/photo", _with_gateway(lambda gateway, request: gateway.photos.receive(request))
    )
    for path, channel in _WEBHOOKS.items():
        app.router.add_post(path, _with_gateway(_webhook(channel)))
    app.router.add_post(
        "/dossiers/push",
        _with_gateway(lambda gateway, request: gateway.dossier_push.receive(request)),
    )
    serve_console(app, _with_gateway(lambda gateway, request: gateway.console.receive(request)))
    app.router.add_get(
        "/zalo_verifier{code}.html",
        _with_gateway(lambda gateway, request: gateway.page.zalo_verifier(request)),
    )
    app.router.add_static("/static/", _STATIC)

    async def run(app: web.Application) -> AsyncIterator[None]:
        app[GATEWAY] = asyncio.get_running_loop().create_future()
        close = asyncio.Event()
        app[OPENING] = asyncio.create_task(_keep_open(settings, services, app[GATEWAY], close))
        yield
        close.set()
        await app[OPENING]

    app.cleanup_ctx.append(run)
    return app


def serve_console(app: web.Application, receive: Receive) -> None:
    """Hand everything under `/console` to one handler."""
    app.router.add_get("/console{tail:(/.*)?}", receive)
    app.router.add_post("/console{tail:(/.*)?}", receive)


async def _keep_open(
    settings: Settings,
    services: Services | None,
    opened: asyncio.Future[Gateway],
    close: asyncio.Event,
) -> None:
    """Open the gateway and keep it until `close`; the modules load beside the event loop."""
    try:
        module = await asyncio.to_thread(importlib.import_module, "bot.gateway")
        async with module.open_gateway(settings, services=services) as gateway:
            opened.set_result(gateway)
            await close.wait()
    except Exception as error:
        if opened.done():
            raise
        opened.set_exception(error)


def _with_gateway(handle: Handler) -> Receive:
    async def wait_and_handle(request: web.Request) -> web.StreamResponse:
        gateway = await asyncio.shield(request.app[GATEWAY])
        return await handle(gateway, request)

    return wait_and_handle


def _webhook(channel: str) -> Handler:
    async def receive(gateway: Gateway, request: web.Request) -> web.StreamResponse:
        platform = gateway.platforms.get(channel)
        if platform is None:
            raise web.HTTPNotFound(text="this channel is off")
        return await platform.receive(request)

    return receive


async def _livez(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _readyz(gateway: Gateway, _request: web.Request) -> web.Response:
    ready = await gateway.is_ready()
    status = "ready" if ready else "the assistant is not ready; messages are taken and kept"
    return web.json_response({"status": status}, status=200 if ready else 503)
