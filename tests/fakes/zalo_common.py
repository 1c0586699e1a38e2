"""What both fakes of Zalo share: a server on loopback, faults, and posting to a webhook.

The interface is that of the stand-in for Telegram; persons are named by texts.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import aiohttp
from aiohttp import web

FaultKind = Literal[
    "flood",  # too many calls: 429, or -32 of an account
    "forbidden",  # this person cannot be written to
    "unauthorized",  # the token is not taken
    "error",  # any `code`
    "server_error",  # 500
    "bad_gateway",  # 502 with a page of HTML
    "not_taken",  # the connection breaks before the message is taken
    "lost_answer",  # the message is taken, then the connection breaks
    "no_answer",  # the message is taken, and no answer comes until the caller gives up
    "slow",  # the answer takes `wait_s`
    "garbage",  # the message is taken; 200 with something that is no JSON
    "half",  # token server only: the answer lacks the refresh token
]


@dataclass
class Fault:
    """What goes wrong with the next call that sends."""

    kind: FaultKind
    wait_s: float = 1
    chat: str | None = None
    """Whom it concerns; None for whoever comes next."""
    code: int = 0


@dataclass(frozen=True)
class Sent:
    """A message that was taken, as the person sees it."""

    chat: str
    text: str
    at: float
    message_id: str
    buttons: tuple[tuple[str, str], ...] = ()
    """Labels and payloads."""
    file: tuple[str, bytes] | None = None


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver an event to the webhook."""

    event_id: str
    status: int
    """0 when nobody answered."""
    seconds: float


class Fake:
    """An aiohttp server on loopback that a bot talks to."""

    def __init__(self, port: int = 0, *, ladder: Sequence[float] = (0.05, 0.2, 0.5, 1, 2)) -> None:
        self.port = port
        self.webhook: str | None = None
        """Where events go."""
        self.ladder = ladder
        """Pauses before an event that was not taken is sent again."""
        self.sent: list[Sent] = []
        self.faults: deque[Fault] = deque()
        self.deliveries: list[Delivery] = []
        self.given_up: list[str] = []
        """Events that were not taken after the last pause."""
        self.down = False
        """While set, every call gets 502."""
        self.heard: list[Callable[[Sent], None]] = []
        """Called with each message that is sent."""
        self.photos: dict[str, bytes] = {}
        """What people have sent, as the platform keeps it."""
        self._app = web.Application(client_max_size=8 * 1024 * 1024, middlewares=[self._guard])
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._number = 0
        self._stopping = asyncio.Event()
        self._app.router.add_post("/fake/say", self._say_by_http)
        self._app.router.add_get("/fake/sent", self._sent_by_http)
        self._app.router.add_get("/photos/{name}", self._photo)

    async def start(self) -> Self:
        """Listen on loopback; a second time on the same port."""
        self._stopping.clear()
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        timeout = aiohttp.ClientTimeout(total=10)
        self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        return self

    async def stop(self) -> None:
        """Stop listening and delivering."""
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()
        if self._runner:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def say(self, chat: str, text: str) -> str:
        """Let a person write; returns the id of the message."""
        raise NotImplementedError

    async def photograph(self, chat: str, content: bytes) -> str:
        """Let a person send a photo; returns the id of the message."""
        raise NotImplementedError

    def hosted(self, content: bytes) -> str:
        """Keep a photo as the platform does; returns its address."""
        name = self.next_id("photo")
        self.photos[name] = content
        return f"{self.url}/photos/{name}"

    def texts(self, chat: str) -> list[str]:
        """Return what a person has received."""
        return [sent.text for sent in self.sent if sent.chat == chat]

    async def received(self, chat: str, count: int, *, patience_s: float = 30) -> list[str]:
        """Wait until a person has received so many messages; return what there is."""
        end = time.monotonic() + patience_s
        while len(self.texts(chat)) < count and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return self.texts(chat)

    async def all_taken(self) -> None:
        """Wait until every event was taken or given up."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def last(self, chat: str) -> Sent:
        """Return what a person received last."""
        return [sent for sent in self.sent if sent.chat == chat][-1]

    # -- delivering ----------------------------------------------------------------------------

    async def deliver(self, event_id: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Post an event, and again after growing pauses; returns the first status."""
        status = await self.post(event_id, body, headers)
        if status != 200:
            self.later(self._repeat(event_id, body, headers))
        return status

    async def post(self, event_id: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Post once; returns the status, 0 without an answer."""
        assert self._session is not None and self.webhook is not None
        began = time.monotonic()
        status = 0
        headers = {"Content-Type": "application/json", **headers}
        try:
            async with self._session.post(self.webhook, data=body, headers=headers) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError):
            pass
        self.deliveries.append(Delivery(event_id, status, time.monotonic() - began))
        return status

    async def _repeat(self, event_id: str, body: bytes, headers: Mapping[str, str]) -> None:
        for number, pause in enumerate(self.ladder, start=1):
            await asyncio.sleep(pause)
            if await self.post(event_id, body, {**headers, "num_retry": str(number)}) == 200:
                return
        self.given_up.append(event_id)

    def later(self, work: Any) -> None:
        """Do something beside what is being done."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- answering -----------------------------------------------------------------------------

    def next_id(self, kind: str) -> str:
        self._number += 1
        return f"{kind}{int(time.time())}{self._number:06d}"

    def next_fault(self, chat: str) -> Fault | None:
        for fault in self.faults:
            if fault.chat in (None, chat):
                self.faults.remove(fault)
                return fault
        return None

    def keep(self, chat: str, text: str, **more: Any) -> Sent:
        sent = Sent(chat, text, time.time(), self.next_id("out"), **more)
        self.sent.append(sent)
        for hear in self.heard:
            hear(sent)
        return sent

    async def spoiled(
        self, request: web.Request, fault: Fault | None
    ) -> web.StreamResponse | None:
        """Return an answer that the caller cannot use, or none in time."""
        if fault is None:
            return None
        if fault.kind in ("slow", "no_answer"):
            await self._hang(fault.wait_s if fault.kind == "slow" else 3600)
        if fault.kind in ("lost_answer", "no_answer"):
            return hang_up(request)
        return web.Response(text="no JSON at all") if fault.kind == "garbage" else None

    async def _hang(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.down and not request.path.startswith("/fake/"):
            return bad_gateway()
        response: web.StreamResponse = await handler(request)
        return response

    # -- by hand -------------------------------------------------------------------------------

    async def _photo(self, request: web.Request) -> web.Response:
        content = self.photos.get(request.match_info["name"])
        return web.Response(status=404) if content is None else web.Response(body=content)

    async def _say_by_http(self, request: web.Request) -> web.Response:
        said = await request.json()
        return web.json_response({"id": await self.say(str(said["chat"]), said["text"])})

    async def _sent_by_http(self, request: web.Request) -> web.Response:
        chat = request.query.get("chat")
        shown = [it for it in self.sent if chat in (None, it.chat)]
        return web.json_response(
            [{"chat": it.chat, "text": it.text, "buttons": dict(it.buttons)} for it in shown]
        )


def hang_up(request: web.Request) -> web.Response:
    """End a connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def bad_gateway() -> web.Response:
    return web.Response(status=502, text="<html>Bad Gateway</html>")
