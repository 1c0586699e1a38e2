"""The dispatcher: takes waiting messages, holds their turns, writes the answers.

In order within a conversation, in parallel across conversations. While no runtime is ready
messages stay in the inbox and their senders are told once that the answer will come.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta

from bot.assistant import RuntimeUnavailable
from bot.channels.base import Channel
from bot.conversation import Conversations
from bot.delivery.inbox import Claimed, Inbox
from bot.delivery.outbox import Outbox
from bot.delivery.rendering import render
from bot.messages import Turn
from bot.texts import Texts

_log = logging.getLogger(__name__)
_IDLE_S = 1.0
_WHILE_STARTING_S = 0.3
_UNNOTICED = timedelta(seconds=1)


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
        is_ready: Callable[[], Awaitable[bool]],
        written: Callable[[], None] = lambda: None,
        at_once: int = 8,
    ) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._conversations = conversations
        self._channels = channels
        self._texts = texts
        self.is_ready = is_ready
        self._written = written
        self._free = at_once
        self._wake = asyncio.Event()
        self._turns: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look at the inbox now instead of at the next round."""
        self._wake.set()

    async def run(self) -> None:
        """Dispatch until cancelled; running turns are cancelled with it and stay claimable."""
        try:
            while True:
                pause = await self._round()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), pause)
                self._wake.clear()
        finally:
            for turn in self._turns:
                turn.cancel()
            await asyncio.gather(*self._turns, return_exceptions=True)

    async def _round(self) -> float:
        try:
            if not await self.is_ready():
                await self._tell_to_wait()
                return _WHILE_STARTING_S
            while self._free and (claimed := await self._inbox.claim(self._free)):
                for message in claimed:
                    self._start(message)
        except Exception:
            _log.exception("the dispatcher could not look at the inbox")
        return _IDLE_S

    async def _tell_to_wait(self) -> None:
        for message in await self._inbox.waiting_unnoticed(_UNNOTICED):
            texts = self._texts.replying_to(message.inbound.text)
            if await self._outbox.notify(message, texts("starting")):
                _log.info("told a sender on %s to wait", message.inbound.channel)
                self._written()

    def _start(self, message: Claimed) -> None:
        self._free -= 1
        turn = asyncio.create_task(self._hold(message))
        self._turns.add(turn)
        turn.add_done_callback(self._ended)

    def _ended(self, turn: asyncio.Task[None]) -> None:
        self._turns.discard(turn)
        self._free += 1
        self.wake()

    async def _hold(self, message: Claimed) -> None:
        inbound = message.inbound
        channel = self._channels[inbound.channel]
        await channel.show_typing(inbound.conversation, inbound.event_id)
        try:
            turn = await self._turn(message)
        except RuntimeUnavailable as problem:
            _log.warning("the runtime went away during a turn (%s); it is held again", problem)
            await self._inbox.give_back(message, str(problem))
            return
        if await self._outbox.complete(message, turn, render(turn, channel.capabilities)):
            self._written()

    async def _turn(self, message: Claimed) -> Turn:
        inbound = message.inbound
        texts = self._texts.replying_to(inbound.text)
        try:
            if inbound.button is None:
                return await self._conversations.turn(inbound)
            pressed = await self._outbox.button(inbound.conversation, inbound.button)
            if pressed is None:
                return Turn("clarify", texts("button_gone"))
            return await self._conversations.turn(inbound, pressed)
        except RuntimeUnavailable:
            raise
        except Exception:
            _log.exception("a turn failed on %s", inbound.channel)
            return Turn("failed", texts("failed"))
