"""What every channel offers the gateway: capabilities, sending, and a sign of typing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.delivery.outbox import Outbound


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can show; rendering fits answers to it."""

    max_chars: int
    buttons: int
    """Most quick replies under one message; 0 means that choices are numbered in the text."""
    typing: bool = False


class NotDelivered(Exception):  # noqa: N818 - an expected state of the network
    """A part was surely not delivered and may be sent again after a while."""


class Channel(Protocol):
    """A platform that messages come from and answers go to.

    Incoming messages are turned into `Inbound` and put into the inbox by the channel's own
    routes or poller; only then is the platform told that they were received.
    """

    name: str
    capabilities: Capabilities

    async def send(self, part: Outbound) -> None:
        """Deliver one part; raises `NotDelivered` when it may be tried again."""

    async def show_typing(self, conversation: str, in_reply_to: str) -> None:
        """Show that an answer is being prepared; failing to do so is no fault."""
