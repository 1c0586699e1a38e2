"""Zalo Bot: webhook and polling, both bodies, groups, and what each refusal means."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import NotDelivered, Platform, Refused, Unknown, Unreachable
from bot.channels.zalo_bot import WEBHOOK_PATH, build, polling
from bot.channels.zalo_bot.channel import ZaloBot
from bot.channels.zalo_bot.polling import Poller
from bot.channels.zalo_bot.updates import Address, Malformed, read_update, without_name
from bot.messages import Content
from bot.settings import Settings
from tests.channels.zalo_support import Desk, part, serving
from tests.fakes.zalo_bot import SECRET, TOKEN, FakeZaloBot
from tests.fakes.zalo_common import Fault

BOT = "12345689"
CONVERSATION = f"zalo_bot:{BOT}:u1"
HEADER = "X-Bot-Api-Secret-Token"


class Bot:
    """The channel, the fake behind it, and the door in front of it."""

    def __init__(self, zalo: FakeZaloBot, desk: Desk, channel: ZaloBot, door: str) -> None:
        self.zalo = zalo
        self.desk = desk
        self.channel = channel
        self.door = door

    async def post(self, body: bytes, secret: str | None = SECRET) -> int:
        headers = [] if secret is None else [(HEADER.encode(), secret.encode())]
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.post(self.door, content=body, headers=headers)).status_code

    async def stored(self, count: int) -> list[Any]:
        for _ in range(500):
            if len(await self.desk.stored()) >= count:
                break
            await asyncio.sleep(0.02)
        return await self.desk.stored()


@asynccontextmanager
async def opened(engine: AsyncEngine, folder: Path, **settings: Any) -> AsyncIterator[Bot]:
    desk = Desk(engine, folder)
    async with FakeZaloBot() as zalo:
        channel = build(Settings(**{**zalo.settings, "var_dir": folder, **settings}), desk.parts)
        assert isinstance(channel, ZaloBot)
        try:
            async with serving(WEBHOOK_PATH, channel.receive) as door:
                yield Bot(zalo, desk, channel, door)
        finally:
            await channel.close()


@pytest.fixture
async def bot(sqlite: AsyncEngine, tmp_path: Path) -> AsyncIterator[Bot]:
    async with opened(sqlite, tmp_path) as bot:
        yield bot


@pytest.fixture
async def hooked(bot: Bot) -> Bot:
    """The bot with its webhook set."""
    bot.zalo.webhook, bot.zalo.secret = bot.door, SECRET
    return bot


@asynccontextmanager
async def polled(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Task[None]]:
    """The bot while it polls, with short pauses."""
    monkeypatch.setattr(polling, "_SOMEBODY_ELSE_S", 0.02)
    monkeypatch.setattr(polling, "_LONGEST_PAUSE_S", 0.02)
    monkeypatch.setattr(polling, "_TOKEN_WAIT_S", 0.02)
    monkeypatch.setattr(polling, "_QUOTA_WAIT_S", 0.02)
    poller = Poller(bot.channel._client, bot.desk.parts, bot.channel._receiver, BOT, poll_s=0.3)
    task = asyncio.create_task(poller.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def update(name: str = "message.text.received", **message: Any) -> dict[str, Any]:
    return {
        "event_name": name,
        "message": {
            "message_id": "m1",
            "date": 1750316131602,
            "from": {"id": "u1", "display_name": "An", "is_bot": False},
            "chat": {"id": "u1", "chat_type": "PRIVATE"},
            "text": "Xin chào",
            **message,
        },
    }


# -- webhook -----------------------------------------------------------------------------------


@pytest.mark.parametrize("wrapped", [False, True], ids=["flat", "wrapped"])
async def test_both_bodies_are_taken(hooked: Bot, wrapped: bool) -> None:
    hooked.zalo.wrapped = wrapped
    await hooked.zalo.say("u1", "phí bao nhiêu?")
    [row] = await hooked.desk.stored()
    assert (row["text"], row["sender"], row["bot"]) == ("phí bao nhiêu?", "u1", BOT)
    assert hooked.desk.arrivals == 1


async def test_a_repeated_message_is_stored_once(hooked: Bot) -> None:
    for _ in range(3):
        await hooked.zalo.say("u1", "chào", event_id="m1")
    assert len(await hooked.desk.stored()) == 1
    assert hooked.desk.counted("received", "zalo_bot", "repeated") == 2


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", "é"])
async def test_without_the_secret_nothing_is_taken(bot: Bot, secret: str | None) -> None:
    assert await bot.post(json.dumps(update()).encode(), secret) == 403
    assert await bot.desk.stored() == []
    assert bot.desk.counted("received", "zalo_bot", "unsigned") == 1


async def test_where_no_secret_is_set_nothing_is_taken(
    sqlite: AsyncEngine, tmp_path: Path
) -> None:
    async with opened(sqlite, tmp_path, zalo_bot_secret=None) as bot:
        for secret in (None, "", "x"):
            assert await bot.post(json.dumps(update()).encode(), secret) == 403
        assert await bot.desk.stored() == []


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b"[" * 100_000, b"7", b'"\xff"'])
async def test_a_body_that_is_no_object_is_refused(bot: Bot, body: bytes) -> None:
    assert await bot.post(body) == 400
    assert await bot.desk.stored() == []


async def test_an_oversize_body_is_refused(bot: Bot) -> None:
    assert await bot.post(b" " * 300_000) == 413


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"event_name": 7},
        {"event_name": "message.text.received"},
        update(message_id=None),
        update(chat=None),
        update(chat={"id": {}}),
        update(**{"from": {}}),
        update(message_id="x" * 500),
        update(chat={"id": "ệ" * 50, "chat_type": "PRIVATE"}),
    ],
)
async def test_an_update_without_what_belongs_to_it_is_counted(
    bot: Bot, event: dict[str, Any]
) -> None:
    assert await bot.post(json.dumps(event).encode()) == 200
    assert await bot.desk.stored() == []
    assert bot.desk.counted("received", "zalo_bot", "malformed") == 1


@pytest.mark.parametrize(
    "event",
    [update("message.something.new"), update(**{"from": {"id": "b", "is_bot": True}})],
    ids=["unknown", "of a bot"],
)
async def test_what_is_no_message_of_a_person_is_counted(bot: Bot, event: dict[str, Any]) -> None:
    assert await bot.post(json.dumps(event).encode()) == 200
    assert await bot.desk.stored() == []
    assert bot.desk.counted("received", "zalo_bot", "ignored") == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("message.image.received", Content.PHOTO),
        ("message.sticker.received", Content.STICKER),
        ("message.voice.received", Content.VOICE),
        ("message.unsupported.received", Content.OTHER),
    ],
)
async def test_what_is_not_text_is_stored_as_what_it_is(
    hooked: Bot, name: str, content: Content
) -> None:
    await hooked.zalo.message("u1", name, caption="ảnh hồ sơ")
    [row] = await hooked.desk.stored()
    assert (row["content"], row["text"]) == (content.value, "ảnh hồ sơ")


async def test_start_opens_the_conversation(hooked: Bot) -> None:
    await hooked.zalo.say("u1", "/start")
    [row] = await hooked.desk.stored()
    assert (row["content"], row["text"]) == ("start", "")


async def test_while_the_database_is_away_the_update_is_not_acknowledged(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(message: object) -> bool:
        raise OSError(f"cannot store {message}")

    monkeypatch.setattr(bot.desk.parts.inbox, "put", broken)
    assert await bot.post(json.dumps(update()).encode()) == 503
    assert "Xin chào" not in caplog.text


async def test_the_webhook_is_registered_and_registered_again(
    sqlite: AsyncEngine, tmp_path: Path
) -> None:
    public = "https://motcua.example"
    settings = {"zalo_bot_mode": "webhook", "public_url": f"{public}/"}
    async with opened(sqlite, tmp_path, **settings) as bot:
        task = asyncio.create_task(bot.channel.run())
        while not bot.zalo.webhook:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert bot.zalo.webhook == f"{public}{WEBHOOK_PATH}"
        assert bot.zalo.secret == SECRET


# -- groups ------------------------------------------------------------------------------------


async def test_in_a_group_each_person_has_a_conversation_and_answers_go_to_the_group(
    hooked: Bot,
) -> None:
    hooked.channel._receiver.learn(await hooked.channel._client.ask("getMe"))
    await hooked.zalo.say("u1", "@bot.mau phí bao nhiêu?", group="g1")
    await hooked.zalo.say("u2", "phí bao nhiêu?", group="g1")
    rows = await hooked.desk.stored()
    assert [(row["sender"], row["text"]) for row in rows] == [
        ("g1.u1", "phí bao nhiêu?"),
        ("g1.u2", "phí bao nhiêu?"),
    ]
    await hooked.channel.send(part(rows[0]["conversation"], "Phí là …"))
    assert hooked.zalo.texts("g1") == ["Phí là …"]


def test_only_a_whole_mention_at_the_beginning_is_cut_off() -> None:
    names = ("bot.mau", "Một cửa")
    assert without_name("@bot.mau, phí?", names) == "phí?"
    assert without_name(" @một cửa phí?", names) == "phí?"
    assert without_name("@bot.maunày phí?", names) == "@bot.maunày phí?"
    assert without_name("hỏi @bot.mau", names) == "hỏi @bot.mau"


@given(st.text(min_size=1, max_size=30), st.none() | st.text(min_size=1, max_size=30))
def test_any_id_survives_as_a_sender(chat: str, user: str | None) -> None:
    address = Address(
        chat.encode("utf-8", "ignore").decode() or "x",
        user and (user.encode("utf-8", "ignore").decode() or "y"),
    )
    assert ":" not in address.sender
    assert Address.read(address.sender) == address


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["result", "event_name", "message", "from", "chat", "id"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_no_update_raises_anything_else(body: Any) -> None:
    if isinstance(body, dict):
        body = {"event_name": "message.text.received", **body}
        with suppress(Malformed):
            read_update(body, bot=BOT, names=(), now=datetime.now(UTC))


# -- polling -----------------------------------------------------------------------------------


async def test_polling_takes_one_update_after_the_other(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with polled(bot, monkeypatch):
        for number in range(5):
            await bot.zalo.say("u1", f"câu {number}")
        rows = await bot.stored(5)
    assert [row["text"] for row in rows] == [f"câu {number}" for number in range(5)]


async def test_an_idle_poll_is_no_fault(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with polled(bot, monkeypatch):
        while len(bot.zalo.called("getUpdates")) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await bot.zalo.say("u1", "chào")
        await bot.stored(1)
    assert "failed" not in caplog.text
    assert bot.desk.metrics.last_poll.labels("zalo_bot")._value.get() > 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault("server_error"),
        Fault("bad_gateway"),
        Fault("not_taken"),
        Fault("garbage"),
        Fault("flood"),
        Fault("unauthorized"),
        Fault("error", code=409),
    ],
    ids=lambda fault: fault.kind,
)
async def test_a_poll_that_fails_is_made_again(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    bot.zalo.poll_faults.append(fault)
    async with polled(bot, monkeypatch):
        await bot.zalo.say("u1", "chào")
        assert len(await bot.stored(1)) == 1


async def test_a_poll_that_hangs_is_given_up(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "MARGIN_S", 0.2)
    bot.zalo.poll_faults.append(Fault("no_answer"))
    async with polled(bot, monkeypatch):
        while not bot.zalo.called("getUpdates"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await bot.zalo.say("u1", "chào")
        assert len(await bot.stored(1)) == 1


async def test_a_webhook_that_would_silence_polling_is_removed(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bot.zalo.webhook = "https://elsewhere.example/"
    async with polled(bot, monkeypatch):
        while bot.zalo.webhook:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        bot.zalo.webhook = "https://again.example/"
        while bot.zalo.webhook:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await bot.zalo.say("u1", "chào")
        assert len(await bot.stored(1)) == 1
    assert "a webhook was set" in caplog.text


async def test_two_gateways_never_poll_at_once(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    second = Desk(bot.desk.engine, bot.desk.folder, owner="second")
    other = Bot(bot.zalo, second, bot.channel, bot.door)
    async with polled(bot, monkeypatch), polled(other, monkeypatch):
        for number in range(10):
            await bot.zalo.say("u1", f"câu {number}")
            await asyncio.sleep(0.02)
        rows = await bot.stored(10)
    assert len(rows) == 10
    assert bot.zalo.most_polls == 1


async def test_what_was_handed_out_is_stored_however_busy_the_database(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, faults = bot.desk.parts.inbox.put, [OSError(), OSError()]

    async def busy(message: Any) -> bool:
        if faults:
            raise faults.pop()
        return await put(message)

    monkeypatch.setattr(bot.desk.parts.inbox, "put", busy)
    async with polled(bot, monkeypatch):
        await bot.zalo.say("u1", "chào")
        assert len(await bot.stored(1)) == 1


async def test_a_gateway_that_stops_stores_what_it_was_handed(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, began = bot.desk.parts.inbox.put, asyncio.Event()

    async def slow(message: Any) -> bool:
        began.set()
        await asyncio.sleep(0.2)
        return await put(message)

    monkeypatch.setattr(bot.desk.parts.inbox, "put", slow)
    async with polled(bot, monkeypatch) as task:
        await bot.zalo.say("u1", "chào")
        await began.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert len(await bot.desk.stored()) == 1


# -- sending -----------------------------------------------------------------------------------


async def test_a_text_goes_out_as_it_is(bot: Bot) -> None:
    receipt = await bot.channel.send(part(CONVERSATION, "Chào <b>&_* e\u0302"))
    assert bot.zalo.texts("u1") == ["Chào <b>&_* ê"]
    assert receipt.message_id == bot.zalo.last("u1").message_id


async def test_typing_is_shown_and_nobody_waits_for_it(bot: Bot) -> None:
    await bot.channel.show_typing(CONVERSATION, "m1")
    while not bot.zalo.called("sendChatAction"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    bot.zalo.down = True
    await bot.channel.show_typing(CONVERSATION, "m1")
    await asyncio.gather(*bot.channel._typing)


REFUSALS: dict[str, tuple[Fault, type[Exception], bool, int]] = {
    "429": (Fault("flood"), NotDelivered, True, 0),
    "401": (Fault("unauthorized"), NotDelivered, True, 0),
    "403": (Fault("forbidden"), Unreachable, False, 0),
    "404": (Fault("error", code=404), Unreachable, False, 0),
    "400": (Fault("error", code=400), Refused, False, 0),
    "500": (Fault("server_error"), NotDelivered, False, 0),
    "502": (Fault("bad_gateway"), NotDelivered, False, 0),
    "408": (Fault("error", code=408), Unknown, False, 0),
    "lost answer": (Fault("lost_answer"), Unknown, False, 1),
    "no answer": (Fault("no_answer"), Unknown, False, 1),
    "garbage": (Fault("garbage"), Unknown, False, 1),
}


@pytest.mark.parametrize(("fault", "kind", "everyone", "taken"), REFUSALS.values(), ids=REFUSALS)
async def test_each_refusal_is_told_by_its_class(
    bot: Bot, fault: Fault, kind: type[Exception], everyone: bool, taken: int
) -> None:
    bot.channel._client.answer_s = 0.5
    bot.zalo.faults.append(fault)
    with pytest.raises(kind) as caught:
        await bot.channel.send(part(CONVERSATION))
    assert getattr(caught.value, "everyone", False) == everyone
    assert len(bot.zalo.sent) == taken


async def test_while_the_platform_cannot_be_reached_the_part_waits(bot: Bot) -> None:
    await bot.zalo.stop()
    with pytest.raises(NotDelivered):
        await bot.channel.send(part(CONVERSATION))


async def test_what_is_too_long_is_not_sent(bot: Bot) -> None:
    with pytest.raises(Refused):
        await bot.channel.send(part(CONVERSATION, "x" * 2001))
    assert bot.zalo.sent == []


async def test_a_wrong_token_holds_everything_up_and_is_told(
    sqlite: AsyncEngine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(sqlite, tmp_path, zalo_bot_token="1:wrong-token-for-tests") as bot:
        with pytest.raises(NotDelivered) as caught:
            await bot.channel.send(part("zalo_bot:1:u1"))
        assert caught.value.everyone
        assert bot.desk.counted("trouble", "zalo_bot", "token") == 1
        assert [it.ok for it in await bot.channel.examine()] == [False, True]
    assert "wrong-token" not in caplog.text


# -- the rest ----------------------------------------------------------------------------------


def test_without_a_token_the_channel_is_off() -> None:
    assert build(Settings(), None) is None  # type: ignore[arg-type]


async def test_the_channel_is_a_platform_without_buttons_and_files(bot: Bot) -> None:
    assert isinstance(bot.channel, Platform)
    assert (bot.channel.capabilities.buttons, bot.channel.capabilities.files) == (0, False)


async def test_doctor_tells_who_polls(bot: Bot) -> None:
    assert [it.what for it in await bot.channel.examine() if not it.ok] == ["nobody polls"]
    await bot.desk.parts.leases.take(polling.lease_name(BOT), polling.LEASE)
    assert [it.what for it in await bot.channel.examine() if not it.ok] == []
    bot.zalo.webhook = "https://elsewhere.example/"
    assert [it.ok for it in await bot.channel.examine()] == [True, False, True, True]


async def test_the_token_is_never_logged(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)
    bot.zalo.poll_faults.append(Fault("server_error"))
    async with polled(bot, monkeypatch):
        await bot.zalo.say("u1", "chào")
        await bot.stored(1)
    await bot.channel.send(part(CONVERSATION))
    await bot.zalo.stop()
    with pytest.raises(NotDelivered):
        await bot.channel.send(part(CONVERSATION))
    assert TOKEN not in caplog.text
