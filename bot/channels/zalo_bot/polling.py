"""Polling: one update at a time, without a number and without an acknowledgement.

What the platform has handed out it does not hand out again: so it is stored before anything else
is done, and again if the database is busy. A process killed in between loses that one message;
where that matters, use the webhook.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

from bot.channels.base import Parts
from bot.channels.shielded import to_its_end
from bot.channels.zalo_bot.client import BotError, Client
from bot.channels.zalo_bot.receiving import Receiver
from bot.channels.zalo_bot.updates import CHANNEL
from bot.channels.zalo_bot.webhook import refused_token, registered_url
from bot.delivery.backoff import pause_after

POLL_S = 20
MARGIN_S = 20.0
"""How much longer a poll may take before it is given up; also longer than the platform's own
30 seconds, should it not heed what we ask for."""
LEASE = timedelta(seconds=POLL_S + MARGIN_S + 15)
"""Longer than a poll can take: nobody else polls while ours may still be open."""
_IDLE = 408
_WEBHOOK_IS_SET = (400, 409)
_SOMEBODY_ELSE_S = 2.0
_TOKEN_WAIT_S = 300.0
_QUOTA_WAIT_S = 600.0
_LONGEST_PAUSE_S = 60.0
_STORE_ATTEMPTS = 60
_log = logging.getLogger(__name__)


class Poller:
    """Polls while it holds the lease of its bot."""

    def __init__(
        self, client: Client, parts: Parts, receiver: Receiver, bot: str, *, poll_s: float = POLL_S
    ) -> None:
        self._client = client
        self._parts = parts
        self._receiver = receiver
        self._poll_s = poll_s
        self._lease = lease_name(bot)
        self._failures = 0
        self._looked = False

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
            if not await self._parts.leases.take(self._lease, LEASE):
                self._looked = False
                return _SOMEBODY_ELSE_S
            await self._look_first()
            update = await self._poll()
        except BotError as error:
            return await self._refused(error)
        except Exception as error:  # the network, the database, or a poll that hangs
            return self._failed(type(error).__name__)
        self._failures = 0
        self._parts.metrics.last_poll.labels(CHANNEL).set_to_current_time()
        for one in update if isinstance(update, list) else [update]:
            if isinstance(one, dict):
                await to_its_end(self._store(one))
        return 0.0

    async def _look_first(self) -> None:
        """With a webhook set the platform would stay silent, without an error."""
        if self._looked:
            return
        if await registered_url(self._client):
            _log.warning("a webhook was set for the Zalo bot; MOTCUA_ZALO_BOT_MODE is polling")
            await self._client.ask("deleteWebhook")
        self._receiver.learn(await self._client.ask("getMe"))
        self._looked = True

    async def _poll(self) -> Any:
        try:
            return await self._client.ask(
                "getUpdates", answer_s=self._poll_s + MARGIN_S, timeout=str(self._poll_s)
            )
        except BotError as error:
            if error.code == _IDLE:
                return None
            raise

    async def _store(self, update: dict[str, Any]) -> None:
        for attempt in range(_STORE_ATTEMPTS):
            try:
                await self._receiver.take(update)
                return
            except Exception as error:  # its text may hold what a person wrote
                _log.error("an update is not stored: %s", type(error).__name__)
                await asyncio.sleep(pause_after(min(attempt, 6), 0).total_seconds())

    async def _refused(self, error: BotError) -> float:
        if error.code in (401, 404):
            refused_token(self._parts)
            return _TOKEN_WAIT_S
        if error.code == 429:
            self._parts.metrics.trouble.labels(CHANNEL, "quota").inc()
            _log.warning("the Zalo Bot Platform says that its quota is used up")
            return _QUOTA_WAIT_S
        if error.code in _WEBHOOK_IS_SET:
            self._looked = False  # somebody may have set a webhook
            self._parts.metrics.trouble.labels(CHANNEL, "poller_conflict").inc()
        return self._failed(str(error))

    def _failed(self, problem: str) -> float:
        self._failures += 1
        pause = min(pause_after(self._failures, self._failures).total_seconds(), _LONGEST_PAUSE_S)
        _log.warning("polling the Zalo bot failed (%s); next try in %.0f s", problem, pause)
        return pause


def lease_name(bot: str) -> str:
    """Return the lease of the one who may poll."""
    return f"{CHANNEL}:{bot}:poll"
