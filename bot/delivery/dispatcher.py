"""The dispatcher: takes waiting messages, holds their turns, writes the answers.

In order within a conversation, in parallel across conversations. While no runtime is ready
messages stay in the inbox and their senders are told once that the answer will come.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from bot.assistant import RuntimeUnavailable
from bot.channels.base import Channel
from bot.conversation import Conversations
from bot.delivery.inbox import Claimed, Inbox
from bot.delivery.outbox import Outbox
from bot.delivery.rendering import render
from bot.messages import Button, Content, Turn
from bot.metrics import Metrics
from bot.staff.pauses import Pauses
from bot.texts import Texts

_log = logging.getLogger(__name__)
_IDLE_S = 0.5
_WHILE_STARTING_S = 0.3
_PROLONG_S = 5.0
_TYPING_S = 4.0
_UNNOTICED = timedelta(seconds=1)
MOST_ATTEMPTS = 5
"""A message whose turn ended this often without an answer is given up with an apology."""
_NUMBER = re.compile(r"\s*(\d{1,2})[.)]?\s*")
Erase = Callable[[Claimed, Turn], Awaitable[bool]]
"""Erases everything of a sender and answers with a receipt; False if that was done before.

The receipt takes the place of the turn's text and is in its language.
"""
_HELD_BY_STAFF = Turn("handoff", "")


class Dispatcher:
    """Works on the inbox until cancelled."""

    def __init__(
        self,
        inbox: Inbox,
        outbox: Outbox,
        conversations: Conversations,
        channels: Mapping[str, Channel],
        texts: Texts,
        *,
        pauses: Pauses,
        metrics: Metrics,
        erase: Erase | None = None,
        is_ready: Callable[[], Awaitable[bool]],
        arrived: asyncio.Event | None = None,
        written: Callable[[], None] = lambda: None,
        at_once: int = 8,
    ) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._conversations = conversations
        self._channels = channels
        self._texts = texts
        self._pauses = pauses
        self._metrics = metrics
        self._erase = erase
        self.is_ready = is_ready
        self._written = written
        self._at_once = at_once
        self._wake = arrived or asyncio.Event()
        self._turns: dict[asyncio.Task[None], int] = {}
        self._prolonged_at = 0.0

    def wake(self) -> None:
        """Look at the inbox now instead of at the next round."""
        self._wake.set()

    async def run(self) -> None:
        """Dispatch until cancelled; running turns are cancelled with it and stay claimable."""
        try:
            while True:
                self._wake.clear()
                pause = await self._round()
                with suppress(TimeoutError):
                    # not wait_for: before Python 3.12 it can swallow the cancellation
                    async with asyncio.timeout(pause):
                        await self._wake.wait()
        finally:
            for turn in self._turns:
                turn.cancel()
            await asyncio.gather(*self._turns, return_exceptions=True)

    async def _round(self) -> float:
        try:
            if time.monotonic() - self._prolonged_at > _PROLONG_S:
                self._prolonged_at = time.monotonic()
                await self._inbox.prolong(list(self._turns.values()))
            if not await self.is_ready():
                await self._tell_to_wait()
                return _WHILE_STARTING_S
            while (free := self._at_once - len(self._turns)) > 0:
                claimed = await self._inbox.claim(free, self._channels)
                if not claimed:
                    break
                for message in claimed:
                    self._start(message)
        except Exception:
            _log.exception("the dispatcher could not look at the inbox")
        return _IDLE_S

    async def _tell_to_wait(self) -> None:
        for message in await self._inbox.waiting_unnoticed(_UNNOTICED, self._channels):
            texts = self._texts.replying_to(message.inbound.text)
            if await self._outbox.notify(message, texts("starting")):
                _log.info("told a sender on %s to wait", message.inbound.channel)
                self._written()

    def _start(self, message: Claimed) -> None:
        turn = asyncio.create_task(self._hold(message))
        self._turns[turn] = message.id
        turn.add_done_callback(self._ended)

    def _ended(self, turn: asyncio.Task[None]) -> None:
        del self._turns[turn]
        if not turn.cancelled() and turn.exception():
            _log.error("an answer could not be stored", exc_info=turn.exception())
        self.wake()

    async def _hold(self, message: Claimed) -> None:
        inbound = message.inbound
        channel = self._channels[inbound.channel]
        problem = None
        if message.attempts >= MOST_ATTEMPTS:
            problem = f"given up after {message.attempts} attempts"
            _log.error("message %d on %s: %s", message.id, channel.name, problem)
            self._metrics.trouble.labels(channel.name, "dead_letter").inc()
            turn = Turn("failed", self._texts.replying_to(inbound.text)("failed"))
        else:
            try:
                async with _typing(channel, inbound.conversation, inbound.event_id):
                    turn = await self._turn(message)
            except RuntimeUnavailable as reason:
                _log.warning("the runtime went away during a turn (%s); it is held again", reason)
                await self._inbox.give_back(message, str(reason), tried=reason.began)
                return
        if turn.erases and self._erase is not None:
            if await self._erase(message, turn):
                self._written()
                self._metrics.turns.labels(channel.name, turn.outcome).inc()
            return
        rendered = render(turn, channel.capabilities)
        if await self._outbox.complete(message, turn, rendered, problem=problem):
            self._written()
            self._metrics.turns.labels(channel.name, turn.outcome).inc()
            waited = (datetime.now(UTC) - inbound.received_at).total_seconds()
            self._metrics.answer_seconds.labels(channel.name).observe(max(waited, 0))

    async def _turn(self, message: Claimed) -> Turn:
        inbound = message.inbound
        texts = self._texts.replying_to(inbound.text)
        try:
            if await self._pauses.paused(inbound.conversation):
                return _HELD_BY_STAFF
            if inbound.button is None:
                chosen = await self._chosen_by_number(message)
                return await self._conversations.turn(inbound, chosen)
            pressed = await self._outbox.button(inbound.conversation, inbound.button)
            if pressed is None:
                return Turn("clarify", texts("button_gone"))
            return await self._conversations.turn(inbound, pressed)
        except RuntimeUnavailable:
            raise
        except Exception:
            _log.exception("a turn failed on %s", inbound.channel)
            return Turn("failed", texts("failed"))

    async def _chosen_by_number(self, message: Claimed) -> Button | None:
        inbound = message.inbound
        number = _NUMBER.fullmatch(inbound.text)
        if inbound.content is not Content.TEXT or not number:
            return None
        return await self._outbox.numbered(inbound.conversation, int(number[1]))


@asynccontextmanager
async def _typing(channel: Channel, conversation: str, event_id: str) -> AsyncIterator[None]:
    """Show that an answer is being prepared for the length of a block, without delaying it."""
    if not channel.capabilities.typing:
        yield
        return

    async def show() -> None:
        with suppress(Exception):  # a sign only; the answer itself tells of any trouble
            while True:
                await channel.show_typing(conversation, event_id)
                await asyncio.sleep(_TYPING_S)

    sign = asyncio.create_task(show())
    try:
        yield
    finally:
        sign.cancel()
        with suppress(asyncio.CancelledError):
            await sign
