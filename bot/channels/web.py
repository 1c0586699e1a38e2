"""The web chat: POST a message, read answers as server-sent events.

A stream sends what the outbox holds after the last event its reader has seen, so a lost
connection, a reload or a restart of the gateway loses nothing and repeats nothing.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from bot.channels.base import Capabilities, Receipt
from bot.delivery.inbox import Inbox
from bot.delivery.outbox import Outbound, Outbox
from bot.messages import Inbound
from bot.texts import Texts

MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
CONVERSATION = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_POLL_S = 2.0
_RETRY_MS = 1500
MAX_TEXT = 10_000
"""Longer texts are refused at the door; what the assistant reads is limited by itself."""


async def nowhere(_conversation: str, _request: web.Request) -> None:
    """Stand for what notes addresses where nothing is limited by them."""


class WebChat:
    """The channel of the page on `/`."""

    name = "web"
    capabilities = Capabilities(max_chars=6000, buttons=20, typing=True)

    def __init__(
        self,
        inbox: Inbox,
        outbox: Outbox,
        texts: Texts,
        *,
        arrived: Callable[[], None],
        came_from: Callable[[str, web.Request], Awaitable[None]] = nowhere,
    ) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._texts = texts
        self._arrived = arrived
        self._came_from = came_from
        self._readers: dict[str, set[asyncio.Queue[dict[str, str] | None]]] = defaultdict(set)

    async def send(self, part: Outbound) -> Receipt:
        """Wake the readers of the conversation; they read the part from the outbox."""
        self.written(part.conversation)
        return Receipt()

    def written(self, conversation: str) -> None:
        """Wake the readers of a conversation: something was written for them."""
        self._tell(conversation, None)

    async def show_typing(self, conversation: str, in_reply_to: str) -> None:
        """Tell the readers that an answer is being prepared."""
        self._tell(conversation, {"in_reply_to": _client_id(in_reply_to)})

    def _tell(self, conversation: str, typing: dict[str, str] | None) -> None:
        for reader in self._readers.get(conversation, ()):
            reader.put_nowait(typing)

    async def receive(self, request: web.Request) -> web.Response:
        """Store a posted message, then acknowledge it."""
        try:
            message = _message(await request.json())
        except web.HTTPRequestEntityTooLarge:
            return self.refuse(413, "too_large")
        except (ValueError, RecursionError, web.RequestPayloadError):
            return self.refuse(400, "bad_request")
        if len(message.text) > MAX_TEXT:
            return self.refuse(413, "too_large")
        return await self.take(message, request)

    async def take(self, message: Inbound, request: web.Request) -> web.Response:
        """Store a message that was read from a request, then acknowledge it."""
        await self._came_from(message.conversation, request)
        new = await self._inbox.put(message)
        self._arrived()
        return web.json_response({"accepted": True, "duplicate": not new}, status=202)

    def refuse(self, status: int, code: str) -> web.Response:
        """Say in words why a request is not taken."""
        error = {"code": code, "message": self._texts(code)}
        return web.json_response({"error": error}, status=status)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send the answers of a conversation, from the last one seen on, as they come."""
        conversation = request.query.get("conversation", "")
        last = request.headers.get("Last-Event-ID") or request.query.get("after") or "0"
        if not CONVERSATION.fullmatch(conversation) or not _NUMBER.fullmatch(last):
            return self.refuse(400, "bad_request")
        response: EventSourceResponse
        async with sse_response(request) as response:
            await response.send("", event="hello", retry=_RETRY_MS)
            with suppress(ConnectionResetError):
                await self._follow(response, f"web:main:{conversation}", int(last))
        return response

    async def _follow(self, response: EventSourceResponse, conversation: str, last: int) -> None:
        queue: asyncio.Queue[dict[str, str] | None] = asyncio.Queue()
        self._readers[conversation].add(queue)
        try:
            while response.is_connected():
                for part in await self._outbox.after(conversation, last):
                    last = part.id
                    await response.send(_event(part), event="message", id=str(part.id))
                # The poll finds what another gateway has written.
                typing = None
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_S):
                        typing = await queue.get()
                if typing:
                    await response.send(json.dumps(typing), event="typing")
        finally:
            self._readers[conversation].discard(queue)
            if not self._readers[conversation]:
                del self._readers[conversation]


def _message(body: Any) -> Inbound:
    if not isinstance(body, dict):
        raise ValueError("not an object")
    event_id, conversation = body.get("id"), body.get("conversation")
    text, button = body.get("text"), body.get("button")
    if not (isinstance(event_id, str) and MESSAGE_ID.fullmatch(event_id)):
        raise ValueError("id")
    if not (isinstance(conversation, str) and CONVERSATION.fullmatch(conversation)):
        raise ValueError("conversation")
    if not isinstance(text, str) or not (button is None or isinstance(button, str)):
        raise ValueError("text or button")
    return replace(inbound(conversation, event_id), text=text, button=button)


def inbound(conversation: str, event_id: str) -> Inbound:
    """Return a message of the page, still without words."""
    return Inbound(
        channel="web",
        bot="main",
        # Ids are made by browsers: only within its own conversation may one be a repetition.
        event_id=f"{conversation}:{event_id}",
        sender=conversation,
        text="",
        received_at=datetime.now(UTC),
    )


def _client_id(event_id: str) -> str:
    return event_id.partition(":")[2]


def _event(part: Outbound) -> str:
    event: Mapping[str, Any] = {
        "in_reply_to": _client_id(part.in_reply_to or ""),
        "kind": part.kind.value,
        "text": part.text,
        "buttons": list(part.buttons),
        "outcome": part.outcome,
        "last": part.last,
        "turn": part.turn,
    }
    return json.dumps(event, ensure_ascii=False)
