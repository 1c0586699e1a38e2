"""The composition root of the gateway: the only place that names the real adapters."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from actions.services import Services, build_services
from bot.channels.base import Channel
from bot.channels.web import WebChat
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.inbox import Inbox
from bot.delivery.outbox import Outbox
from bot.delivery.sender import Sender
from bot.settings import Settings
from bot.stack import Stack, open_stack
from bot.storage.migrate import upgrade_database
from bot.storage.samples import seed_sample_dossiers
from bot.texts import Texts
from bot.web.health import add_health_routes
from bot.web.page import add_page_routes, security_headers

_log = logging.getLogger(__name__)
_MAX_BODY = 256 * 1024
STACK: web.AppKey[Stack] = web.AppKey("stack", Stack)


async def build_app(settings: Settings, *, services: Services | None = None) -> web.Application:
    """Return the gateway as a web application; it starts and stops all its parts itself."""
    await upgrade_database(settings)
    services = services or build_services(settings)
    engine = services.engine
    inbox = Inbox(engine, owner=f"{socket.gethostname()}:{os.getpid()}")
    outbox = Outbox(engine)
    if engine.dialect.name == "sqlite":  # one gateway: nobody works on what was claimed before
        await inbox.release_all()
    wakers: list[Callable[[], None]] = []
    texts = Texts.load()
    chat = WebChat(inbox, outbox, texts, arrived=lambda: _call(wakers))
    channels: dict[str, Channel] = {chat.name: chat}

    async def run(app: web.Application) -> AsyncIterator[None]:
        async with open_stack(settings, services) as stack:
            app[STACK] = stack
            sender = Sender(outbox, channels)
            dispatcher = Dispatcher(
                inbox,
                outbox,
                stack.conversations,
                channels,
                texts,
                is_ready=stack.assistant.is_ready,
                written=sender.wake,
            )
            wakers.append(dispatcher.wake)
            background = [
                asyncio.create_task(dispatcher.run()),
                asyncio.create_task(sender.run()),
                asyncio.create_task(_prepare(settings, services)),
            ]
            yield
            await _end(background)
        await services.close()

    app = web.Application(client_max_size=_MAX_BODY, middlewares=[security_headers])
    chat.add_routes(app)
    add_page_routes(app, texts, services.office, samples=settings.samples)
    add_health_routes(app, lambda: app[STACK].assistant.is_ready())
    app.cleanup_ctx.append(run)
    return app


async def _prepare(settings: Settings, services: Services) -> None:
    """Load the knowledge base and, in a new installation, the sample dossiers."""
    try:
        catalogue = await services.catalogue.get()
        _log.info("knowledge base: %d procedures", len(catalogue.procedures))
        if settings.samples:
            await seed_sample_dossiers(services, settings)
    except Exception:
        _log.exception("the knowledge base could not be prepared")


def _call(functions: list[Callable[[], None]]) -> None:
    for function in functions:
        function()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
