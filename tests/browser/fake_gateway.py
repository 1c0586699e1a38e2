"""A gateway of a few lines, under the same HTTP contract as the real one, that can misbehave."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.texts import Texts
from bot.web.page import ChatPage
from bot.web.security import security_headers
from knowledge.office.offices import Office
from knowledge.settings import SHIPPED_DATA

STATIC = Path(__file__).parents[2] / "bot" / "web" / "static"


@dataclass(frozen=True)
class Fault:
    """What happens to one POST instead of being accepted."""

    status: int
    text: str = ""
    retry_after: int | None = None


@dataclass
class Stream:
    """One event stream, as its reader opened it."""

    conversation: str
    after: int
    last_event_id: str | None
    request: web.Request
    drops: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def start(self) -> int:
        return int(self.last_event_id or self.after)


@dataclass
class FakeGateway:
    """Keeps what the page sent, and sends what a test tells it to."""

    url: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    """Posts without repetitions."""
    streams: list[Stream] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    away: bool = False
    """While true, every request for a stream is dropped."""
    answers: deque[Sequence[Mapping[str, Any]]] = field(default_factory=deque)
    """Parts of the next answers; without any, a test answers by `reply`."""
    _events: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _posted: asyncio.Event = field(default_factory=asyncio.Event)

    def reply(self, text: str, *, number: int | None = None, **part: Any) -> int:
        """Send one part, by default the only one, in reply to the last message."""
        to = self.messages[-1]["id"] if self.messages else ""
        content = {"in_reply_to": to, "kind": "answer", "text": text, "buttons": []}
        content |= {"outcome": "answered", "last": True} | part
        number = number or max((event[0] for event in self._events), default=0) + 1
        self._tell(number, "message", content)
        return number

    def show_typing(self) -> None:
        self._tell(0, "typing", {"in_reply_to": self.messages[-1]["id"]})

    def drop_streams(self) -> None:
        """Cut every open stream, as a network does."""
        for stream in self.streams:
            stream.drops.set()

    async def posted(self, count: int) -> None:
        """Wait until so many posts have come."""
        while len(self.posts) < count:
            self._posted.clear()
            await self._posted.wait()

    async def opened(self, count: int) -> None:
        """Wait until so many streams have been opened."""
        while len(self.streams) < count:
            self._posted.clear()
            await self._posted.wait()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[security_headers])
        page = ChatPage(Texts.load(), Office.load(SHIPPED_DATA, None), samples=True)
        app.router.add_get("/", page.index)
        app.router.add_get("/api/welcome", page.welcome)
        app.router.add_post("/api/chat", self._receive)
        app.router.add_get("/api/chat", self._stream)
        app.router.add_post("/api/photo", self._receive_photo)
        app.router.add_static("/static/", STATIC)
        return app

    async def _receive(self, request: web.Request) -> web.Response:
        message = await request.json()
        self.posts.append(message)
        self._posted.set()
        if self.faults:
            return _refusal(self.faults.popleft())
        known = any(message["id"] == other["id"] for other in self.messages)
        if not known:
            self.messages.append(message)
            for part in self.answers.popleft() if self.answers else ():
                self.reply(**part)
        return web.json_response({"accepted": True, "duplicate": known}, status=202)

    async def _receive_photo(self, request: web.Request) -> web.Response:
        form = await request.post()
        photo = form["photo"]
        assert isinstance(photo, web.FileField)
        self.posts.append(
            {"id": form["id"], "conversation": form["conversation"], "photo": photo.file.read()}
        )
        self._posted.set()
        if self.faults:
            return _refusal(self.faults.popleft())
        return web.json_response({"accepted": True, "duplicate": False}, status=202)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self.away:
            _cut(request)
            return web.Response()
        query, header = request.query, request.headers.get("Last-Event-ID")
        stream = Stream(query["conversation"], int(query.get("after", 0)), header, request)
        self.streams.append(stream)
        self._posted.set()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"retry: 100\n\n")
        with suppress(ConnectionResetError):
            await self._follow(stream, response)
        return response

    async def _follow(self, stream: Stream, response: web.StreamResponse) -> None:
        sent = 0
        while not stream.drops.is_set():
            events, sent = self._events[sent:], len(self._events)
            for number, name, content in events:
                if number == 0 or number > stream.start or stream.drops.is_set():
                    await response.write(_event(number, name, content))
            await _first(stream.drops, self._news)
        _cut(stream.request)

    def _tell(self, number: int, name: str, content: dict[str, Any]) -> None:
        self._events.append((number, name, content))
        news, self._news = self._news, asyncio.Event()
        news.set()


async def _first(*events: asyncio.Event) -> None:
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _cut(request: web.Request) -> None:
    if request.transport:
        request.transport.abort()


def _refusal(fault: Fault) -> web.Response:
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    error = {"error": {"code": "fault", "message": fault.text}}
    return web.json_response(error, status=fault.status, headers=headers)


def _event(number: int, name: str, content: Mapping[str, Any]) -> bytes:
    line = f"id: {number}\n" if number else ""
    return f"{line}event: {name}\ndata: {json.dumps(content)}\n\n".encode()


@asynccontextmanager
async def run_fake_gateway() -> AsyncIterator[FakeGateway]:
    gateway = FakeGateway()
    runner = web.AppRunner(gateway.app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    gateway.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield gateway
    finally:
        gateway.drop_streams()
        await runner.cleanup()
