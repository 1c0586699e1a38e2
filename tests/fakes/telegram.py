# ruff: noqa: T201 - it is run by hand, too
"""A stand-in for the Telegram Bot API on loopback, for tests and for trying the bot offline.

In a test::

    async with FakeTelegram() as telegram:          # or start() and stop()
        settings = Settings(telegram_token=telegram.token, telegram_api_url=telegram.url, ...)
        await telegram.say(77, "phí bao nhiêu?")     # delivered by webhook or by polling
        ...
        assert telegram.sent[-1].text == "..."       # each has .chat, .text, .at, .buttons, .file
        await telegram.press(77, "Thời hạn")         # a button under the last message of a chat
        telegram.faults.append(Fault("flood", wait_s=1))

It takes what Telegram takes and refuses what Telegram refuses: text over 4096 UTF-16 units, HTML
that cannot be parsed, callback data over 64 bytes, unknown tokens, chats and files. Updates go to
the webhook, with its secret, in order within a chat and in parallel across chats, again after a
growing pause until they are taken; or they wait for getUpdates.

By hand: `python -m tests.fakes.telegram --port 8081`; then type as a person would. See `--help`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import re
import sys
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.fakes.telegram_rules import (
    Fault,
    Json,
    Refuse,
    conflict,
    read_html,
    refusal,
    refuse_by,
    spoiled,
    values_of,
)

TOKEN = "123456789:fake-token-for-tests"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
LONGEST_UNITS = 4096
LONGEST_KEY_BYTES = 64
_LONGEST_PAUSE_S = 1.0


@dataclass(frozen=True)
class Sent:
    """A message that the bot has sent, as the person sees it."""

    chat: int
    text: str
    at: float
    message_id: int
    buttons: tuple[tuple[str, str], ...] = ()
    """Labels and callback data, row by row."""
    rows: tuple[int, ...] = ()
    html: str | None = None
    file: tuple[str, bytes] | None = None
    """Name and content of a document."""
    quoted: int | None = None


@dataclass(frozen=True)
class Call:
    """A call of a method."""

    method: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver an update to the webhook."""

    update_id: int
    status: int
    """0 when nobody answered."""
    seconds: float


@dataclass
class _Hook:
    url: str = ""
    secret: str | None = None
    error: str | None = None
    error_at: int | None = None


