"""What a platform's answer means for a part, and what a killed process leaves behind."""

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.assistant import RuntimeUnavailable
from bot.channels.base import Capabilities, NotDelivered, NotSent, Receipt, Refused, Unknown
from bot.channels.base import Unreachable as CannotBeReached
from bot.channels.http import lost, open_client
from bot.delivery import dispatcher
from bot.delivery.dead_letters import DeadLetters
from bot.delivery.outbox import Outbound
from bot.delivery.recovery import Recovery
from bot.delivery.rendering import Rendered
from bot.delivery.wire import Wire
from bot.messages import Button, Content, Reply, Turn
from bot.storage.tables import outbox as outbox_table
from tests.support.desk import TEXTS, Desk, message


@pytest.fixture
def desk(engine: AsyncEngine, tmp_path: Path) -> Desk:
    return Desk(engine, tmp_path / "sent")


async def states(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        query = select(outbox_table.c.state).order_by(outbox_table.c.id)
        return list((await connection.execute(query)).scalars())


async def until(engine: AsyncEngine, state: str) -> None:
    for _ in range(400):
        if state in await states(engine):
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(state)


@pytest.mark.parametrize(
    ("fault", "state"),
    [(Refused("400 bad"), "dead"), (CannotBeReached("403"), "dead")],
    ids=["refused", "unreachable"],
)
async def test_what_a_platform_never_takes_goes_to_the_dead_letters(
    desk: Desk, fault: NotSent, state: str
) -> None:
    desk.channel.faults = [fault]
    await desk.inbox.put(message("1"))
    await desk.inbox.put(message("b1", sender="b"))
    async with desk.running():
        await until(desk.engine, state)
        await until(desk.engine, "sent")
    assert sorted(await states(desk.engine)) == sorted([state, "sent"])
    [letter] = await DeadLetters(desk.engine).all()
    assert letter.problem == str(fault)


async def test_a_person_who_blocked_us_is_reachable_again_once_they_write(desk: Desk) -> None:
    desk.channel.faults = [CannotBeReached("403 blocked")]
    await desk.inbox.put(message("1"))
    async with desk.running():
        while await desk.contacts.is_reachable("fake:main:a"):
            await desk.sent(0)
        await desk.inbox.put(message("2", "lại"))
        await desk.sent(1)
    assert await desk.contacts.is_reachable("fake:main:a")
    assert [part.text for part in desk.channel.sent] == ["re lại"]


async def test_a_replayed_dead_letter_is_sent(desk: Desk) -> None:
    desk.channel.faults = [Refused("400 bad")]
    await desk.inbox.put(message("1"))
    letters = DeadLetters(desk.engine)
    async with desk.running():
        while not (found := await letters.all()):
            await desk.sent(0)
        await letters.replay(await letters.find(found[0].name.upper()))
        await desk.sent(1)
    assert [part.text for part in desk.channel.sent] == ["re chào"]
    assert await letters.all() == []


async def test_a_message_that_kills_every_turn_is_given_up_and_holds_nobody_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "MOST_ATTEMPTS", 2)

    def poison(text: str) -> Reply:
        if text == "độc":
            raise RuntimeUnavailable("killed")
        return Reply(f"re {text}")

    desk.assistant.fault = poison
    desk.channel.capabilities = Capabilities(max_chars=500, buttons=3)
    await desk.inbox.put(message("1", "độc"))
    await desk.inbox.put(message("2", "sau"))
    await desk.inbox.put(message("b1", "khác", sender="b"))
    async with desk.running():
        sent = await desk.sent(3, within_s=60)
    assert sent[0].text == "re khác"
    mine = [part.text for part in sent if part.conversation.endswith("a")]
    assert mine == [TEXTS("failed"), "re sau"]
    [letter] = await DeadLetters(desk.engine).all()
    assert (letter.name, letter.text) == ("in:1", "độc")


