"""The composition root of the gateway: the only place that names the real adapters."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from actions.services import LOCAL_ZONE, Services, build_services, local_now
from bot.channels.base import Channel, Parts, Platform
from bot.channels.registry import build_parts, build_platforms
from bot.channels.web import WebChat
from bot.channels.web_photo import WebPhotos
from bot.console.door import Doorkeeper
from bot.console.forms import FormTokens
from bot.console.frame import Frame
from bot.console.pages import StaffPages
from bot.console.routes import Console
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.recovery import Recovery
from bot.delivery.sender import Sender
from bot.delivery.signals import Signal, listen
from bot.dossiers.push import DossierPush
from bot.dossiers.sources import open_source
from bot.following.notifier import Notifier, Pace
from bot.photos.desk import PhotoDesk
from bot.photos.reading import PhotoReader
from bot.privacy.erasure import Eraser, Receipt
from bot.privacy.front_desk import client_address
from bot.privacy.records import PersonalRecords
from bot.privacy.retention import Retention, Terms
from bot.settings import Settings
from bot.stack import Stack, open_stack
from bot.storage.alone import only_gateway
from bot.storage.migrate import upgrade_database
from bot.storage.samples import seed_sample_dossiers
from bot.texts import Texts
from bot.web.metrics import serve_metrics
from bot.web.page import ChatPage
from knowledge.privacy.guard import Heard

if TYPE_CHECKING:
    from bot.reports.page import ReportPage

_log = logging.getLogger(__name__)
_BEGIN_AGAIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the web application hands requests to."""

    chat: WebChat
    page: ChatPage
    dispatcher: Dispatcher
    platforms: Mapping[str, Platform]
    dossier_push: DossierPush
    photos: WebPhotos
    console: Console

    async def is_ready(self) -> bool:
        """Return whether questions are answered now, not only taken."""
        return await self.dispatcher.is_ready()


@asynccontextmanager
async def open_gateway(
    settings: Settings, *, services: Services | None = None
) -> AsyncIterator[Gateway]:
    """Start everything behind the web application, and stop it in order.

    Raises `AnotherGateway` when the SQLite database is served by another process.
    """
    async with AsyncExitStack() as opened:
        alone = settings.database.startswith("sqlite")
        if alone:
            opened.enter_context(only_gateway(settings.var_dir))
        await upgrade_database(settings)
        services = services or build_services(settings)
        opened.push_async_callback(services.close)
        alarms: list[Heard] = []
        source = await opened.enter_async_context(open_source(settings, services.dossiers))
        personal = PersonalRecords(services.engine, settings.tracker_store)
        services = replace(services, source=source, personal=personal, alarms=alarms)
        stack = await opened.enter_async_context(open_stack(settings, services))
        stack.conversations.reach_people()
        parts, sender, dispatcher, channels = await _delivery(settings, services, stack, alone)
        alarms.append(lambda channel, kind: parts.metrics.trouble.labels(channel, kind).inc())
        chat, photos = _web_chat(settings, stack, parts, channels)
        platforms = build_platforms(settings, parts)
        channels.update({chat.name: chat} | dict(platforms))
        if settings.metrics_port is not None:
            await opened.enter_async_context(serve_metrics(settings, parts.metrics))
        opened.callback(parts.wire.close)
        heard: Mapping[Signal, Callable[[str], None]] = {
            Signal.ARRIVED: lambda _: dispatcher.wake(),
            Signal.WRITTEN: chat.written,
        }
        work = [
            listen(services.engine, heard),
            dispatcher.run(),
            sender.run(),
            *_regular_work(settings, services, parts, sender),
            *(_kept_running(platform) for platform in platforms.values()),
        ]
        opened.push_async_callback(_end, [asyncio.ensure_future(it) for it in work])

        def put_back() -> None:
            dispatcher.wake()
            sender.wake()

        yield Gateway(
            chat=chat,
            page=_page(settings, services, stack),
            dispatcher=dispatcher,
            platforms=platforms,
            dossier_push=DossierPush(services.dossiers, settings, clock=services.clock),
            photos=photos,
            console=_console(settings, services, put_back),
        )


def _web_chat(
    settings: Settings, stack: Stack, parts: Parts, channels: Mapping[str, Channel]
) -> tuple[WebChat, WebPhotos]:
    """Build the web chat and what takes its photos; all channels' photos are read from now on."""
    proxies = settings.proxies

    async def came_from(conversation: str, request: web.Request) -> None:
        if address := client_address(request, proxies):
            await stack.front.note_address(conversation, address)

    desk = PhotoDesk(channels, PhotoReader())
    stack.conversations.read_photos(desk)
    chat = WebChat(
        parts.inbox, parts.outbox, stack.texts, arrived=parts.arrived, came_from=came_from
    )
    return chat, WebPhotos(chat, desk)


