"""The platforms of an installation, and what they are given to work with."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels import telegram, zalo_bot, zalo_oa
from bot.channels.base import Parts, Platform
from bot.delivery.contacts import Contacts
from bot.delivery.inbox import Inbox
from bot.delivery.outbox import Outbox
from bot.delivery.wire import Wire
from bot.metrics import Metrics
from bot.settings import Settings
from bot.staff.pauses import Pauses
from bot.storage.leases import Leases
from bot.texts import Texts

_MODULES = (telegram, zalo_oa, zalo_bot)


def build_parts(
    settings: Settings,
    engine: AsyncEngine,
    texts: Texts,
    *,
    arrived: Callable[[], None],
    erase: Callable[[str], Awaitable[object]],
) -> Parts:
    """Return what channels work with; nothing is opened yet."""
    owner = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"

    def now() -> datetime:
        return datetime.now(UTC)

    return Parts(
        engine=engine,
        inbox=Inbox(engine, owner=owner),
        outbox=Outbox(engine, owner=owner),
        contacts=Contacts(engine),
        pauses=Pauses(engine, now),
        leases=Leases(engine, owner=owner),
        wire=Wire(settings.var_dir / "sent", owner),
        metrics=Metrics(),
        texts=texts,
        arrived=arrived,
        erase=erase,
        clock=now,
        var_dir=settings.var_dir,
    )


def build_platforms(settings: Settings, parts: Parts) -> Mapping[str, Platform]:
    """Return the platforms that are set up, by name."""
    built = (module.build(settings, parts) for module in _MODULES)
    return {platform.name: platform for platform in built if platform}
