"""Inbox, dispatcher and outbox: nothing lost, nothing twice, in order; on both databases."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.assistant import RuntimeUnavailable, TurnFailed
from bot.channels.base import Capabilities, NotDelivered
from bot.delivery.rendering import Rendered
from bot.delivery.signals import Signal, listen
from bot.messages import Button, Inbound, Kind, Reply
from bot.storage.tables import inbox as inbox_table
from knowledge.database import open_engine
from tests.support.desk import TEXTS, Desk, message


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
    first = await desk.inbox.claim(8, ["fake"])
    assert [item.inbound.event_id for item in first] == ["1"]
    assert await desk.inbox.claim(8, ["fake"]) == []


async def test_while_the_assistant_starts_people_are_told_once_and_answered_later(
    desk: Desk,
) -> None:
    desk.assistant.ready = False
    await desk.inbox.put(message("1"))
    async with desk.running():
        [notice] = await desk.sent(1)
        assert (notice.kind, notice.text) == (Kind.NOTICE, TEXTS("starting"))
        await desk.inbox.put(message("2", "nữa"))
        while await desk.inbox.waiting_unnoticed(timedelta(0), ["fake"]):
            await desk.sent(0)
        desk.assistant.ready = True
        sent = await desk.sent(3)
    assert [part.kind for part in sent] == [Kind.NOTICE, Kind.ANSWER, Kind.ANSWER]


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
    desk.channel.capabilities = Capabilities(max_chars=500, buttons=3)
    await desk.inbox.put(message("1"))
    async with desk.running():
        sent = await desk.sent(1)
    assert [(part.text, part.outcome) for part in sent] == [(TEXTS("failed"), "failed")]


async def test_what_a_killed_process_had_claimed_is_worked_on_after_its_lease(desk: Desk) -> None:
    await desk.inbox.put(message("1"))
    await desk.inbox.claim(1, ["fake"])
    async with desk.engine.begin() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        await connection.execute(update(inbox_table).values(claimed_until=past))
    async with desk.running():
        assert len(await desk.sent(1)) == 1


async def test_an_answer_is_written_once_even_if_two_workers_held_the_turn(desk: Desk) -> None:
    from bot.messages import Turn

    await desk.inbox.put(message("1"))
    [claimed] = await desk.inbox.claim(1, ["fake"])
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
    desk.channel.faults = [NotDelivered("busy"), NotDelivered("busy")]
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


async def test_gateways_tell_each_other_at_once_what_they_have_stored(
    postgresql_url: str, tmp_path: Path
) -> None:
    here, there = open_engine(postgresql_url), open_engine(postgresql_url)
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    listening = asyncio.create_task(
        listen(there, {it: lambda about, it=it: heard.put_nowait((it, about)) for it in Signal})
    )
    desk = Desk(here, tmp_path / "sent")
    try:
        # The listener may not be there yet for the first message: then another one is heard.
        for number in range(100):
            await desk.inbox.put(message(str(number)))
            await asyncio.sleep(0.05)
            if not heard.empty():
                break
        assert await heard.get() == (Signal.ARRIVED, "fake:main:a")
        async with desk.running():
            while (await heard.get())[0] != Signal.WRITTEN:
                pass
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await here.dispose()
        await there.dispose()


async def test_messages_of_a_channel_that_is_off_wait_without_being_claimed(desk: Desk) -> None:
    off = Inbound("other", "main", "1", "a", "chào", datetime.now(UTC))
    await desk.inbox.put(off)
    await desk.inbox.put(message("2"))
    async with desk.running():
        await desk.sent(1)
    assert desk.assistant.asked == ["chào"]
    [waiting] = await desk.inbox.claim(8, ["other"])
    assert (waiting.inbound.channel, waiting.attempts) == ("other", 0)
