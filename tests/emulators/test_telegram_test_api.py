"""The whole gateway against telegram-test-api, as it is: its answers lack fields and break types.

It leaves out `is_bot`, writes dates in milliseconds, knows no menu and ignores offsets. What
people write must be answered all the same, once.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from bot.channels.telegram.markup import to_html
from tests.emulators import install
from tests.emulators.gateway import ANSWER, PATIENCE_S, open_gateway_for
from tests.support.processes import free_port, start

TOKEN = "123456:AAtest-token"
PERSON: Mapping[str, Any] = {
    "from": {"id": 77, "first_name": "x"},
    "chat": {"id": 77, "type": "private"},
}
SERVER = """
const TelegramServer = require("telegram-test-api");
new TelegramServer({ host: "127.0.0.1", port: Number(process.env.PORT) }).start();
"""


class Person:
    """Writes, presses buttons, and reads what the bot has sent."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def does(self, what: str, **fields: Any) -> None:
        said = {"botToken": TOKEN, "date": 1, **PERSON, **fields}
        async with self._session.post(f"{self._url}/{what}", json=said) as answer:
            assert (await answer.json())["ok"]

    async def has(self, count: int) -> list[Mapping[str, Any]]:
        """Wait until the bot has sent so many messages, and return them."""
        while len(sent := await self._sent()) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return sent

    async def _sent(self) -> list[Mapping[str, Any]]:
        url = f"{self._url}/getUpdatesHistory"
        async with self._session.post(url, json={"token": TOKEN}) as answer:
            history = (await answer.json())["result"]
        messages = (it["message"] for it in history if "message" in it)
        return [it for it in messages if "chat_id" in it]


async def test_text_command_and_button_are_answered_once(tmp_path: Path) -> None:
    node, folder = await asyncio.to_thread(install.telegram_test_api)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    emulator = start(
        [node, "-e", SERVER],
        log=tmp_path / "emulator.log",
        url=url,
        cwd=folder,
        env={"PORT": str(port)},
    )
    try:
        await asyncio.to_thread(emulator.wait_for, f"/bot{TOKEN}/getMe", timeout_s=PATIENCE_S)
        async with (
            asyncio.timeout(PATIENCE_S),
            ClientSession() as session,
            open_gateway_for(tmp_path, telegram_token=TOKEN, telegram_api_url=url),
        ):
            person = Person(session, url)
            await person.does("sendMessage", text="phí bao nhiêu?")
            [answer] = await person.has(1)
            [[button]] = answer["reply_markup"]["inline_keyboard"]
            entities = [{"type": "bot_command", "offset": 0, "length": 8}]
            await person.does("sendCommand", text="/trogiup", entities=entities)
            await person.has(2)
            message = {"message_id": 1, "chat": PERSON["chat"], "text": answer["text"]}
            await person.does("sendCallback", data=button["callback_data"], message=message)
            texts = [it["text"] for it in await person.has(3)]
    finally:
        await asyncio.to_thread(emulator.stop)
    said = ["phí bao nhiêu?", "/ask_help", "/ask_processing_time"]
    assert texts == [to_html(ANSWER.format(said=it)) for it in said]
