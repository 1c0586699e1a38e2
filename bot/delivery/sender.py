"""The sender: hands waiting parts of the outbox to their channels, in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress

from bot.channels.base import Channel, NotDelivered
from bot.delivery.outbox import Outbound, Outbox

_log = logging.getLogger(__name__)
_IDLE_S = 1.0


class Sender:
    """Delivers until cancelled."""

    def __init__(self, outbox: Outbox, channels: Mapping[str, Channel]) -> None:
        self._outbox = outbox
        self._channels = channels
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look at the outbox now instead of at the next round."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                for channel in self._channels.values():
                    await self._deliver(channel)
            except Exception:
                _log.exception("the sender could not look at the outbox")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _IDLE_S)
            self._wake.clear()

    async def _deliver(self, channel: Channel) -> None:
        held: set[str] = set()
        for part in await self._outbox.waiting(channel.name):
            # After a part that could not be delivered, the later ones of its conversation wait.
            if part.conversation not in held and not await self._delivered(channel, part):
                held.add(part.conversation)

    async def _delivered(self, channel: Channel, part: Outbound) -> bool:
        try:
            await channel.send(part)
        except NotDelivered as problem:
            _log.warning("%s did not take a message: %s", channel.name, problem)
            return False
        await self._outbox.sent(part)
        return True
