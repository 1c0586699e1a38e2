"""The way of a message between the inbox and a channel, with a fake at each end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.assistant import TurnFailed
from bot.channels.base import Capabilities, NotSent, Receipt
from bot.conversation import Conversations
from bot.delivery.contacts import Contacts
from bot.delivery.dispatcher import Dispatcher, Erase
from bot.delivery.inbox import Inbox
from bot.delivery.outbox import Outbound, Outbox
from bot.delivery.recovery import Recovery
from bot.delivery.sender import Sender
from bot.delivery.wire import Wire
from bot.messages import Button, Inbound, Reply
from bot.metrics import Metrics
from bot.photos.desk import PhotoDesk
from bot.privacy.front_desk import FrontDesk
from bot.staff.pauses import Pauses
from bot.texts import Texts
from knowledge.following.proofs import Proofs
from knowledge.privacy.rules import Rules

TEXTS = Texts.load()


def message(
    event: str, text: str = "chào", sender: str = "a", button: str | None = None
) -> Inbound:
    return Inbound("fake", "main", event, sender, text, datetime.now(UTC), button)


class FakeAssistant:
    """Answers with what it was asked; can be away, fail or be slow."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ready = True
        self.fault: Callable[[str], Reply | TurnFailed] | None = None

    async def is_ready(self) -> bool:
        return self.ready

    async def ask(self, sender: str, text: str) -> Reply | TurnFailed:
        self.asked.append(text)
        await asyncio.sleep(0)
        if self.fault:
            return self.fault(text)
        return Reply(f"re {text}", (Button("Phí", "/ask_fee"),), {"outcome": "answered"})


class FakeChannel:
    """Collects what is sent."""

    name = "fake"
    capabilities = Capabilities(max_chars=50, buttons=3)

    def __init__(self) -> None:
        self.sent: list[Outbound] = []
        self.faults: list[NotSent] = []

    async def send(self, part: Outbound) -> Receipt:
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append(part)
        return Receipt()

    async def show_typing(self, conversation: str, in_reply_to: str) -> None:
        pass


class Desk:
    """Everything between the inbox and a fake channel."""

    def __init__(
        self,
        engine: AsyncEngine,
        folder: Path,
        *,
        owner: str = "test",
        erase: Erase | None = None,
    ) -> None:
        self.engine = engine
        self.wire = Wire(folder, owner)
        self.contacts = Contacts(engine)
        self.metrics = Metrics()
        self.pauses = Pauses(engine, lambda: datetime.now(UTC))
        self.assistant = FakeAssistant()
        self.channel = FakeChannel()
        self.inbox = Inbox(engine, owner=owner)
        self.outbox = Outbox(engine, owner=owner)
        self.erase = erase
        self.photos: PhotoDesk | None = None
        self.front = FrontDesk(
            engine, Proofs(engine, Rules()), secret=b"x", clock=lambda: datetime.now(UTC)
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        channels: dict[str, Any] = {"fake": self.channel}
        self.wire.open()
        sender = Sender(
            self.outbox,
            channels,
            contacts=self.contacts,
            recovery=Recovery(self.engine, self.wire),
            wire=self.wire,
            metrics=self.metrics,
        )
        conversations = Conversations(self.assistant, TEXTS, self.front)  # type: ignore[arg-type]
        if self.photos:
            conversations.read_photos(self.photos)
        dispatcher = Dispatcher(
            self.inbox,
            self.outbox,
            conversations,
            channels,
            TEXTS,
            pauses=self.pauses,
            metrics=self.metrics,
            erase=self.erase,
            is_ready=self.assistant.is_ready,
            written=sender.wake,
        )
        tasks = [asyncio.create_task(dispatcher.run()), asyncio.create_task(sender.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.wire.close()

    async def sent(self, count: int, *, within_s: float = 12) -> list[Outbound]:
        for _ in range(int(within_s / 0.02)):
            if len(self.channel.sent) >= count:
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.05)
        return self.channel.sent
