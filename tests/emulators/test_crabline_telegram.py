"""The whole gateway against crabline's Telegram: what somebody else takes for the Bot API."""

import json
from pathlib import Path

from aiohttp import ClientSession, web

from bot.channels.telegram.markup import to_html
from tests.emulators.crabline import Crabline, open_crabline
from tests.emulators.gateway import ANSWER, open_gateway_for, serve, until
from tests.support.processes import free_port

TOKEN = "123456:AAtest-token"
SECRET = "secret_of-tests"
NAME = ("--bot-username", "dvc_test_bot")


def settings(crabline: Crabline, mode: str) -> dict[str, str]:
    return {
        "telegram_token": crabline.token,
        "telegram_api_url": crabline.url,
        "telegram_mode": mode,
        "telegram_secret": SECRET,
    }


def answered(crabline: Crabline, *said: str) -> bool:
    """Whether each of these was answered, in this order and once."""
    texts = [call["text"] for call in crabline.calls("sendMessage")]
    return texts == [to_html(ANSWER.format(said=it)) for it in said]


async def test_a_dialogue_by_polling(tmp_path: Path) -> None:
    async with open_crabline("telegram", tmp_path, token=TOKEN, options=NAME) as crabline:
        await crabline.say(chatId="77", text="phí bao nhiêu?", fromId=77)
        async with open_gateway_for(tmp_path, **settings(crabline, "polling")):
            await until(lambda: answered(crabline, "phí bao nhiêu?"))
            await crabline.say(chatId="77", text="thời hạn?", fromId=77)
            await until(lambda: answered(crabline, "phí bao nhiêu?", "thời hạn?"))
            await until(lambda: len(crabline.calls("setMyCommands")) == 3)
    [first, _] = crabline.calls("sendMessage")
    assert first["parse_mode"] == "HTML"
    assert "<b>Lệ phí:</b>\n&lt;200.000 &amp; 300.000&gt;" in first["text"]
    [[button]] = json.loads(first["reply_markup"])["inline_keyboard"]
    assert button["text"] == "Thời hạn"


async def test_a_dialogue_by_webhook_with_its_secret(tmp_path: Path) -> None:
    async with (
        open_crabline("telegram", tmp_path, token=TOKEN, options=NAME) as crabline,
        open_gateway_for(tmp_path, **settings(crabline, "webhook")),
    ):
        await until(lambda: crabline.calls("setWebhook"))
        await crabline.say(chatId="77", text="phí bao nhiêu?", fromId=77)
        await crabline.say(chatId="78", text="thời hạn?", fromId=78)
        await until(lambda: len(crabline.calls("sendMessage")) == 2)
    chats = {str(call["chat_id"]): call["text"] for call in crabline.calls("sendMessage")}
    assert chats == {
        "77": to_html(ANSWER.format(said="phí bao nhiêu?")),
        "78": to_html(ANSWER.format(said="thời hạn?")),
    }


async def test_a_webhook_call_that_fails_is_delivered_again_and_answered_once(
    tmp_path: Path,
) -> None:
    statuses: list[int] = []
    port = free_port()

    async def front(request: web.Request) -> web.StreamResponse:
        """Lose the first call on its way, and the answer of the second on its way back."""
        if not statuses:
            statuses.append(502)
            return web.Response(status=502)
        url = f"http://127.0.0.1:{port}{request.path}"
        body = await request.read()
        async with (
            ClientSession() as session,
            session.post(url, data=body, headers=request.headers) as answer,
        ):
            statuses.append(502 if len(statuses) == 1 else answer.status)
        return web.Response(status=statuses[-1])

    async with (
        open_crabline("telegram", tmp_path, token=TOKEN, options=NAME) as crabline,
        serve(front) as public,
        open_gateway_for(
            tmp_path, port=port, **settings(crabline, "webhook") | {"public_url": public}
        ),
    ):
        await until(lambda: crabline.calls("setWebhook"))
        await crabline.say(chatId="77", text="phí bao nhiêu?", fromId=77)
        await until(lambda: statuses == [502, 502, 200])
        await until(lambda: answered(crabline, "phí bao nhiêu?"))
        await crabline.say(chatId="77", text="xong", fromId=77)
        await until(lambda: answered(crabline, "phí bao nhiêu?", "xong"))


async def test_a_webhook_that_is_set_gives_way_to_polling(tmp_path: Path) -> None:
    async with open_crabline("telegram", tmp_path, token=TOKEN, options=NAME) as crabline:
        async with (
            ClientSession() as session,
            session.post(
                f"{crabline.url}/bot{TOKEN}/setWebhook", json={"url": "http://127.0.0.1:9/x"}
            ) as answer,
        ):
            assert answer.status == 200
        async with open_gateway_for(tmp_path, **settings(crabline, "polling")):
            await until(lambda: crabline.calls("deleteWebhook"))
            await crabline.say(chatId="77", text="phí bao nhiêu?", fromId=77)
            await until(lambda: answered(crabline, "phí bao nhiêu?"))
