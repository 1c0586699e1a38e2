"""The Telegram channel with a real inbox on SQLite, an echo for an assistant, and a web server."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Parts
from bot.channels.telegram import WEBHOOK_PATH, build
from bot.channels.telegram.channel import Telegram
from bot.delivery.contacts import Contacts
from bot.delivery.inbox import Inbox
from bot.delivery.outbox import Outbound, Outbox
from bot.delivery.wire import Wire
from bot.messages import Kind
from bot.metrics import Metrics
from bot.settings import Settings
from bot.staff.pauses import Pauses
from bot.storage.leases import Leases
from bot.storage.tables import inbox as inbox_table
from bot.texts import Texts

SECRET = "a-secret_of-tests"


@dataclass
class Desk:
    """Everything a test of the channel looks at."""

    settings: Settings
    parts: Parts
    channel: Telegram
    url: str
    erased: list[str] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def webhook(self) -> str:
        return f"{self.url}{WEBHOOK_PATH}"

    async def stored(self, count: int = 1) -> list[Mapping[str, Any]]:
        """Wait until so many messages are in the inbox, and return them."""
        while True:
            rows = await self.inbox()
            if len(rows) >= count:
                return rows
            await asyncio.sleep(0.01)

    async def inbox(self) -> list[Mapping[str, Any]]:
        query = select(inbox_table).order_by(inbox_table.c.id)
        async with self.parts.engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    def part(
        self,
        text: str = "Xin chào",
        *,
        to: str = "77",
        buttons: Sequence[Mapping[str, str]] = (),
        in_reply_to: str | None = None,
        file: Mapping[str, str] | None = None,
    ) -> Outbound:
        return Outbound(
            id=next(self.numbers),
            channel="telegram",
            conversation=f"telegram:{self.channel.bot}:{to}",
            in_reply_to=in_reply_to,
            kind=Kind.FILE if file else Kind.ANSWER,
            text=text,
            buttons=buttons,
            outcome="answered",
            last=True,
            file=file,
            attempt=1,
        )

    def counted(self, name: str, **labels: str) -> float:
        """Return a counter of the metrics, 0 where nothing was counted."""
        inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
        wanted = f"{name}{{{inner}}} "
        for line in self.parts.metrics.text().decode().splitlines():
            if line.startswith(wanted):
                return float(line.removeprefix(wanted))
        return 0.0

    def received(self, result: str) -> float:
        return self.counted("motcua_received_total", channel="telegram", result=result)

    def trouble(self, kind: str) -> float:
        return self.counted("motcua_trouble_total", channel="telegram", kind=kind)


@asynccontextmanager
async def open_desk(
    engine: AsyncEngine, folder: Path, *, owner: str = "test", run: bool = False, **settings: Any
) -> AsyncIterator[Desk]:
    """Open the channel with settings; with `run`, its background work goes on, too."""
    web_app = web.Application(client_max_size=256 * 1024)
    runner = web.AppRunner(web_app, access_log=None, shutdown_timeout=0.2)
    desk: Desk

    async def receive(request: web.Request) -> web.Response:
        return await desk.channel.receive(request)

    web_app.router.add_post(WEBHOOK_PATH, receive)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    made = Settings(**{"telegram_secret": SECRET, "public_url": url, "var_dir": folder} | settings)
    parts = parts_of(engine, folder, owner)
    channel = build(made, parts)
    assert isinstance(channel, Telegram)
    desk = Desk(made, parts, channel, url)
    parts.wire.open()
    work = asyncio.create_task(channel.run()) if run else None
    try:
        yield desk
    finally:
        if work:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        await channel.close()
        parts.wire.close()
        await runner.cleanup()


def parts_of(engine: AsyncEngine, folder: Path, owner: str) -> Parts:
    async def erase(_conversation: str) -> None:
        raise AssertionError("nobody asked for it")

    return Parts(
        engine=engine,
        inbox=Inbox(engine, owner=owner),
        outbox=Outbox(engine, owner=owner),
        contacts=Contacts(engine),
        pauses=Pauses(engine, lambda: datetime.now(UTC)),
        leases=Leases(engine, owner=owner),
        wire=Wire(folder / "sent", owner),
        metrics=Metrics(),
        texts=Texts.load(),
        arrived=lambda: None,
        erase=erase,
        clock=lambda: datetime.now(UTC),
        var_dir=folder,
    )
