"""The composition root of the gateway: the only place that names the real adapters."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from actions.services import Services, build_services
from bot.channels.base import Channel
from bot.channels.web import WebChat
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.inbox import Inbox
from bot.delivery.outbox import Outbox
from bot.delivery.sender import Sender
from bot.settings import Settings
from bot.stack import open_stack
from bot.storage.migrate import upgrade_database
from bot.storage.samples import seed_sample_dossiers
from bot.web.page import ChatPage

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the web application hands requests to."""

    chat: WebChat
    page: ChatPage
    dispatcher: Dispatcher

    async def is_ready(self) -> bool:
        """Return whether questions are answered now, not only taken."""
        return await self.dispatcher.is_ready()


@asynccontextmanager
async def open_gateway(
    settings: Settings, *, services: Services | None = None
) -> AsyncIterator[Gateway]:
    """Start everything behind the web application, and stop it in order."""
    await upgrade_database(settings)
    services = services or build_services(settings)
    inbox = Inbox(services.engine, owner=f"{socket.gethostname()}:{os.getpid()}")
    outbox = Outbox(services.engine)
    if services.engine.dialect.name == "sqlite":  # one gateway: nobody works on old claims
        await inbox.release_all()
    async with open_stack(settings, services) as stack:
        channels: dict[str, Channel] = {}
        sender = Sender(outbox, channels)
        dispatcher = Dispatcher(
            inbox,
            outbox,
            stack.conversations,
            channels,
            stack.texts,
            is_ready=stack.assistant.is_ready,
            written=sender.wake,
        )
        chat = WebChat(inbox, outbox, stack.texts, arrived=dispatcher.wake)
        channels[chat.name] = chat
        page = ChatPage(stack.texts, services.office, samples=settings.samples)
        background = [
            asyncio.create_task(dispatcher.run()),
            asyncio.create_task(sender.run()),
            asyncio.create_task(_prepare(settings, services)),
        ]
        try:
            yield Gateway(chat, page, dispatcher)
        finally:
            await _end(background)
    await services.close()


async def _prepare(settings: Settings, services: Services) -> None:
    """Load the knowledge base and, in a new installation, the sample dossiers."""
    try:
        catalogue = await services.catalogue.get()
        _log.info("knowledge base: %d procedures", len(catalogue.procedures))
        if settings.samples:
            await seed_sample_dossiers(services, settings)
    except Exception:
        _log.exception("the knowledge base could not be prepared")


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
