"""Telegram's webhook, sending and errors, against the stand-in in `tests/fakes/telegram.py`."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import NotDelivered, NotSent, Refused, Unknown, Unreachable
from bot.channels.sent_files import SentFiles
from bot.channels.telegram import build
from bot.channels.telegram.keyboard import rows
from bot.channels.telegram.markup import LONGEST_UNITS, to_html, units
from bot.channels.telegram.webhook import SECRET_HEADER, register
from bot.delivery.rendering import split
from bot.settings import Settings
from tests.channels.telegram_desk import SECRET, Desk, open_desk, parts_of
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_rules import Fault, read_html

KEY = "k" * 64


@pytest.fixture
async def desk(sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path) -> AsyncIterator[Desk]:
    """The channel in webhook mode; nothing runs in the background."""
    async with open_desk(
        sqlite,
        tmp_path,
        telegram_token=telegram.token,
        telegram_api_url=telegram.url,
        telegram_mode="webhook",
    ) as desk:
        yield desk


async def post(desk: Desk, body: object, secret: str | None = SECRET) -> int:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {} if secret is None else {SECRET_HEADER: secret}
    async with (
        aiohttp.ClientSession() as session,
        session.post(desk.webhook, data=data, headers=headers) as answer,
    ):
        return answer.status


def update(telegram: FakeTelegram, number: int = 1, text: str = "chào") -> dict[str, object]:
    return {"update_id": number, "message": telegram.a_message(77, text=text)}


# -- the channel is there or not ---------------------------------------------------------------


def test_without_a_token_there_is_no_channel(sqlite: AsyncEngine, tmp_path: Path) -> None:
    assert build(Settings(), parts_of(sqlite, tmp_path, "x")) is None


# -- webhook -----------------------------------------------------------------------------------


async def test_an_update_is_stored_once_however_often_it_comes(
    desk: Desk, telegram: FakeTelegram
) -> None:
    body = update(telegram, text="phí bao nhiêu?")
    assert [await post(desk, body) for _ in range(3)] == [200, 200, 200]
    [row] = await desk.inbox()
    assert (row["channel"], row["bot"], row["event_id"]) == ("telegram", "123456789", "1")
    assert (row["sender"], row["text"]) == ("77", "phí bao nhiêu?")
    assert (desk.received("stored"), desk.received("repeated")) == (1, 2)


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", "bí-mật"])
async def test_a_call_without_the_secret_is_refused(
    desk: Desk, telegram: FakeTelegram, secret: str | None
) -> None:
    assert await post(desk, update(telegram), secret) == 403
    assert await desk.inbox() == []
    assert desk.received("unsigned") == 1


@pytest.mark.parametrize("secret", [None, "", "anything"])
async def test_without_a_secret_in_the_settings_every_call_is_refused(
    sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path, secret: str | None
) -> None:
    async with open_desk(
        sqlite, tmp_path, telegram_token=telegram.token, telegram_secret=None
    ) as desk:
        assert await post(desk, update(telegram), secret) == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b"null",
        b'{"update_id": "1"}',
        b'{"update_id": true}',
        b'{"update_id": 1, "message": {"text": "x"}}',
        b'{"update_id": 1, "message": {"text": "x", "chat": {"id": "1"}, "from": {"id": 1}}}',
        b'{"update_id": 1, "message": {"text": "x", "chat": {"id": 1}, "from": {"id": "1"}}}',
        b'{"update_id": 1, "callback_query": {"id": "1", "data": "k", "from": {"id": 1},'
        b' "message": {"chat": {"id": 1}, "reply_markup": {"inline_keyboard": [1]}}}}',
    ],
    ids=range(12),
)
async def test_a_malformed_body_is_refused(desk: Desk, body: bytes) -> None:
    assert await post(desk, body) == 400
    assert await desk.inbox() == []
    assert desk.received("malformed") == 1


async def test_a_huge_body_is_refused(desk: Desk, telegram: FakeTelegram) -> None:
    assert await post(desk, update(telegram, text="x" * 300_000)) == 413


async def test_a_body_that_is_not_packed_as_it_says_is_refused(desk: Desk) -> None:
    headers = {SECRET_HEADER: SECRET, "Content-Encoding": "gzip"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(desk.webhook, data=b"no gzip", headers=headers) as answer,
    ):
        assert answer.status == 400


async def test_unknown_kinds_of_updates_are_taken_and_counted(desk: Desk) -> None:
    for number, kind in enumerate(["message_reaction", "poll", "made_up_in_2030"]):
        assert await post(desk, {"update_id": number, kind: {"chat": {"id": 1}}}) == 200
    assert await post(desk, {"update_id": 9}) == 200
    assert await desk.inbox() == []
    assert desk.received("ignored") == 4


async def test_when_it_cannot_be_stored_telegram_is_asked_to_come_again(
    desk: Desk,
    telegram: FakeTelegram,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def full(_message: object) -> bool:
        raise OSError("disk full while storing số điện thoại 0912345678")

    with monkeypatch.context() as patch:
        patch.setattr(type(desk.parts.inbox), "put", lambda _self, message: full(message))
        assert await post(desk, update(telegram)) == 503
    assert "0912345678" not in caplog.text
    assert await post(desk, update(telegram)) == 200


async def test_the_webhook_is_registered_with_secret_and_kinds(
    desk: Desk, telegram: FakeTelegram
) -> None:
    await register(desk.channel._api, desk.settings)
    [values] = telegram.called("setWebhook")
    assert values["url"] == desk.webhook
    assert values["secret_token"] == SECRET
    assert values["drop_pending_updates"] is False
    assert set(values["allowed_updates"]) == {
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    }


async def test_what_was_written_while_the_gateway_was_away_arrives(
    sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path
) -> None:
    await telegram.say(77, "một")
    await telegram.say(77, "hai")
    async with open_desk(
        sqlite,
        tmp_path,
        run=True,
        telegram_token=telegram.token,
        telegram_api_url=telegram.url,
        telegram_mode="webhook",
    ) as desk:
        rows = await desk.stored(2)
        assert [row["text"] for row in rows] == ["một", "hai"]
        await telegram.all_taken()


async def test_the_background_work_can_begin_again(
    sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path
) -> None:
    async with open_desk(
        sqlite, tmp_path, telegram_token=telegram.token, telegram_api_url=telegram.url
    ) as desk:
        for text in ("một", "hai"):
            work = asyncio.create_task(desk.channel.run())
            await telegram.say(77, text)
            await telegram.all_taken()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        assert [row["text"] for row in await desk.inbox()] == ["một", "hai"]


async def test_the_menu_is_shown_in_each_language(
    sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path
) -> None:
    telegram.faults.append(Fault("server_error", method="setMyCommands"))
    async with open_desk(
        sqlite, tmp_path, run=True, telegram_token=telegram.token, telegram_api_url=telegram.url
    ):
        while len(telegram.called("setMyCommands")) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    shown = {
        call.get("language_code"): call["commands"] for call in telegram.called("setMyCommands")
    }
    assert set(shown) == {"vi", "en", None}
    assert shown[None] == shown["vi"]
    assert "tracuu" in [it["command"] for it in shown["vi"]]
    assert "track" in [it["command"] for it in shown["en"]]


# -- sending -----------------------------------------------------------------------------------


async def test_an_answer_arrives_as_written_with_its_buttons(
    desk: Desk, telegram: FakeTelegram
) -> None:
    text = "Lệ phí:\n<b>200.000 & 300.000</b> đồng; *không* _phải_ [thẻ](x) &lt;"
    buttons = [{"label": "Thời hạn", "key": KEY}, {"label": "Nơi nộp", "key": "b"}]
    receipt = await desk.channel.send(desk.part(text, buttons=buttons))
    [sent] = telegram.sent
    assert (sent.chat, sent.text) == (77, text)
    assert sent.html is not None
    assert sent.html.startswith("<b>Lệ phí:</b>\n&lt;b&gt;")
    assert sent.buttons == (("Thời hạn", KEY), ("Nơi nộp", "b"))
    assert receipt.message_id == str(sent.message_id)


@given(st.text())
def test_markup_never_changes_what_is_read(text: str) -> None:
    shown = read_html(to_html(text))
    assert (
        shown.split()
        == "".join(c for c in text if c >= " " or c in "\n\t").replace("\x7f", "").split()
    )


@given(
    st.text(st.sampled_from("aạ đ👍🏽👨‍👩‍👧🇻🇳\n.<&"), min_size=1, max_size=40), st.integers(1, 300)
)
def test_no_part_is_ever_too_long_for_telegram(text: str, times: int) -> None:
    parts = split(text * times, LONGEST_UNITS, units)
    assert all(units(part) <= LONGEST_UNITS for part in parts)
    assert "".join("".join(parts).split()) == "".join((text * times).split())


async def test_the_longest_part_of_emoji_and_of_escapes_is_taken(
    desk: Desk, telegram: FakeTelegram
) -> None:
    for character in "👍&<ạ":
        count = LONGEST_UNITS // units(character)
        await desk.channel.send(desk.part(character * count))
    assert [units(sent.text) for sent in telegram.sent] == [LONGEST_UNITS] * 4


async def test_a_key_that_is_too_long_for_a_button_is_an_explicit_error(
    desk: Desk, telegram: FakeTelegram
) -> None:
    for key in ("k" * 65, "ư" * 33, ""):
        with pytest.raises(Refused, match="1 to 64"):
            await desk.channel.send(desk.part(buttons=[{"label": "Phí", "key": key}]))
    assert telegram.calls == []


def test_short_buttons_share_a_row() -> None:
    labels = ["Phí", "Thời hạn", "Nơi nộp", "Giấy tờ cần nộp", "Căn cứ pháp lý", "x" * 40, "Thôi"]
    laid = rows([{"label": label, "key": label} for label in labels])
    assert [len(row) for row in laid] == [3, 2, 1, 1]
    assert [it["label"] for row in laid for it in row] == labels


async def test_what_telegram_cannot_parse_is_sent_as_plain_text(
    desk: Desk, telegram: FakeTelegram
) -> None:
    telegram.faults.append(Fault("cannot_parse"))
    await desk.channel.send(desk.part("a < b"))
    [sent] = telegram.sent
    assert (sent.text, sent.html) == ("a < b", None)


async def test_in_a_group_the_answer_quotes_the_question(
    desk: Desk, telegram: FakeTelegram
) -> None:
    await desk.channel.send(desk.part(to="-100500.77", in_reply_to="12.345"))
    [sent] = telegram.sent
    assert (sent.chat, sent.quoted) == (-100500, 345)


async def test_a_group_that_has_moved_is_followed(desk: Desk, telegram: FakeTelegram) -> None:
    telegram.faults.append(Fault("moved"))
    await desk.channel.send(desk.part(to="-500.77"))
    assert [sent.chat for sent in telegram.sent] == [-100999]


async def test_typing_is_shown_and_nobody_waits_for_it(desk: Desk, telegram: FakeTelegram) -> None:
    telegram.faults.append(Fault("no_answer", method="sendChatAction"))
    await desk.channel.show_typing(f"telegram:{desk.channel.bot}:77", "1")
    while not telegram.called("sendChatAction"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert telegram.called("sendChatAction") == [{"chat_id": 77, "action": "typing"}]


async def test_the_wire_sees_the_body_go_out(desk: Desk, telegram: FakeTelegram) -> None:
    with desk.parts.wire.carrying(5, 2) as carried:
        await desk.channel.send(desk.part())
    assert carried.out
    assert desk.parts.wire.evidence("test") == {"5.2"}


async def test_the_wire_knows_that_nothing_went_out(
    sqlite: AsyncEngine, telegram: FakeTelegram, tmp_path: Path
) -> None:
    async with open_desk(
        sqlite, tmp_path, telegram_token=telegram.token, telegram_api_url="http://127.0.0.1:9"
    ) as desk:
        with (
            desk.parts.wire.carrying(5, 2) as carried,
            pytest.raises(NotDelivered, match="ConnectError"),
        ):
            await desk.channel.send(desk.part())
    assert not carried.out


# -- what errors mean --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        (Fault("flood", wait_s=7), NotDelivered),
        (Fault("forbidden"), Unreachable),
        (Fault("no_chat"), Unreachable),
        (Fault("unauthorized"), NotDelivered),
        (Fault("server_error"), NotDelivered),
        (Fault("bad_gateway"), NotDelivered),
        (Fault("lost_answer"), Unknown),
        (Fault("garbage"), Unknown),
    ],
    ids=lambda it: getattr(it, "kind", None),
)
async def test_an_error_is_told_by_what_may_be_done_about_it(
    desk: Desk, telegram: FakeTelegram, fault: Fault, meaning: type[NotSent]
) -> None:
    telegram.faults.append(fault)
    with pytest.raises(NotSent) as raised:
        await desk.channel.send(desk.part())
    assert type(raised.value) is meaning


async def test_a_flood_limit_says_how_long_and_for_whom(
    desk: Desk, telegram: FakeTelegram
) -> None:
    for to, everyone in (("77", True), ("-100500.77", False)):
        telegram.faults.append(Fault("flood", wait_s=7))
        with pytest.raises(NotDelivered) as raised:
            await desk.channel.send(desk.part(to=to))
        assert (raised.value.wait, raised.value.everyone) == (timedelta(seconds=7), everyone)


async def test_no_answer_in_time_is_not_taken_for_a_failure(
    desk: Desk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.channel._api.call.__func__, "__kwdefaults__", {"answer_s": 0.2})
    telegram.faults.append(Fault("no_answer"))
    with pytest.raises(Unknown, match="ReadTimeout"):
        await desk.channel.send(desk.part())
    assert len(telegram.sent) == 1


async def test_a_refused_token_is_said_by_the_name_of_its_setting(
    desk: Desk, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    telegram.faults.append(Fault("unauthorized"))
    with pytest.raises(NotDelivered) as raised:
        await desk.channel.send(desk.part())
    assert (raised.value.wait, raised.value.everyone) == (timedelta(seconds=60), True)
    assert "MOTCUA_TELEGRAM_TOKEN" in caplog.text
    assert desk.trouble("token") == 1


async def test_other_faults_of_ours_are_refused_without_the_text(
    desk: Desk, telegram: FakeTelegram
) -> None:
    with pytest.raises(Refused) as raised:
        await desk.channel.send(desk.part(" "))
    assert str(raised.value) == "status 400: message text is empty"


async def test_neither_token_nor_text_is_logged(
    desk: Desk, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, logger="aiosqlite")  # as the command line does
    for name in ("httpx", "httpcore", "telegram"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
    for kind in ("garbage", "bad_gateway", "lost_answer", "cannot_parse", "server_error"):
        telegram.faults.append(Fault(kind))
        try:
            await desk.channel.send(desk.part("số điện thoại 0912345678"))
        except NotSent as problem:
            assert "0912345678" not in str(problem)
            assert telegram.token not in str(problem)
    await post(desk, update(telegram, text="căn cước 001099012345"))
    assert telegram.token not in caplog.text
    assert "0912345678" not in caplog.text
    assert "001099012345" not in caplog.text


# -- forms -------------------------------------------------------------------------------------


async def test_a_form_is_uploaded_once_and_then_sent_by_its_id(
    desk: Desk, telegram: FakeTelegram, tmp_path: Path
) -> None:
    form = tmp_path / "mau.pdf"
    form.write_bytes(b"%PDF-1.4 mau")
    file = {"name": "Mẫu số 01 – Đơn đề nghị.pdf", "path": str(form)}
    for chat in ("77", "78"):
        await desk.channel.send(desk.part("", to=chat, file=file))
    first, second = telegram.sent
    assert first.file == second.file == ("Mẫu số 01 – Đơn đề nghị.pdf", b"%PDF-1.4 mau")
    assert telegram.called("sendDocument")[1]["document"] == "file-1"


async def test_a_form_whose_id_is_gone_is_uploaded_again(
    desk: Desk, telegram: FakeTelegram, tmp_path: Path
) -> None:
    form = tmp_path / "mau.pdf"
    form.write_bytes(b"%PDF-1.4 mau")
    file = {"name": "Mẫu.pdf", "path": str(form)}
    await desk.channel.send(desk.part("", file=file))
    telegram.faults.append(Fault("file_gone"))
    await desk.channel.send(desk.part("", file=file))
    await desk.channel.send(desk.part("", file=file))
    assert len(telegram.sent) == 3
    assert [type(it["document"]) for it in telegram.called("sendDocument")] == [
        tuple,
        str,
        tuple,
        str,
    ]


async def test_a_form_that_is_not_there_is_refused(desk: Desk, tmp_path: Path) -> None:
    file = {"name": "Mẫu.pdf", "path": str(tmp_path / "none.pdf")}
    with pytest.raises(Refused, match="FileNotFoundError"):
        await desk.channel.send(desk.part("", file=file))


# -- buttons and groups, end to end ------------------------------------------------------------


async def test_a_pressed_button_is_stored_and_its_waiting_sign_ends(
    desk: Desk, telegram: FakeTelegram
) -> None:
    await register(desk.channel._api, desk.settings)
    await desk.channel.send(desk.part(buttons=[{"label": "Thời hạn", "key": KEY}]))
    telegram.faults.append(Fault("server_error", method="answerCallbackQuery"))
    await telegram.press(77, "Thời hạn")
    await telegram.press(77, "Thời hạn")
    rows = await desk.stored(2)
    assert [(row["button"], row["text"]) for row in rows] == [(KEY, "Thời hạn")] * 2
    while len(telegram.called("answerCallbackQuery")) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_the_name_of_the_bot_is_asked_for_when_a_group_needs_it(
    desk: Desk, telegram: FakeTelegram
) -> None:
    telegram.faults.append(Fault("server_error", method="getMe"))
    await register(desk.channel._api, desk.settings)
    await telegram.message(-100500, user=77, text=f"@{telegram.username} phí?")
    [row] = await desk.stored()
    await telegram.all_taken()
    assert (row["text"], row["sender"]) == ("phí?", "-100500.77")
    assert [it.status for it in telegram.deliveries] == [503, 200]


async def test_who_blocks_the_bot_is_noted(desk: Desk, telegram: FakeTelegram) -> None:
    await register(desk.channel._api, desk.settings)
    await telegram.say(77, "chào")
    await telegram.block(77)
    await telegram.all_taken()
    assert not await desk.parts.contacts.is_reachable("telegram:123456789:77")


async def test_the_ids_of_files_are_kept_on_each_database(engine: AsyncEngine) -> None:
    files = SentFiles(engine, "telegram", "1")
    assert await files.known("digest") is None
    await files.keep("digest", "first")
    await files.keep("digest", "second")
    assert await files.known("digest") == "second"
    assert await SentFiles(engine, "telegram", "2").known("digest") is None
    await files.forget("second")
    assert await files.known("digest") is None