async def test_a_replayed_message_is_answered(desk: Desk) -> None:
    await desk.inbox.put(message("1"))
    [claimed] = await desk.inbox.claim(1, ["fake"])
    await desk.outbox.complete(claimed, Turn("failed", ""), Rendered([], []), problem="poison")
    letters = DeadLetters(desk.engine)
    await letters.replay(await letters.find("in:1"))
    async with desk.running():
        assert [part.text for part in await desk.sent(1)] == ["re chào"]


async def test_while_the_staff_hold_a_conversation_the_assistant_is_silent(desk: Desk) -> None:
    await desk.pauses.pause("fake:main:a", timedelta(hours=1))
    await desk.inbox.put(message("1"))
    await desk.inbox.put(message("b1", sender="b"))
    async with desk.running():
        await desk.sent(1)
        await desk.pauses.end("fake:main:a")
        await desk.inbox.put(message("2", "nữa"))
        sent = await desk.sent(2)
    assert [(part.conversation[-1], part.text) for part in sent] == [
        ("b", "re chào"),
        ("a", "re nữa"),
    ]


async def test_numbered_choices_are_chosen_by_their_number(desk: Desk) -> None:
    desk.channel.capabilities = Capabilities(max_chars=500, buttons=0)
    desk.assistant.fault = lambda text: Reply(
        f"re {text}", (Button("Phí", "/ask_fee"), Button("Thời hạn", "/ask_processing_time"))
    )
    await desk.inbox.put(message("1"))
    async with desk.running():
        [first] = await desk.sent(1)
        assert first.text == "re chào\n\n1. Phí\n2. Thời hạn"
        assert first.buttons == []
        await desk.inbox.put(message("2", " 2. "))
        await desk.inbox.put(message("3", "7"))
        await desk.sent(3)
    assert desk.assistant.asked == ["chào", "/ask_processing_time", "7"]


async def test_a_number_means_nothing_where_choices_can_be_pressed(desk: Desk) -> None:
    await desk.inbox.put(message("1"))
    await desk.inbox.put(message("2", "1"))
    async with desk.running():
        await desk.sent(2)
    assert desk.assistant.asked == ["chào", "1"]


@pytest.mark.parametrize("content", [it for it in Content if it is not Content.TEXT])
async def test_everything_that_is_no_text_has_a_reply(desk: Desk, content: Content) -> None:
    await desk.inbox.put(dataclasses.replace(message("1", ""), content=content))
    async with desk.running():
        sent = await desk.sent(1)
    assert sent
    assert sent[-1].outcome in ("clarify", "social")
    assert desk.assistant.asked == []


async def test_news_are_told_once_and_hold_no_answer_up(desk: Desk) -> None:
    morning = datetime.now(UTC) + timedelta(hours=8)
    assert await desk.outbox.push("fake:main:a", "H05-1:done", "xong", not_before=morning)
    assert not await desk.outbox.push("fake:main:a", "H05-1:done", "xong", not_before=None)
    await desk.inbox.put(message("1"))
    async with desk.running():
        assert [part.text for part in await desk.sent(1)] == ["re chào"]


async def test_text_that_no_database_can_hold_is_stored_without_it(desk: Desk) -> None:
    await desk.inbox.put(message("1", "a\0b\ud800c"))
    async with desk.running():
        assert [part.text for part in await desk.sent(1)] == ["re abc"]


class Upstream:
    """A platform on loopback; the channel under test posts to it with the channels' client."""

    name = "fake"
    capabilities = Capabilities(max_chars=500, buttons=3)

    def __init__(self, wire: Wire) -> None:
        self.client = open_client(wire, answer_s=0.5)
        self.url = ""

    async def send(self, part: Outbound) -> Receipt:
        try:
            response = await self.client.post(self.url, json={"text": part.text})
        except httpx.HTTPError as error:
            raise lost(error) from None
        return Receipt(response.text)

    async def show_typing(self, conversation: str, in_reply_to: str) -> None:
        pass


