"""The channel: what the gateway sees of Telegram."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from aiohttp import web
from telegram.error import InvalidToken, TelegramError

from bot.channels.base import Capabilities, Finding, Parts, Receipt
from bot.channels.sent_files import SentFiles
from bot.channels.telegram import fetching, sending
from bot.channels.telegram.api import open_api
from bot.channels.telegram.errors import meaning, reason
from bot.channels.telegram.examining import examine
from bot.channels.telegram.markup import LONGEST_UNITS, units
from bot.channels.telegram.polling import Poller
from bot.channels.telegram.receiving import Receiver
from bot.channels.telegram.updates import NAME, chat_of
from bot.channels.telegram.webhook import Webhook, keep_registered, refused_token
from bot.delivery.backoff import pause_after
from bot.delivery.outbox import Outbound
from bot.menu import Menu
from bot.messages import recipient_of
from bot.settings import Settings

_log = logging.getLogger(__name__)
_TYPING_S = 5.0


class Telegram:
    """One bot of Telegram."""

    name = NAME
    capabilities = Capabilities(
        max_chars=LONGEST_UNITS,
        measure=units,
        buttons=12,
        typing=True,
        files=True,
        chat_pause=timedelta(seconds=1),
        group_pause=timedelta(seconds=3),
        per_second=30,
    )

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings = settings
        self._parts = parts
        self._api = open_api(settings, sending=parts.wire.watch)
        self.bot = self._api.token.partition(":")[0]
        self._receiver = Receiver(self._api, parts, self.bot)
        self._webhook = Webhook(settings, parts, self._receiver)
        self._files = SentFiles(parts.engine, NAME, self.bot)

    async def send(self, part: Outbound) -> Receipt:
        """Deliver one part; raises a `NotSent` when Telegram did not take it for sure."""
        try:
            return await sending.send(self._api, self._files, part)
        except TelegramError as error:
            if isinstance(error, InvalidToken):
                refused_token(self._parts)
            in_group = part.recipient.startswith("-")  # a group has a flood limit of its own
            raise meaning(error, everyone=not in_group) from None

    async def fetch(self, attachment: Mapping[str, Any]) -> bytes:
        """Return a photo that a person sent; raises `CannotFetch`."""
        return await fetching.fetch(self._api, self._settings.telegram_api_url, attachment)

    async def show_typing(self, conversation: str, in_reply_to: str) -> None:
        """Show that an answer is being prepared; nobody waits for it."""
        self._receiver.in_background(self._type(chat_of(recipient_of(conversation))))

    async def receive(self, request: web.Request) -> web.Response:
        """Take a call of the webhook: verify, store, acknowledge."""
        return await self._webhook.receive(request)

    async def run(self) -> None:
        """Show the menu, and poll or keep the webhook registered, until cancelled."""
        await self._api.open_connections()  # when it failed before and begins again
        menu = asyncio.create_task(self._show_menu())
        try:
            if self._settings.telegram_mode == "polling":
                await Poller(self._api, self._parts, self._receiver).run()
            else:
                await keep_registered(self._api, self._settings, self._parts)
                await menu
        finally:
            menu.cancel()
            await asyncio.gather(menu, return_exceptions=True)
            await self.close()

    async def examine(self) -> Sequence[Finding]:
        """Ask Telegram whether everything is set up; raises nothing."""
        return await examine(self._settings, self._parts)

    async def close(self) -> None:
        """End what goes on in the background and close the connections."""
        await self._receiver.stop()
        await self._api.close_connections()

    async def _type(self, chat: int) -> None:
        try:
            await self._api.call(
                "sendChatAction", answer_s=_TYPING_S, chat_id=chat, action="typing"
            )
        except TelegramError as error:
            _log.debug("typing was not shown: %s", type(error).__name__)

    async def _show_menu(self) -> None:
        """Give Telegram the menu of commands: one for each language, and one for all others."""
        menu = Menu.load()
        attempts = 0
        while True:
            try:
                for language in menu.languages:
                    commands = menu.shown(language)
                    await self._api.call(
                        "setMyCommands", commands=commands, language_code=language
                    )
                await self._api.call("setMyCommands", commands=menu.shown(menu.default))
                return
            except TelegramError as error:
                attempts += 1
                _log.warning("the menu of commands could not be set: %s", reason(error))
            await asyncio.sleep(pause_after(attempts, 0).total_seconds())
