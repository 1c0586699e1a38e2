"""Ask the assistant from a terminal or a batch: a local one, or a running gateway."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any, Protocol

import aiohttp

from actions.services import build_services
from bot.assistant import RuntimeUnavailable
from bot.dossiers.sources import open_source
from bot.messages import Button, Inbound, Turn
from bot.settings import Settings
from bot.stack import Stack, open_stack, with_today
from bot.storage.migrate import upgrade_database
from bot.storage.samples import seed_sample_dossiers

_START_S = 180
_ATTEMPTS = 5
_ANSWER_S = 120


class Asker(Protocol):
    """Holds one turn of a conversation."""

    async def ask(self, conversation: str, text: str, pressed: Button | None = None) -> Turn:
        """Send a message, return its turn."""


class LocalAsker:
    """Asks an assistant of this process; conversations never mix with those of another run."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._run = secrets.token_hex(8)

    async def ask(self, conversation: str, text: str, pressed: Button | None = None) -> Turn:
        """Hold the turn; a runtime that dies meanwhile is waited for."""
        message = Inbound(
            channel="terminal",
            bot=self._run,
            event_id=secrets.token_hex(8),
            sender=conversation,
            text=text,
            received_at=datetime.now(UTC),
        )
        for _ in range(_ATTEMPTS):
            try:
                return await self._stack.conversations.turn(message, pressed)
            except RuntimeUnavailable:
                await self._stack.wait_until_ready(_START_S)
        return Turn("failed", self._stack.texts.replying_to(text)("failed"))


class RemoteAsker:
    """Asks a running gateway over its web chat."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._address = f"{url.rstrip('/')}/api/chat"
        self._conversations: dict[str, str] = {}
        self._last_seen: dict[str, str] = {}

    async def ask(self, conversation: str, text: str, pressed: Button | None = None) -> Turn:
        """Post the message and read its answer from the stream."""
        key = self._conversations.setdefault(conversation, secrets.token_hex(16))
        event_id = secrets.token_hex(16)
        body: dict[str, Any] = {"id": event_id, "conversation": key, "text": text}
        if pressed:
            body["button"] = pressed.payload
        async with self._session.post(self._address, json=body) as response:
            if response.status != 202:
                return Turn("failed", (await response.json())["error"]["message"])
        return await asyncio.wait_for(self._answer(key, event_id), _ANSWER_S)

    async def _answer(self, conversation: str, event_id: str) -> Turn:
        texts: list[str] = []
        while True:
            query = {"conversation": conversation, "after": self._last_seen.get(conversation, "0")}
            timeout = aiohttp.ClientTimeout(total=None)
            async with self._session.get(self._address, params=query, timeout=timeout) as stream:
                async for number, event in _events(stream):
                    self._last_seen[conversation] = number
                    if event["in_reply_to"] != event_id or event["kind"] != "answer":
                        continue
                    texts.append(event["text"])
                    if event["last"]:
                        return _turn(event, texts)


async def _events(stream: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Yield number and data of the message events of a stream."""
    fields: dict[str, str] = {}
    while line := await stream.content.readline():
        name, _, value = line.decode().rstrip("\r\n").partition(": ")
        if name:
            fields[name] = value
            continue
        if fields.get("event") == "message":
            yield fields["id"], json.loads(fields["data"])
        fields = {}


def _turn(event: dict[str, Any], texts: list[str]) -> Turn:
    values = dict(event["turn"] or {"outcome": event["outcome"]})
    buttons = tuple(Button(item["label"], item["key"]) for item in event["buttons"])
    return Turn(**values | {"text": "\n\n".join(texts), "buttons": buttons})


@asynccontextmanager
async def open_asker(
    settings: Settings, *, url: str | None, today: date | None
) -> AsyncIterator[Asker]:
    """Open a local assistant and wait for it, or reach a running gateway."""
    if url:
        async with aiohttp.ClientSession() as session:
            yield RemoteAsker(session, url)
        return
    await upgrade_database(settings)
    services = with_today(build_services(settings), today)
    try:
        if settings.samples:
            await seed_sample_dossiers(services, settings)
        async with (
            open_source(settings, services.dossiers) as source,
            open_stack(settings, dataclasses.replace(services, source=source)) as stack,
        ):
            await stack.wait_until_ready(_START_S)
            yield LocalAsker(stack)
    finally:
        await services.close()
