"""Polling: where no public address exists, one process asks Telegram for updates.

All updates of a batch are stored before the next request confirms them. What was not confirmed
comes again, and the inbox knows it by its number.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.channels.base import Parts
from bot.channels.telegram.api import Api
from bot.channels.telegram.errors import TOKEN_WAIT, reason, wait_of
from bot.channels.telegram.receiving import Receiver
from bot.channels.telegram.updates import KINDS, NAME, Malformed
from bot.channels.telegram.webhook import refused_token
from bot.delivery.backoff import pause_after

_log = logging.getLogger(__name__)
POLL_S = 10
WATCHDOG_S = POLL_S + 5.0
LEASE = timedelta(seconds=WATCHDOG_S + 5)
"""Longer than a poll can take: nobody else polls while ours may still be open."""
SEEN_FOR = timedelta(minutes=10)
_SOMEBODY_ELSE_S = 2.0
_AT_ONCE_S = 0.2
_NOT_SO_FAST_S = 0.5
"""Pause where a server does not wait for news, or does not take what was confirmed."""
_LONGEST_PAUSE_S = 60.0


class Poller:
    """Polls while it holds the lease of its bot."""

    def __init__(
        self, api: Api, parts: Parts, receiver: Receiver, *, poll_s: int = POLL_S
    ) -> None:
        self._api = api
        self._parts = parts
        self._receiver = receiver
        self._poll_s = poll_s
        self._offset: int | None = None
        self._failures = 0
        self._in_conflict = False
        self._lease = lease_name(receiver.me.id)

    async def run(self) -> None:
        """Poll until cancelled."""
        try:
            while True:
                pause = await self._round()
                await asyncio.sleep(pause)
        finally:
            await self._parts.leases.give_up(self._lease)

    async def _round(self) -> float:
        """Poll once; returns for how long to pause."""
        try:
            return await self._attempt()
        except Exception as error:  # the database, or a poll that hangs
            return self._failed(type(error).__name__)

    async def _attempt(self) -> float:
        if not await self._parts.leases.take(self._lease, LEASE):
            self._offset = None
            return _SOMEBODY_ELSE_S
        with suppress(TelegramError):  # only groups need it; a poll tells what is wrong
            await self._receiver.learn_name()
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._poll_s + WATCHDOG_S - POLL_S):
                updates = await self._poll()
        except Conflict:
            return await self._conflict()
        except InvalidToken:
            refused_token(self._parts)
            return TOKEN_WAIT.total_seconds()
        except RetryAfter as error:
            return wait_of(error).total_seconds()
        except TelegramError as error:
            return self._failed(reason(error))
        self._answered()
        goes_on = await self._store(updates)
        waited = time.monotonic() - begun >= _AT_ONCE_S
        return 0.0 if goes_on or (waited and not updates) else _NOT_SO_FAST_S

    async def _poll(self) -> Sequence[Any]:
        updates = await self._api.call(
            "getUpdates",
            answer_s=self._poll_s + WATCHDOG_S - POLL_S,
            offset=self._offset,
            timeout=self._poll_s,
            allowed_updates=list(KINDS),
        )
        return updates if isinstance(updates, list) else []

    def _answered(self) -> None:
        self._failures = 0
        self._in_conflict = False
        self._parts.metrics.last_poll.labels(NAME).set_to_current_time()

    async def _store(self, updates: Sequence[Any]) -> bool:
        """Store a batch; returns whether it goes on from there."""
        numbers = []
        for update in updates:
            try:
                await self._receiver.take(update)
            except Malformed:
                _log.warning("an update of Telegram could not be read; it is left out")
            if isinstance(update, dict) and isinstance(update.get("update_id"), int):
                numbers.append(update["update_id"])
        # Once a poll with the offset has come back empty, all is confirmed. Then the offset is
        # dropped: after a quiet week Telegram may go on with lower numbers.
        before, self._offset = self._offset, max(numbers) + 1 if numbers else None
        return self._offset != before

    async def _conflict(self) -> float:
        """Another program polls with our token, or a webhook is set; back off or remove it."""
        try:
            if await self._remove_webhook():
                return 0.0
        except TelegramError as error:
            return self._failed(reason(error))
        self._parts.metrics.trouble.labels(NAME, "poller_conflict").inc()
        await self._parts.leases.take(conflict_name(self._receiver.me.id), SEEN_FOR)
        if not self._in_conflict:
            _log.error("another program polls Telegram with the same token; stop one of them")
        self._in_conflict = True
        return self._pause()

    async def _remove_webhook(self) -> bool:
        about = await self._api.call("getWebhookInfo")
        if not about.get("url"):
            return False
        _log.warning("a webhook was set for the Telegram bot; MOTCUA_TELEGRAM_MODE is polling")
        await self._api.call("deleteWebhook", drop_pending_updates=False)
        return True

    def _failed(self, problem: str) -> float:
        pause = self._pause()
        _log.warning("polling Telegram failed (%s); next try in %.0f s", problem, pause)
        return pause

    def _pause(self) -> float:
        self._failures += 1
        number = self._offset or self._failures
        return min(pause_after(self._failures, number).total_seconds(), _LONGEST_PAUSE_S)


def lease_name(bot: str) -> str:
    """Return the lease of the one who may poll."""
    return f"{NAME}:{bot}:poll"


def conflict_name(bot: str) -> str:
    """Return the lease that tells for a while that a conflict was seen."""
    return f"{NAME}:{bot}:conflict"