@dataclass
class FakeTelegram:
    """The Bot API of one bot; see the module's docstring."""

    token: str = TOKEN
    port: int = 0
    username: str = "motcua_test_bot"
    sent: list[Sent] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    deliveries: list[Delivery] = field(default_factory=list)
    down: bool = False
    """While set, every call gets 502."""
    strict_chats: bool = False
    """Whether the bot may only write to chats that have written."""

    def __post_init__(self) -> None:
        self.hook = _Hook()
        self.pending: list[Json] = []
        self.heard: list[Callable[[Sent], None]] = []
        """Called with each message that is sent."""
        self._ids = itertools.count(1000)
        self._messages = itertools.count(1)
        self._files: dict[str, tuple[str, bytes]] = {}
        self._photos: dict[str, bytes] = {}
        self._known_chats: set[int] = set()
        self._queues: dict[int, deque[Json]] = defaultdict(deque)
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._poller: asyncio.Future[None] | None = None
        self._news = asyncio.Event()

    # -- life ----------------------------------------------------------------------------------

    async def start(self) -> Self:
        """Listen on loopback."""
        app = web.Application(client_max_size=60 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        app.router.add_get("/file/bot{token}/photos/{name}", self._photo)
        app.router.add_post("/fake/say", self._say_by_http)
        app.router.add_post("/fake/press", self._press_by_http)
        app.router.add_get("/fake/sent", self._sent_by_http)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._session = aiohttp.ClientSession()
        return self

    async def stop(self) -> None:
        """Stop listening and delivering."""
        for worker in self._workers.values():
            worker.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)
        if self._poller and not self._poller.done():
            self._poller.cancel()
        await self._session.close()
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Address for `telegram_api_url`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def bot_id(self) -> int:
        return int(self.token.partition(":")[0])

    # -- what people do ------------------------------------------------------------------------

    async def say(self, chat: int, text: str, **more: Any) -> int:
        """Write to the bot in a private chat; `more` are further fields of the message."""
        return await self.message(chat, text=text, **more)

    async def message(self, chat: int, *, user: int | None = None, **fields: Any) -> int:
        """Send a message with any fields; a negative chat is a group."""
        return await self.push(message=self.a_message(chat, user=user, **fields))

    async def photograph(self, chat: int, content: bytes) -> int:
        """Send a photo."""
        name = f"photo-{len(self._photos) + 1}"
        self._photos[name] = content
        size = {"file_id": name, "width": 1280, "height": 960, "file_size": len(content)}
        return await self.message(chat, photo=[size])

    async def edit(self, chat: int, text: str, *, ago_s: int = 30, **fields: Any) -> int:
        """Change a message that was sent some seconds ago."""
        now = int(time.time())
        message = self.a_message(chat, text=text, **fields)
        return await self.push(edited_message=message | {"date": now - ago_s, "edit_date": now})

    async def press(self, chat: int, label: str, *, user: int | None = None) -> int:
        """Press a button under the last message of a chat that has one so named."""
        for sent in reversed(self.sent):
            keys = dict(sent.buttons)
            if sent.chat == chat and label in keys:
                return await self.press_key(chat, keys[label], sent, user=user)
        raise AssertionError(f"no button {label!r} in chat {chat}")

    async def press_key(
        self, chat: int, key: str, under: Sent | None = None, *, user: int | None = None
    ) -> int:
        """Press a button by its key; without the message, it is too old to be shown."""
        message: Json = {"chat": _chat(chat), "message_id": 1, "date": 0}
        if under:
            keyboard = [[{"text": label, "callback_data": data}] for label, data in under.buttons]
            message |= {
                "message_id": under.message_id,
                "date": int(under.at),
                "text": under.text,
                "from": self._me(),
                "reply_markup": {"inline_keyboard": keyboard},
            }
        query = {
            "id": f"query-{next(self._messages)}",
            "from": _person(user or chat),
            "message": message,
            "chat_instance": str(chat),
            "data": key,
        }
        return await self.push(callback_query=query)

    async def block(self, chat: int) -> int:
        """Block the bot."""
        change = {
            "chat": _chat(chat),
            "from": _person(chat),
            "date": int(time.time()),
            "old_chat_member": {"user": self._me(), "status": "member"},
            "new_chat_member": {"user": self._me(), "status": "kicked", "until_date": 0},
        }
        return await self.push(my_chat_member=change)

    def a_message(self, chat: int, *, user: int | None = None, **fields: Any) -> Json:
        """Return a message as Telegram writes it."""
        text = fields.get("text", "")
        if isinstance(text, str) and text.startswith("/"):
            length = len(text.split()[0])
            fields.setdefault("entities", [{"type": "bot_command", "offset": 0, "length": length}])
        return {
            "message_id": next(self._messages),
            "date": int(time.time()),
            "chat": _chat(chat),
            "from": _person(user or chat),
            **fields,
        }

    async def push(self, **update: Any) -> int:
        """Deliver an update of any kind; returns its number."""
        number = next(self._ids)
        return await self.push_raw({"update_id": number, **update})

    async def push_raw(self, update: Json) -> int:
        """Deliver an update as it is; the same one twice is a redelivery."""
        chat = _chat_in(update)
        self._known_chats.add(chat)
        if self.hook.url:
            self._queue(chat, update)
        else:
            self.pending.append(update)
            self._news.set()
        return int(update["update_id"])

    @property
    def is_polled(self) -> bool:
        """Whether a poll of the bot is open."""
        return self._poller is not None and not self._poller.done()

    async def another_poll(self) -> None:
        """Poll as another program would that has the same token."""
        with contextlib.suppress(Refuse):
            await self._do_get_updates({"timeout": 0})

    async def all_taken(self) -> None:
        """Wait until the bot has taken every update."""
        while self.pending or any(self._queues.values()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    def texts(self, chat: int) -> list[str]:
        """Return what a chat has received."""
        return [sent.text for sent in self.sent if sent.chat == chat]

    def called(self, method: str) -> list[Mapping[str, Any]]:
        """Return the values of every call of a method."""
        return [call.values for call in self.calls if call.method == method]

    # -- delivering to the webhook -------------------------------------------------------------

    def _queue(self, chat: int, update: Json) -> None:
        self._queues[chat].append(update)
        worker = self._workers.get(chat)
        if worker is None or worker.done():
            self._workers[chat] = asyncio.create_task(self._deliver_all(chat))

    async def _deliver_all(self, chat: int) -> None:
        queue = self._queues[chat]
        while queue:
            pause = 0.05
            while self.hook.url and not await self._deliver(queue[0]):
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            if not self.hook.url:  # the webhook was deleted: what waits is asked for
                self.pending.extend(queue)
                queue.clear()
                self._news.set()
                return
            queue.popleft()

    async def _deliver(self, update: Json) -> bool:
        headers = {SECRET_HEADER: self.hook.secret} if self.hook.secret else {}
        begun = time.monotonic()
        status = 0
        timeout = aiohttp.ClientTimeout(total=10)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self._session.post(
                self.hook.url, json=update, headers=headers, timeout=timeout
            ) as answer:
                status = answer.status
        seconds = time.monotonic() - begun
        self.deliveries.append(Delivery(update["update_id"], status, seconds))
        if 200 <= status < 300:
            return True
        self.hook.error = f"Wrong response from the webhook: {status}"
        self.hook.error_at = int(time.time())
        return False

    # -- what the bot calls --------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        values = await values_of(request)
        if self.down:
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        if request.match_info["token"] != self.token:
            return refusal(Refuse(401, "Unauthorized"))
        self.calls.append(Call(method, values))
        act: Callable[[Json], Awaitable[Any]] | None = getattr(self, f"_do_{_snake(method)}", None)
        if act is None:
            return refusal(Refuse(404, "Not Found"))
        fault = self._next_fault(method, values)
        try:
            if fault:
                refuse_by(fault)
            result = await act(values)
        except Refuse as refused:
            return refusal(refused)
        return await spoiled(request, fault) or web.json_response({"ok": True, "result": result})

    def _next_fault(self, method: str, values: Json) -> Fault | None:
        for fault in self.faults:
            fits = fault.method == method or (
                fault.method is None and method in ("sendMessage", "sendDocument")
            )
            if fits and fault.chat in (None, values.get("chat_id")):
                self.faults.remove(fault)
                return fault
        return None

    async def _do_get_me(self, _values: Json) -> Json:
        return self._me()

    async def _do_set_my_commands(self, values: Json) -> bool:
        for command in values["commands"]:
            name, words = command["command"], command["description"]
            if not (1 <= len(name) <= 32 and name.replace("_", "").isalnum() and name.islower()):
                raise Refuse(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(words) <= 256:
                raise Refuse(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        return True

    async def _do_send_chat_action(self, values: Json) -> bool:
        self._known(values)
        return True

    async def _do_answer_callback_query(self, values: Json) -> bool:
        if not str(values.get("callback_query_id", "")).startswith("query-"):
            raise Refuse(400, "Bad Request: query is too old or query ID is invalid")
        return True

    async def _do_set_webhook(self, values: Json) -> bool:
        secret = values.get("secret_token")
        self.hook = _Hook(values.get("url", ""), secret)
        for update in self.pending:
            self._queue(_chat_in(update), update)
        self.pending = []
        if self._poller and not self._poller.done():
            self._poller.set_exception(conflict("setWebhook request"))
        return True

    async def _do_delete_webhook(self, values: Json) -> bool:
        self.hook = _Hook()
        if values.get("drop_pending_updates"):
            self.pending.clear()
            self._queues.clear()
        return True

    async def _do_get_webhook_info(self, _values: Json) -> Json:
        waiting = len(self.pending) + sum(map(len, self._queues.values()))
        info: Json = {"url": self.hook.url, "pending_update_count": waiting}
        if self.hook.error:
            info |= {
                "last_error_message": self.hook.error,
                "last_error_date": self.hook.error_at,
            }
        return info

    async def _do_get_updates(self, values: Json) -> list[Json]:
        if self.hook.url:
            raise Refuse(409, "Conflict: can't use getUpdates method while webhook is active")
        if self._poller and not self._poller.done():  # the later one wins
            self._poller.set_exception(conflict("other getUpdates request"))
        self._poller = mine = asyncio.get_running_loop().create_future()
        if offset := values.get("offset"):
            self.pending = [it for it in self.pending if it["update_id"] >= offset]
        ends = time.monotonic() + float(values.get("timeout", 0))
        while not self.pending and time.monotonic() < ends:
            self._news.clear()
            news = asyncio.ensure_future(self._news.wait())
            wait = ends - time.monotonic()
            await asyncio.wait({news, mine}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            if mine.done():
                mine.result()
        if not mine.done():
            mine.set_result(None)
        return self.pending[: int(values.get("limit", 100))]

    async def _do_send_message(self, values: Json) -> Json:
        chat, raw = self._known(values), str(values.get("text", ""))
        text = read_html(raw) if values.get("parse_mode") == "HTML" else raw
        if not text.strip():
            raise Refuse(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > LONGEST_UNITS:
            raise Refuse(400, "Bad Request: message is too long")
        html = raw if values.get("parse_mode") else None
        return self._keep(chat, text.strip(), values, html=html)

    async def _do_send_document(self, values: Json) -> Json:
        chat, document = self._known(values), values["document"]
        if isinstance(document, str):
            if document not in self._files:
                words = "Bad Request: wrong file identifier/HTTP URL specified"
                raise Refuse(400, words)
            file_id = document
        else:
            file_id = f"file-{len(self._files) + 1}"
            self._files[file_id] = document
        caption = read_html(str(values.get("caption", "")))
        message = self._keep(chat, caption, values, file=self._files[file_id])
        return message | {"document": {"file_id": file_id, "file_name": self._files[file_id][0]}}

    async def _do_get_file(self, values: Json) -> Json:
        name = str(values.get("file_id"))
        if name not in self._photos:
            raise Refuse(400, "Bad Request: invalid file_id")
        size = len(self._photos[name])
        return {"file_id": name, "file_path": f"photos/{name}.jpg", "file_size": size}

    async def _photo(self, request: web.Request) -> web.Response:
        content = self._photos.get(request.match_info["name"].removesuffix(".jpg"))
        known = content is not None and request.match_info["token"] == self.token
        return web.Response(body=content) if known else web.Response(status=404)

    def _known(self, values: Json) -> int:
        chat = values.get("chat_id")
        if not isinstance(chat, int) or (self.strict_chats and chat not in self._known_chats):
            raise Refuse(400, "Bad Request: chat not found")
        return chat

    def _keep(self, chat: int, text: str, values: Json, **more: Any) -> Json:
        rows = (values.get("reply_markup") or {}).get("inline_keyboard") or []
        for item in itertools.chain.from_iterable(rows):
            if not 1 <= len(item.get("callback_data", "").encode()) <= LONGEST_KEY_BYTES:
                raise Refuse(400, "Bad Request: BUTTON_DATA_INVALID")
        sent = Sent(
            chat,
            text,
            time.time(),
            next(self._messages),
            buttons=tuple((it["text"], it["callback_data"]) for row in rows for it in row),
            rows=tuple(map(len, rows)),
            quoted=(values.get("reply_parameters") or {}).get("message_id"),
            **more,
        )
        self.sent.append(sent)
        for hear in self.heard:
            hear(sent)
        return {
            "message_id": sent.message_id,
            "date": int(sent.at),
            "chat": _chat(chat),
            "from": self._me(),
            "text": text,
        }

    def _me(self) -> Json:
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": "motcua",
            "username": self.username,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    # -- by hand -------------------------------------------------------------------------------

    async def _say_by_http(self, request: web.Request) -> web.Response:
        said = await request.json()
        return web.json_response({"update_id": await self.say(int(said["chat"]), said["text"])})

    async def _press_by_http(self, request: web.Request) -> web.Response:
        said = await request.json()
        return web.json_response({"update_id": await self.press(int(said["chat"]), said["label"])})

    async def _sent_by_http(self, request: web.Request) -> web.Response:
        chat = request.query.get("chat")
        shown = [it for it in self.sent if chat is None or it.chat == int(chat)]
        return web.json_response(
            [{"chat": it.chat, "text": it.text, "buttons": dict(it.buttons)} for it in shown]
        )


def _snake(method: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", method)


def _chat(chat: int) -> Json:
    if chat < 0:
        return {"id": chat, "type": "supergroup", "title": "Nhóm mẫu"}
    return {"id": chat, "type": "private", "first_name": "Hộ kinh doanh mẫu 01"}


def _person(user: int) -> Json:
    return {"id": user, "is_bot": False, "first_name": "Hộ kinh doanh mẫu 01"}


def _chat_in(update: Json) -> int:
    for part in update.values():
        if isinstance(part, dict):
            chat = part.get("chat") or (part.get("message") or {}).get("chat")
            if isinstance(chat, dict) and isinstance(chat.get("id"), int):
                return int(chat["id"])
    return 0


async def _by_hand(port: int) -> None:
    """Read what a person types; a line `> label` presses a button."""
    async with FakeTelegram(port=port) as telegram:
        print(f"MOTCUA_TELEGRAM_TOKEN={telegram.token}")
        print(f"MOTCUA_TELEGRAM_API_URL={telegram.url}")
        print(f'or: curl {telegram.url}/fake/say -d \'{{"chat": 1, "text": "xin chào"}}\'')
        telegram.heard.append(_show)
        while line := await asyncio.to_thread(sys.stdin.readline):
            text = line.strip()
            try:
                if text.startswith(">"):
                    await telegram.press(1, text[1:].strip())
                elif text:
                    await telegram.say(1, text)
            except AssertionError as error:
                print(error)
        await asyncio.Event().wait()  # the input is closed: go on serving


def _show(sent: Sent) -> None:
    print(f"--- chat {sent.chat}\n{sent.text}")
    if sent.file:
        print(f"[{sent.file[0]}: {len(sent.file[1])} bytes]")
    if sent.buttons:
        print("   ".join(f"[{label}]" for label, _ in sent.buttons))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8081)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_by_hand(parser.parse_args().port))


if __name__ == "__main__":
    main()
