"""Inbox, dispatcher and outbox: nothing lost, nothing twice, in order; on both databases."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.assistant import RuntimeUnavailable, TurnFailed
from bot.channels.base import Capabilities, NotDelivered, Receipt
from bot.conversation import Conversations
from bot.delivery.contacts import Contacts
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.inbox import Inbox
from bot.delivery.outbox import Outbound, Outbox
from bot.delivery.recovery import Recovery
from bot.delivery.rendering import Rendered
from bot.delivery.sender import Sender
from bot.delivery.wire import Wire
from bot.messages import Button, Inbound, Kind, Reply
from bot.metrics import Metrics
from bot.staff.pauses import Pauses
from bot.storage.tables import inbox as inbox_table
from bot.texts import Texts

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
        self.refusals = 0

    async def send(self, part: Outbound) -> Receipt:
        if self.refusals:
            self.refusals -= 1
            raise NotDelivered("busy")
        self.sent.append(part)
        return Receipt()

    async def show_typing(self, conversation: str, in_reply_to: str) -> None:
        pass


class Desk:
    """Everything between the inbox and a fake channel."""

    def __init__(self, engine: AsyncEngine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.metrics = Metrics()
        self.pauses = Pauses(engine, lambda: datetime.now(UTC))
        self.assistant = FakeAssistant()
        self.channel = FakeChannel()
        self.inbox = Inbox(engine, owner="test")
        self.outbox = Outbox(engine, owner="test")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        channels: dict[str, Any] = {"fake": self.channel}
        wire = Wire(self.folder, "test")
        sender = Sender(
            self.outbox,
            channels,
            contacts=Contacts(self.engine),
            recovery=Recovery(self.engine, wire),
            wire=wire,
            metrics=self.metrics,
        )
        conversations = Conversations(self.assistant, TEXTS, secret=b"x")  # type: ignore[arg-type]
        dispatcher = Dispatcher(
            self.inbox,
            self.outbox,
            conversations,
            channels,
            TEXTS,
            pauses=self.pauses,
            metrics=self.metrics,
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

    async def sent(self, count: int) -> list[Outbound]:
        for _ in range(600):
            if len(self.channel.sent) >= count:
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.05)
        return self.channel.sent


@pytest.fixture
def desk(engine: AsyncEngine, tmp_path: Path) -> Desk:
    return Desk(engine, tmp_path / "sent")


async def test_a_repeated_event_is_stored_and_answered_once(desk: Desk) -> None:
    assert await desk.inbox.put(message("1"))
    assert not await desk.inbox.put(message("1"))
    async with desk.running():
        assert [part.text for part in await desk.sent(1)] == ["re chào"]
    assert desk.assistant.asked == ["chào"]


async def test_one_conversation_keeps_its_order(desk: Desk) -> None:
    for number in range(12):
        await desk.inbox.put(message(f"a{number}", f"a{number}", sender="a"))
        await desk.inbox.put(message(f"b{number}", f"b{number}", sender="b"))
    async with desk.running():
        sent = await desk.sent(24)
    for sender in "ab":
        texts = [part.text for part in sent if part.conversation.endswith(sender)]
        assert texts == [f"re {sender}{number}" for number in range(12)]


async def test_only_the_oldest_message_of_a_conversation_can_be_claimed(desk: Desk) -> None:
    await desk.inbox.put(message("1"))
    await desk.inbox.put(message("2"))
    first = await desk.inbox.claim(8)
    assert [item.inbound.event_id for item in first] == ["1"]
    assert await desk.inbox.claim(8) == []


async def test_while_the_assistant_starts_people_are_told_once_and_answered_later(
    desk: Desk,
) -> None:
    desk.assistant.ready = False
    await desk.inbox.put(message("1"))
    async with desk.running():
        [notice] = await desk.sent(1)
        assert (notice.kind, notice.text) == (Kind.NOTICE, TEXTS("starting"))
        desk.assistant.ready = True
        sent = await desk.sent(2)
    assert [part.kind for part in sent] == [Kind.NOTICE, Kind.ANSWER]


async def test_a_runtime_that_dies_during_a_turn_is_asked_again(desk: Desk) -> None:
    def die_once(text: str) -> Reply:
        desk.assistant.fault = None
        raise RuntimeUnavailable("killed")

    desk.assistant.fault = die_once
    await desk.inbox.put(message("1"))
    async with desk.running():
        sent = await desk.sent(1)
    assert [part.text for part in sent] == ["re chào"]
    assert desk.assistant.asked == ["chào", "chào"]


def broken(text: str) -> Reply:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "fault",
    [lambda text: TurnFailed("no reply"), lambda text: Reply(""), broken],
    ids=["failed", "silent", "broken"],
)
async def test_a_turn_that_fails_gives_an_apology(
    desk: Desk, fault: Callable[[str], Reply | TurnFailed]
) -> None:
    desk.assistant.fault = fault
    await desk.inbox.put(message("1"))
    async with desk.running():
        sent = await desk.sent(1)
    assert " ".join(re.sub(r"\n\(.*\)$", "", part.text) for part in sent) == TEXTS("failed")
    assert sent[-1].outcome == "failed"


async def test_what_a_killed_process_had_claimed_is_worked_on_after_its_lease(desk: Desk) -> None:
    await desk.inbox.put(message("1"))
    await desk.inbox.claim(1)
    async with desk.engine.begin() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        await connection.execute(update(inbox_table).values(claimed_until=past))
    async with desk.running():
        assert len(await desk.sent(1)) == 1


async def test_an_answer_is_written_once_even_if_two_workers_held_the_turn(desk: Desk) -> None:
    from bot.messages import Turn

    await desk.inbox.put(message("1"))
    [claimed] = await desk.inbox.claim(1)
    assert await desk.outbox.complete(claimed, Turn("answered", "x"), Rendered(["x"], []))
    assert not await desk.outbox.complete(claimed, Turn("answered", "x"), Rendered(["x"], []))
    assert len(await desk.outbox.after(claimed.inbound.conversation, 0)) == 1


async def test_parts_of_a_long_answer_come_in_order_with_buttons_on_the_last(desk: Desk) -> None:
    text = "\n\n".join(f"Đoạn {number} " + "x" * 30 for number in range(4))
    desk.assistant.fault = lambda _text: Reply(text, (Button("Phí", "/ask_fee"),), {})
    await desk.inbox.put(message("1"))
    async with desk.running():
        sent = await desk.sent(4)
    assert "\n\n".join(part.text.rpartition("\n")[0] for part in sent) == text
    assert [part.text.rpartition("\n")[2] for part in sent] == ["(1/4)", "(2/4)", "(3/4)", "(4/4)"]
    assert [part.last for part in sent] == [False, False, False, True]
    assert [len(part.buttons) for part in sent] == [0, 0, 0, 1]


async def test_a_channel_that_refuses_for_a_while_gets_everything_in_order(desk: Desk) -> None:
    desk.channel.refusals = 2
    for number in range(3):
        await desk.inbox.put(message(str(number), f"t{number}"))
    async with desk.running():
        sent = await desk.sent(3)
    assert [part.text for part in sent] == ["re t0", "re t1", "re t2"]


async def test_a_button_says_its_payload_and_only_in_its_own_conversation(desk: Desk) -> None:
    await desk.inbox.put(message("1"))
    async with desk.running():
        [part] = await desk.sent(1)
        key = part.buttons[0]["key"]
        await desk.inbox.put(message("2", "Phí", button=key))
        await desk.inbox.put(message("3", "Phí", sender="b", button=key))
        await desk.sent(3)
    assert desk.assistant.asked == ["chào", "/ask_fee"]
    assert {part.text for part in desk.channel.sent[1:]} >= {"re /ask_fee"}


async def test_personal_numbers_do_not_reach_the_assistant(desk: Desk) -> None:
    await desk.inbox.put(message("1", "số em 0912345678 hồ sơ H05.20-190801-0001"))
    async with desk.running():
        await desk.sent(1)
    assert desk.assistant.asked == ["số em *** hồ sơ H05.20-190801-0001"]
