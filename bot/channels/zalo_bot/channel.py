"""The channel: what the gateway sees of a bot of the Zalo Bot Platform."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import httpx
from aiohttp import web

from bot.channels.base import Capabilities, Finding, NotDelivered, Parts, Receipt, Refused
from bot.channels.clock import Skew
from bot.channels.fetching import download_from
from bot.channels.http import open_client
from bot.channels.incoming import id_of
from bot.channels.zalo_bot.client import BotError, Client
from bot.channels.zalo_bot.examining import examine
from bot.channels.zalo_bot.polling import Poller
from bot.channels.zalo_bot.receiving import Receiver
from bot.channels.zalo_bot.updates import CHANNEL, Address
from bot.channels.zalo_bot.webhook import Webhook, keep_registered, refused_token
from bot.delivery.outbox import Outbound
from bot.messages import recipient_of
from bot.settings import Settings
from knowledge.vietnamese import nfc

MAX_CHARS = 2000
_TYPING_S = 5.0
_log = logging.getLogger(__name__)


class ZaloBot:
    """One bot."""

    name = CHANNEL
    capabilities = Capabilities(max_chars=MAX_CHARS, buttons=0, typing=True)

    def __init__(self, settings: Settings, parts: Parts) -> None:
        token = settings.zalo_bot_token.get_secret_value() if settings.zalo_bot_token else ""
        self.bot = token.partition(":")[0]
        self._settings = settings
        self._parts = parts
        self._token = token
        self._http = open_client(parts.wire)
        self._aside = open_client(None)
        self._client = Client(self._http, self._aside, settings.zalo_bot_api_url, token)
        self._receiver = Receiver(parts, self.bot)
        self._webhook = Webhook(settings, self._receiver)
        self._typing: set[asyncio.Task[None]] = set()

    async def receive(self, request: web.Request) -> web.Response:
        """Take a call of the webhook: verify, store, acknowledge."""
        return await self._webhook.receive(request)

    async def send(self, part: Outbound) -> Receipt:
        """Deliver one part; raises a `NotSent` when it was not taken for sure."""
        text = nfc(part.text)
        if not text.strip() or len(text) > MAX_CHARS:
            raise Refused(f"{len(text)} characters")
        try:
            sent = await self._client.send(Address.read(part.recipient).chat, text)
        except NotDelivered as problem:
            self._tell(problem)
            raise
        return Receipt(id_of(sent.get("message_id")))

    async def fetch(self, attachment: Mapping[str, Any]) -> bytes:
        """Return a photo that a person sent; raises `CannotFetch`."""
        return await download_from(self._settings.zalo_hosts, attachment.get("url"))

    async def show_typing(self, conversation: str, in_reply_to: str) -> None:
        """Show that an answer is being prepared; nobody waits for it."""
        self._in_background(self._type(Address.read(recipient_of(conversation)).chat))

    async def run(self) -> None:
        """Poll, or keep the webhook registered, until cancelled."""
        try:
            if self._settings.zalo_bot_mode == "polling":
                await Poller(self._client, self._parts, self._receiver, self.bot).run()
            else:
                await keep_registered(self._client, self._settings, self._parts, self._receiver)
        finally:
            await self.close()

    async def examine(self) -> Sequence[Finding]:
        """Ask the platform whether everything is set up; raises nothing."""
        skew = Skew()
        async with open_client(None) as http:
            http.event_hooks = {"response": [skew.read]}
            client = Client(http, http, self._settings.zalo_bot_api_url, self._token)
            found = await examine(self._settings, self._parts, client, self.bot)
        return [*found, *skew.findings("the platform")]

    async def close(self) -> None:
        """Close the connections."""
        for task in self._typing:
            task.cancel()
        await asyncio.gather(*self._typing, return_exceptions=True)
        await asyncio.gather(self._http.aclose(), self._aside.aclose())

    def _tell(self, problem: NotDelivered) -> None:
        """Say what holds everything up."""
        if not problem.everyone:
            return
        if "429" in str(problem):
            self._parts.metrics.trouble.labels(CHANNEL, "quota").inc()
            _log.error("the Zalo bot's quota is used up (3,000 messages a month when it is free)")
        else:
            refused_token(self._parts)

    async def _type(self, chat: str) -> None:
        try:
            await self._client.ask(
                "sendChatAction", answer_s=_TYPING_S, chat_id=chat, action="typing"
            )
        except (BotError, httpx.HTTPError, TimeoutError, RuntimeError) as error:
            _log.debug("typing was not shown: %s", type(error).__name__)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._typing.add(task)
        task.add_done_callback(self._typing.discard)
