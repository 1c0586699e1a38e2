"""Keep to what a platform allows: so many messages a second, and a pause within a conversation."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from datetime import timedelta

from aiolimiter import AsyncLimiter

from bot.channels.base import Capabilities

_REMEMBERED = 10_000


class Pace:
    """The pace of one channel."""

    def __init__(self, capabilities: Capabilities) -> None:
        self._pause_s = capabilities.chat_pause.total_seconds()
        self._group_pause_s = capabilities.group_pause.total_seconds()
        rate = capabilities.per_second
        self._limiter = AsyncLimiter(rate, 1) if rate else None
        self._free_at: OrderedDict[str, float] = OrderedDict()
        self._held_until = 0.0

    def hold(self, wait: timedelta) -> None:
        """Send nothing for a while: the platform refuses everybody."""
        self._held_until = max(self._held_until, time.monotonic() + wait.total_seconds())

    @property
    def held(self) -> bool:
        """Return whether the platform refuses everybody now."""
        return time.monotonic() < self._held_until

    async def wait(self, conversation: str) -> None:
        """Wait until the next message of a conversation may go out."""
        now = time.monotonic()
        chat, in_group, _ = conversation.partition(".")  # people in a group share its limit
        free_at = max(self._free_at.pop(chat, now), now)
        self._free_at[chat] = free_at + (self._group_pause_s if in_group else self._pause_s)
        while len(self._free_at) > _REMEMBERED:
            self._free_at.popitem(last=False)
        await asyncio.sleep(free_at - now)
        if self._limiter:
            await self._limiter.acquire()