def _page(settings: Settings, services: Services, stack: Stack) -> ChatPage:
    return ChatPage(
        stack.texts,
        services.office,
        samples=settings.samples,
        zalo_verifier=settings.zalo_oa_verifier,
    )


def _regular_work(
    settings: Settings, services: Services, parts: Parts, sender: Sender
) -> Iterator[Coroutine[Any, Any, None]]:
    """Yield what a gateway does beside answering."""
    yield _prepare(settings, services)
    pace = Pace(night_begins=settings.night_begins, night_ends=settings.night_ends)
    yield Notifier(services, parts.leases, pace=pace, written=sender.wake).run()
    terms = Terms.of(settings)
    yield Retention(services.engine, terms, settings.tracker_store).run(parts.leases)
    if settings.portal_url:
        from bot.following.refreshing import Bounds, Refresher  # as in bot.dossiers.sources

        yield Refresher(services, parts.leases, settings, Bounds.of(settings)).run()
    if settings.dossiers_inbox_dir:
        yield _take_up_dropped_files(settings, services)


def _console(settings: Settings, services: Services, put_back: Callable[[], None]) -> Console:
    def open_reports() -> ReportPage:
        from bot.reports.page import ReportPage
        from bot.reports.source import ReportSource

        return ReportPage(ReportSource(services, services.dossiers, settings.data_dir))

    password = settings.console_password
    doorkeeper = Doorkeeper(password.get_secret_value() if password else None)
    frame = Frame()
    tokens = FormTokens(settings.secret(), clock=services.clock)
    pages = StaffPages(frame, services, tokens, put_back=put_back)
    return Console(doorkeeper, frame, pages, open_reports)


async def _delivery(
    settings: Settings, services: Services, stack: Stack, alone: bool
) -> tuple[Parts, Sender, Dispatcher, dict[str, Channel]]:
    """Build what lies between the channels and the assistant; decide what is left over."""
    arrived = asyncio.Event()
    eraser = Eraser(services.engine, stack.front, settings.tracker_store)
    parts = build_parts(
        settings,
        services.engine,
        stack.texts,
        arrived=arrived.set,
        erase=eraser.erase,
    )
    channels: dict[str, Channel] = {}
    recovery = Recovery(services.engine, parts.wire)
    parts.wire.open()
    parts.wire.tidy()
    if alone:  # nobody else works on what is claimed
        await parts.inbox.release_all()
        await parts.leases.release_all()
        await recovery.decide(everything=True)
    sender = Sender(
        parts.outbox,
        channels,
        contacts=parts.contacts,
        recovery=recovery,
        wire=parts.wire,
        metrics=parts.metrics,
    )
    dispatcher = Dispatcher(
        parts.inbox,
        parts.outbox,
        stack.conversations,
        channels,
        stack.texts,
        pauses=parts.pauses,
        metrics=parts.metrics,
        erase=lambda claimed, turn: eraser.erase_and_tell(
            claimed, lambda receipt: _told(stack.texts.replying_to(turn.text), receipt)
        ),
        is_ready=stack.assistant.is_ready,
        arrived=arrived,
        written=sender.wake,
    )
    return parts, sender, dispatcher, channels


def _told(texts: Texts, receipt: Receipt) -> str:
    at = (receipt.at or local_now()).astimezone(LOCAL_ZONE)
    return texts("erased", number=receipt.number, day=f"{at:%d/%m/%Y}", time=f"{at:%H:%M}")


async def _kept_running(platform: Platform) -> None:
    """Run a platform's background work, again after a pause when it fails."""
    while True:
        try:
            await platform.run()
            return
        except Exception:
            _log.exception("%s: the background work failed; it begins again", platform.name)
        await asyncio.sleep(_BEGIN_AGAIN_S)


async def _take_up_dropped_files(settings: Settings, services: Services) -> None:
    from bot.dossiers.dropped import dropped_files  # what reads spreadsheets loads only here

    registry, clock = services.dossiers, services.clock
    if dropped := dropped_files(settings, settings.data_dir, registry, clock):
        await dropped.run()


async def _prepare(settings: Settings, services: Services) -> None:
    """Load the knowledge base and, in a new installation, the sample dossiers."""
    try:
        catalogue = await services.catalogue.get()
        _log.info("knowledge base: %d procedures", len(catalogue.procedures))
        if settings.samples:
            await seed_sample_dossiers(services, settings)
    except Exception:
        _log.exception("the knowledge base could not be prepared")


async def _end(tasks: list[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
