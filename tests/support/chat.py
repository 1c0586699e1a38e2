"""A person at the web chat, without a browser."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import aiohttp

from bot.asking import RemoteAsker
from bot.messages import Button, Turn


@dataclass
class Person:
    """Holds one conversation with a gateway over its real HTTP interface."""

    asker: RemoteAsker
    conversation: str = field(default_factory=lambda: secrets.token_hex(4))
    offered: tuple[Button, ...] = ()

    async def says(self, text: str) -> Turn:
        return self._seen(await self.asker.ask(self.conversation, text))

    async def presses(self, label: str) -> Turn:
        [button] = [item for item in self.offered if item.label == label]
        return self._seen(await self.asker.ask(self.conversation, label, button))

    def _seen(self, turn: Turn) -> Turn:
        self.offered = turn.buttons
        return turn


def person(session: aiohttp.ClientSession, url: str) -> Person:
    return Person(RemoteAsker(session, url))
