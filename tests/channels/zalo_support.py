"""A channel with real inbox, outbox and database, and a door for its webhook on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Parts
from bot.delivery.contacts import Contacts
from bot.delivery.inbox import Inbox
from bot.delivery.outbox import Outbound, Outbox
from bot.delivery.wire import Wire
from bot.messages import Kind
from bot.metrics import Metrics
from bot.staff.pauses import Pauses
from bot.storage.leases import Leases
from bot.storage.tables import inbox as inbox_table
from bot.texts import Texts


@dataclass
class Clock:
    """A clock that can be set forward."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Desk:
    """What a channel stands on."""

    engine: AsyncEngine
    folder: Path
    owner: str = "test"
    clock: Clock = field(default_factory=Clock)
    erased: list[str] = field(default_factory=list)
    erase_faults: list[Exception] = field(default_factory=list)
    arrivals: int = 0

    def __post_init__(self) -> None:
        self.metrics = Metrics()
        self.wire = Wire(self.folder, self.owner)
        self.parts = Parts(
            engine=self.engine,
            inbox=Inbox(self.engine, owner=self.owner),
            outbox=Outbox(self.engine, owner=self.owner),
            contacts=Contacts(self.engine),
            pauses=Pauses(self.engine, self.clock),
            leases=Leases(self.engine, owner=self.owner),
            wire=self.wire,
            metrics=self.metrics,
            texts=Texts.load(),
            arrived=self._arrived,
            erase=self._erase,
            clock=self.clock,
            var_dir=self.folder,
        )

    def _arrived(self) -> None:
        self.arrivals += 1

    async def _erase(self, conversation: str) -> None:
        if self.erase_faults:
            raise self.erase_faults.pop()
        self.erased.append(conversation)

    async def stored(self) -> list[RowMapping]:
        """Return what is in the inbox."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(inbox_table).order_by(inbox_table.c.id))
            return list(rows.mappings())

    def counted(self, metric: str, *labels: str) -> float:
        """Return a counter's value."""
        return float(getattr(self.metrics, metric).labels(*labels)._value.get())


@asynccontextmanager
async def serving(
    path: str, receive: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> AsyncIterator[str]:
    """A web server on loopback with one webhook; yields its address."""
    app = web.Application()
    app.router.add_post(path, receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
    finally:
        await runner.cleanup()


def part(conversation: str, text: str = "Xin chào", **fields: Any) -> Outbound:
    """Return a part of an answer."""
    values: dict[str, Any] = {
        "id": 1,
        "channel": conversation.partition(":")[0],
        "conversation": conversation,
        "in_reply_to": "m1",
        "kind": Kind.ANSWER,
        "text": text,
        "buttons": [],
        "outcome": "answered",
        "last": True,
    }
    return Outbound(**{**values, **fields})
