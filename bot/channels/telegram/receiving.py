"""From an update to the inbox: the same for the webhook and for polling."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from telegram.error import TelegramError

from bot.channels.base import Parts
from bot.channels.telegram.api import Api
from bot.channels.telegram.updates import (
    NAME,
    Left,
    Malformed,
    Me,
    NameUnknown,
    query_of,
    read,
)

_log = logging.getLogger(__name__)
_ANSWER_QUERY_S = 10.0
_NAME_S = 2.0


class Receiver:
    """Stores what people send."""

    def __init__(self, api: Api, parts: Parts, bot: str) -> None:
        self._api = api
        self._parts = parts
        self.me = Me(bot)
        self._background: set[asyncio.Task[None]] = set()

    async def take(self, update: Any) -> None:
        """Store an update, and count what became of it.

        Raises:
            Malformed: it is no update.
            NameUnknown: whom it is for cannot be told now; it is to be delivered again.
        """
        try:
            found = await self._read(update)
        except Malformed:
            self._count("malformed")
            raise
        if isinstance(found, Left):
            await self._parts.contacts.unreachable(found.conversation, "blocked")
            self._count("ignored")
        elif found is None:
            self._count("ignored")
        else:
            new = await self._parts.inbox.put(found)
            self._parts.arrived()
            self._count("stored" if new else "repeated")
        if query := query_of(update):
            self.in_background(self._answer_query(query))

    async def learn_name(self, *, answer_s: float = _ANSWER_QUERY_S) -> None:
        """Ask for the bot's name, once; raises `TelegramError`."""
        if self.me.username is None:
            about = await self._api.call("getMe", answer_s=answer_s)
            self.me = Me(self.me.id, str(about.get("username") or "") or None)

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for, and whose failing is no fault."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def stop(self) -> None:
        """End what goes on in the background."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    async def _read(self, update: Any) -> Any:
        now = self._parts.clock()
        try:
            return read(update, self.me, now)
        except NameUnknown:
            try:
                await self.learn_name(answer_s=_NAME_S)
            except TelegramError:
                raise NameUnknown from None
            return read(update, self.me, now)

    async def _answer_query(self, query: str) -> None:
        """End the waiting sign on a pressed button."""
        try:
            await self._api.call(
                "answerCallbackQuery", answer_s=_ANSWER_QUERY_S, callback_query_id=query
            )
        except TelegramError as error:
            _log.debug("a button kept its waiting sign: %s", type(error).__name__)

    def _count(self, result: str) -> None:
        self._parts.metrics.received.labels(NAME, result).inc()