async def test_a_lost_answer_is_not_repeated_and_a_lost_connection_is(
    desk: Desk, unused_port: int
) -> None:
    received: list[str] = []

    async def silent(request: web.Request) -> web.Response:
        received.append((await request.json())["text"])
        await asyncio.sleep(0.8)
        return web.Response(text="too late")

    app = web.Application()
    app.router.add_post("/", silent)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    channel = Upstream(desk.wire)
    channel.url = f"http://127.0.0.1:{unused_port}/"
    desk.channel = channel  # type: ignore[assignment]
    await desk.inbox.put(message("1"))
    async with desk.running():
        await until(desk.engine, "waiting")
        assert received == []
        await web.TCPSite(runner, "127.0.0.1", unused_port).start()
        await until(desk.engine, "unknown")
    await channel.client.aclose()
    await runner.cleanup()
    assert received == ["re chào"]


async def test_after_a_kill_only_what_did_not_go_out_is_sent_again(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    killed = Desk(engine, tmp_path, owner="killed")
    killed.wire.open()
    await killed.inbox.put(message("1", "a"))
    await killed.inbox.put(message("2", "b", sender="b"))
    for claimed in await killed.inbox.claim(2, ["fake"]):
        text = claimed.inbound.text
        await killed.outbox.complete(claimed, Turn("answered", text), Rendered([text], []))
    out, _kept = await killed.outbox.claim("fake", 2)
    request = httpx.Request("POST", "http://127.0.0.1/")
    with killed.wire.carrying(out.id, out.attempt):
        await killed.wire.watch(request)
        await request.extensions["trace"]("http11.send_request_body.started", {})
    desk = Desk(engine, tmp_path, owner="new")
    assert await Recovery(engine, desk.wire).decide() == 0  # its claims have not run out
    assert await Recovery(engine, desk.wire).decide(everything=True) == 2
    async with desk.running():
        sent = await desk.sent(1)
    assert [part.text for part in sent] == ["b"]
    assert await states(engine) == ["unknown", "sent"]


async def test_what_another_machine_was_sending_is_left_to_it_for_a_while(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    other = Desk(engine, tmp_path / "other", owner="other")
    await other.outbox.push("fake:main:a", "k", "tin")
    await other.outbox.claim("fake", 1)
    recovery = Recovery(engine, Wire(tmp_path / "mine", "mine"))
    assert await recovery.decide(everything=True) == 0
    async with engine.begin() as connection:
        past = datetime.now(UTC) - timedelta(minutes=11)
        await connection.execute(update(outbox_table).values(claimed_until=past))
    assert await recovery.decide() == 1
    assert await states(engine) == ["unknown"]


async def test_an_echo_of_the_platform_confirms_what_was_unknown(desk: Desk) -> None:
    desk.channel.faults = [Unknown("no answer")]
    await desk.outbox.push("fake:main:a", "k", "tin")
    [part] = await desk.outbox.claim("fake", 1)
    await desk.outbox.unknown(part, "no answer")
    assert not await desk.outbox.confirm("fake", "fake:main:a", "khác", "m1")
    assert await desk.outbox.confirm("fake", "fake:main:a", "tin", "m1")
    assert await states(desk.engine) == ["sent"]
    assert await desk.outbox.by_message_id("fake", "m1")
    assert not await desk.outbox.confirm("fake", "fake:main:a", "tin", "m2")


async def test_a_platform_that_refuses_everybody_is_left_alone_for_that_long(desk: Desk) -> None:
    wait = timedelta(milliseconds=600)
    desk.channel.faults = [NotDelivered("429", wait=wait, everyone=True)]
    await desk.inbox.put(message("1"))
    async with desk.running():
        await desk.inbox.put(message("b1", sender="b"))
        sent = await desk.sent(2)
    assert {part.conversation[-1] for part in sent} == {"a", "b"}
