"""People on every channel: each writes one message after the other and keeps what comes back."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import aiohttp

from tests.fakes.telegram import FakeTelegram
from tests.fakes.zalo_bot import FakeZaloBot, an_update
from tests.fakes.zalo_common import Fake
from tests.fakes.zalo_oa import FakeZaloOA, as_body, signed, user_event

AGAIN_S = 0.1


class Person(Protocol):
    """Somebody who writes on one channel."""

    name: str
    channel: str

    async def say(self, text: str) -> float:
        """Write, and again as the platform would until it is taken.

        Returns how many seconds the taking took in the attempt that was taken.
        """

    async def heard(self) -> Sequence[str]:
        """Return everything that was received, in order."""


class OnTelegram:
    channel = "telegram"

    def __init__(self, fake: FakeTelegram, number: int) -> None:
        self.name = f"telegram {number}"
        self._fake = fake
        self._chat = 1000 + number

    async def say(self, text: str) -> float:
        update = await self._fake.say(self._chat, text)
        while True:
            for delivery in self._fake.deliveries:
                if delivery.update_id == update and 200 <= delivery.status < 300:
                    return delivery.seconds
            await asyncio.sleep(0.005)

    async def heard(self) -> Sequence[str]:
        return self._fake.texts(self._chat)


class OnZaloOA:
    channel = "zalo_oa"

    def __init__(self, fake: FakeZaloOA, number: int) -> None:
        self.name = f"zalo oa {number}"
        self._fake = fake
        self._id = str(2_000_000 + number)

    async def say(self, text: str) -> float:
        message_id = secrets.token_hex(8)
        event = user_event(self._id, "user_send_text", {"text": text, "msg_id": message_id})
        body = as_body(event)
        return await _until_taken(self._fake, message_id, body, signed(body, event))

    async def heard(self) -> Sequence[str]:
        return self._fake.texts(self._id)


class OnZaloBot:
    channel = "zalo_bot"

    def __init__(self, fake: FakeZaloBot, number: int) -> None:
        self.name = f"zalo bot {number}"
        self._fake = fake
        self._id = f"zb{number}"

    async def say(self, text: str) -> float:
        message_id = secrets.token_hex(8)
        update = an_update(self._id, "message.text.received", message_id, text=text)
        body, headers = self._fake.as_posted(update)
        return await _until_taken(self._fake, message_id, body, headers)

    async def heard(self) -> Sequence[str]:
        return self._fake.texts(self._id)


class OnWeb:
    channel = "web"

    def __init__(self, session: aiohttp.ClientSession, url: str, number: int) -> None:
        self.name = f"web {number}"
        self._session = session
        self._address = f"{url}/api/chat"
        self.conversation = secrets.token_hex(16)

    async def say(self, text: str) -> float:
        body = {"id": secrets.token_hex(8), "conversation": self.conversation, "text": text}
        while True:
            begun = time.monotonic()
            try:
                async with self._session.post(self._address, json=body) as answer:
                    if answer.status == 202:
                        return time.monotonic() - begun
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(AGAIN_S)

    async def heard(self, enough: int | None = None) -> Sequence[str]:
        """Read the stream from its beginning, as a page does after a reload, until it is silent.

        Whoever waits for no more than so many messages need not wait for the silence.
        """
        texts: list[str] = []
        timeout = aiohttp.ClientTimeout(total=None, sock_read=0.6)
        query = {"conversation": self.conversation}
        try:
            async with self._session.get(self._address, params=query, timeout=timeout) as stream:
                while line := await stream.content.readline():
                    if line.startswith(b"data: {"):
                        event = json.loads(line[6:])
                        if event.get("kind"):
                            texts.append(event["text"])
                            if len(texts) == enough:
                                break
        except (aiohttp.ClientError, TimeoutError):
            pass
        return texts


async def _until_taken(
    fake: Fake, event_id: str, body: bytes, headers: Mapping[str, str]
) -> float:
    while True:
        begun = time.monotonic()
        if await fake.post(event_id, body, headers) == 200:
            return time.monotonic() - begun
        await asyncio.sleep(AGAIN_S)
