"""A bot of the Zalo Bot Platform on loopback: polling (408 when idle), webhook, sending.

In a test::

    async with FakeZaloBot() as zalo:                # or start() and stop()
        settings = Settings(**zalo.settings)
        await zalo.say("u1", "phí bao nhiêu?")       # by webhook if one is set, else for polling
        assert zalo.sent[-1].text == "..."           # each has .chat, .text, .at
        zalo.faults.append(Fault("flood"))

An update that was handed out by polling is gone: there is no acknowledgement. `wrapped` chooses
between the two bodies that the documents show for webhooks.

By hand: `python -m tests.fakes.zalo_bot --port 8771`; see `--help`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.fakes.zalo_common import Fake, Fault, bad_gateway, hang_up

TOKEN = "12345689:fake-token-for-tests"
SECRET = "fake-secret-of-tests"
SECRET_HEADER = "X-Bot-Api-Secret-Token"
NAME = "bot.mau"
_CODES = {"flood": 429, "forbidden": 403, "unauthorized": 401}


def an_update(
    chat: str, name: str, message_id: str, *, group: str | None = None, **fields: Any
) -> dict[str, Any]:
    """Return an update as Zalo writes it."""
    message = {
        "message_id": message_id,
        "date": int(time.time() * 1000),
        "from": {"id": chat, "display_name": "Hộ kinh doanh mẫu 01", "is_bot": False},
        "chat": {"id": group or chat, "chat_type": "GROUP" if group else "PRIVATE"},
        **fields,
    }
    return {"event_name": name, "message": message}


class FakeZaloBot(Fake):
    """One bot."""

    def __init__(self, port: int = 0, *, wrapped: bool = False, **more: Any) -> None:
        super().__init__(port, **more)
        self.wrapped = wrapped
        self.secret = ""
        self.pending: deque[dict[str, Any]] = deque()
        self.poll_faults: deque[Fault] = deque()
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.polls = 0
        """How many polls are open now."""
        self.most_polls = 0
        self._news = asyncio.Event()
        self._app.router.add_route("*", "/bot{token}/{method}", self._handle)

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings that point a gateway here."""
        return {
            "zalo_bot_token": TOKEN,
            "zalo_bot_secret": SECRET,
            "zalo_bot_api_url": self.url,
            "zalo_media_hosts": self.url,
        }

    # -- what people do ------------------------------------------------------------------------

    async def say(
        self, chat: str, text: str, *, group: str | None = None, event_id: str | None = None
    ) -> str:
        """Write to the bot, in private or, mentioning it, in a group."""
        return await self.message(
            chat, "message.text.received", group=group, event_id=event_id, text=text
        )

    async def message(
        self,
        chat: str,
        name: str,
        *,
        group: str | None = None,
        event_id: str | None = None,
        **fields: Any,
    ) -> str:
        """Send something of any kind."""
        message_id = event_id or self.next_id("m")
        await self.push(an_update(chat, name, message_id, group=group, **fields))
        return message_id

    async def photograph(self, chat: str, content: bytes) -> str:
        """Send a photo."""
        return await self.message(chat, "message.image.received", photo=self.hosted(content))

    async def push(self, update: dict[str, Any]) -> None:
        """Deliver an update by webhook, or keep it for the next poll."""
        if not self.webhook:
            self.pending.append(update)
            self._news.set()
            return
        message_id = update.get("message", {}).get("message_id", "")
        await self.deliver(message_id, *self.as_posted(update))

    def as_posted(self, update: Mapping[str, Any]) -> tuple[bytes, Mapping[str, str]]:
        """Return body and headers with which an update comes to the webhook."""
        body = {"ok": True, "result": update} if self.wrapped else update
        return as_json(body), {SECRET_HEADER: self.secret}

    def called(self, method: str) -> list[Mapping[str, Any]]:
        """Return the values of every call of a method."""
        return [values for name, values in self.calls if name == method]

    # -- what the bot calls --------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != TOKEN:
            return refusal(401, "Unauthorized")
        method = request.match_info["method"]
        values = await values_of(request)
        self.calls.append((method, values))
        act = {
            "getMe": self._get_me,
            "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
            "sendMessage": self._send_message,
            "sendChatAction": self._send_chat_action,
        }.get(method)
        return await act(request, values) if act else refusal(404, "Not Found")

    async def _get_me(self, _request: web.Request, _values: Any) -> web.StreamResponse:
        me = {"id": TOKEN.partition(":")[0], "account_name": NAME, "account_type": "BASIC"}
        return answer({**me, "can_join_groups": True})

    async def _get_updates(self, request: web.Request, values: Any) -> web.StreamResponse:
        fault = self.poll_faults.popleft() if self.poll_faults else None
        if refused := self._refused(request, fault):
            return refused
        if self.webhook:
            return refusal(400, "Bad Request: webhook is set")
        self.polls += 1
        self.most_polls = max(self.most_polls, self.polls)
        try:
            await self._wait_for_news(float(values.get("timeout", 30)))
        finally:
            self.polls -= 1
        if fault and fault.kind in ("no_answer", "garbage"):
            return await self.spoiled(request, fault) or web.Response()
        if not self.pending:
            return refusal(408, "Request timeout")
        return answer(self.pending.popleft())

    async def _wait_for_news(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.pending and not self._stopping.is_set() and time.monotonic() < end:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), min(0.1, seconds))
            except TimeoutError:
                continue

    async def _set_webhook(self, _request: web.Request, values: Any) -> web.StreamResponse:
        secret = values.get("secret_token", "")
        if not values.get("url") or not 8 <= len(secret) <= 256:
            return refusal(400, "Bad Request")
        self.webhook, self.secret = values["url"], secret
        return answer({"url": self.webhook, "updated_at": int(time.time() * 1000)})

    async def _delete_webhook(self, _request: web.Request, _values: Any) -> web.StreamResponse:
        self.webhook = None
        return answer({"url": "", "updated_at": int(time.time() * 1000)})

    async def _get_webhook_info(self, _request: web.Request, _values: Any) -> web.StreamResponse:
        if not self.webhook:
            return refusal(404, "Not Found")
        return answer({"url": self.webhook, "updated_at": int(time.time() * 1000)})

    async def _send_message(self, request: web.Request, values: Any) -> web.StreamResponse:
        chat, text = values.get("chat_id", ""), values.get("text", "")
        fault = self.next_fault(chat)
        if refused := self._refused(request, fault):
            return refused
        if not chat or not 1 <= len(text) <= 2000:
            return refusal(400, "Bad Request")
        sent = self.keep(chat, text)
        result = {"message_id": sent.message_id, "date": int(sent.at * 1000)}
        return await self.spoiled(request, fault) or answer(result)

    async def _send_chat_action(self, _request: web.Request, values: Any) -> web.StreamResponse:
        known = values.get("action") == "typing" and values.get("chat_id")
        return web.json_response({"ok": True}) if known else refusal(400, "Bad Request")

    def _refused(self, request: web.Request, fault: Fault | None) -> web.Response | None:
        if fault is None:
            return None
        if fault.kind == "not_taken":
            return hang_up(request)
        if fault.kind == "bad_gateway":
            return bad_gateway()
        if fault.kind == "server_error":
            return refusal(500, "Internal Server Error")
        code = _CODES.get(fault.kind, fault.code)
        return refusal(code, "fault") if code else None


def as_json(body: Mapping[str, Any]) -> bytes:
    return web.json_response(body).body  # type: ignore[return-value]


def answer(result: Mapping[str, Any]) -> web.Response:
    return web.json_response({"ok": True, "result": dict(result)})


def refusal(code: int, words: str) -> web.Response:
    body = {"ok": False, "description": words, "error_code": code}
    return web.json_response(body, status=code)


async def values_of(request: web.Request) -> dict[str, Any]:
    """Return the parameters of a call, however they were sent."""
    values: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json" and request.can_read_body:
        values |= await request.json()
    elif request.method == "POST":
        values |= dict(await request.post())
    return values


if __name__ == "__main__":
    from tests.fakes.zalo_by_hand import main

    main(FakeZaloBot, port=8771, webhook=None)
