"""What both ways of receiving share: an update becomes a stored message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.base import Parts
from bot.channels.zalo_bot.updates import CHANNEL, Malformed, read_update


class Receiver:
    """Stores the updates of one bot."""

    def __init__(self, parts: Parts, bot: str) -> None:
        self._parts = parts
        self._bot = bot
        self.names: tuple[str, ...] = ()
        """What people call the bot in groups, once it is known."""

    async def take(self, body: Mapping[str, Any]) -> None:
        """Store a message; anything else is counted. Redelivery rules are not documented."""
        now = self._parts.clock()
        try:
            inbound = read_update(body, bot=self._bot, names=self.names, now=now)
        except Malformed:
            self.count("malformed")
            return
        if inbound is None:
            self.count("ignored")
            return
        new = await self._parts.inbox.put(inbound)
        self.count("stored" if new else "repeated")
        self._parts.arrived()

    def learn(self, me: object) -> None:
        """Take the bot's names from what the platform says of it."""
        if isinstance(me, dict):
            named = (me.get("account_name"), me.get("display_name"))
            self.names = tuple(name for name in named if isinstance(name, str) and name)

    def count(self, result: str) -> None:
        """Count an event."""
        self._parts.metrics.received.labels(CHANNEL, result).inc()
