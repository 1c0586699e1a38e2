"""The sender: hands waiting parts of the outbox to their channels.

In order within a conversation, in parallel across conversations. What a platform's answer means
for a part is told by the exception that its channel raises (`bot/channels/base.py`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from bot.channels.base import (
    Channel,
    NotDelivered,
    NotSent,
    Refused,
    Unknown,
    Unreachable,
)
from bot.delivery.contacts import Contacts
from bot.delivery.outbox import Outbound, Outbox
from bot.delivery.pacing import Pace
from bot.delivery.recovery import Recovery
from bot.delivery.wire import Wire
from bot.metrics import Metrics

_log = logging.getLogger(__name__)
_IDLE_S = 0.5
_PROLONG_S = 5.0
_DEADLINE_S = 60.0
_HELD_FOR = timedelta(seconds=30)
_STALE = timedelta(hours=24)


class Sender:
    """Delivers until cancelled."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        *,
        contacts: Contacts,
        recovery: Recovery,
        wire: Wire,
        metrics: Metrics,
        at_once: int = 16,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._contacts = contacts
        self._recovery = recovery
        self._wire = wire
        self._metrics = metrics
        self._at_once = at_once
        self._wake = asyncio.Event()
        self._paces: dict[str, Pace] = {}
        self._running: dict[asyncio.Task[None], tuple[str, int]] = {}
        self._prolonged_at = 0.0

    def wake(self) -> None:
        """Look at the outbox now instead of at the next round."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled; what is being sent then is decided at the next start."""
        try:
            while True:
                self._wake.clear()
                try:
                    await self._round()
                except Exception:
                    _log.exception("the sender could not look at the outbox")
                with suppress(TimeoutError):
                    # not wait_for: before Python 3.12 it can swallow the cancellation
                    async with asyncio.timeout(_IDLE_S):
                        await self._wake.wait()
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _round(self) -> None:
        if time.monotonic() - self._prolonged_at > _PROLONG_S:
            self._prolonged_at = time.monotonic()
            await self._outbox.prolong([part for _, part in self._running.values()])
            await self._recovery.decide()
        for name, channel in self._channels.items():
            pace = self._pace(channel)
            free = self._at_once - sum(1 for busy, _ in self._running.values() if busy == name)
            while not pace.held and free > 0 and (parts := await self._outbox.claim(name, free)):
                free -= len(parts)
                for part in parts:
                    task = asyncio.create_task(self._deliver(channel, part))
                    self._running[task] = (name, part.id)
                    task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if not task.cancelled() and task.exception():
            _log.error("what became of a part could not be stored", exc_info=task.exception())
        self.wake()

    def _pace(self, channel: Channel) -> Pace:
        if channel.name not in self._paces:
            self._paces[channel.name] = Pace(channel.capabilities)
        return self._paces[channel.name]

    async def _deliver(self, channel: Channel, part: Outbound) -> None:
        problem = await self._attempt(channel, part)
        if problem is None:
            return
        name = channel.name
        _log.warning("%s: part %d: %s: %s", name, part.id, type(problem).__name__, problem)
        match problem:
            case NotDelivered() if _is_stale(part):
                await self._outbox.dead(part, f"not delivered within a day: {problem}")
                self._count(name, "refused")
            case NotDelivered():
                if problem.everyone:
                    self._pace(channel).hold(problem.wait or _HELD_FOR)
                await self._outbox.later(part, str(problem), problem.wait)
                self._count(name, "later")
            case Unreachable():
                await self._contacts.unreachable(part.conversation, str(problem))
                await self._outbox.dead(part, str(problem), conversation=True)
                self._count(name, "unreachable")
            case Refused():
                await self._outbox.dead(part, str(problem))
                self._metrics.trouble.labels(name, "dead_letter").inc()
                self._count(name, "refused")
            case _:
                await self._outbox.unknown(part, str(problem))
                self._count(name, "unknown")

    async def _attempt(self, channel: Channel, part: Outbound) -> NotSent | None:
        """Send a part and store that it was sent; return why it was not."""
        with self._wire.carrying(part.id, part.attempt) as carried:
            try:
                async with asyncio.timeout(_DEADLINE_S):
                    await self._pace(channel).wait(part.conversation)
                    receipt = await channel.send(part)
            except Unknown as problem:
                return problem if carried.out else NotDelivered(str(problem))
            except NotSent as problem:
                return problem
            except TimeoutError:
                return Unknown("no answer") if carried.out else NotDelivered("no answer")
            except Exception as error:
                _log.exception("%s failed on part %d", channel.name, part.id)
                kind = type(error).__name__
                return Unknown(kind) if carried.out else Refused(kind)
        await self._outbox.sent(part, receipt.message_id)
        self._count(channel.name, "sent")
        return None

    def _count(self, channel: str, result: str) -> None:
        self._metrics.sent.labels(channel, result).inc()


def _is_stale(part: Outbound) -> bool:
    return part.created_at is not None and datetime.now(UTC) - part.created_at > _STALE
