"""What every channel offers the gateway, and how a platform's refusal is told.

A channel turns what its platform delivers into `Inbound` and puts it into the inbox; only then
is the platform told that it was received. It delivers parts of the outbox one at a time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from aiohttp import web

from bot.delivery.outbox import Outbound

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from bot.delivery.contacts import Contacts
    from bot.delivery.inbox import Inbox
    from bot.delivery.outbox import Outbox
    from bot.delivery.wire import Wire
    from bot.metrics import Metrics
    from bot.staff.pauses import Pauses
    from bot.storage.leases import Leases
    from bot.texts import Texts


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can show; rendering fits answers to it."""

    max_chars: int
    """Longest text of one message, in the NFC form, as `measure` counts it."""
    buttons: int
    """Most quick replies under one message; what is more is numbered in the text."""
    typing: bool = False
    files: bool = False
    """Whether forms are sent as files."""
    chat_pause: timedelta = timedelta(0)
    """Least time between two messages to one person."""
    group_pause: timedelta = timedelta(0)
    """Least time between two messages to one group; its conversations are `<chat>.<person>`."""
    per_second: int = 0
    """Most messages a second over all conversations; 0 means no limit."""
    measure: Callable[[str], int] = len
    """How the platform counts the length of a text; never less for a longer text."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform took a part."""

    message_id: str | None = None


class NotSent(Exception):  # noqa: N818 - expected states of the network and of platforms
    """A part did not go out, or perhaps did; each kind says what may be done about it.

    The message names the platform's code and never holds a token, an address or a text.
    """


class NotDelivered(NotSent):
    """Surely not delivered; it may be sent again, at the earliest after `wait`."""

    def __init__(
        self, problem: str, *, wait: timedelta | None = None, everyone: bool = False
    ) -> None:
        super().__init__(problem)
        self.wait = wait
        self.everyone = everyone
        """The platform refuses the whole channel, not this part: everything waits."""


class Unreachable(NotSent):
    """This person cannot be written to now (blocked, never started, window closed)."""


class Refused(NotSent):
    """The platform will never take this part; it goes to the dead letters."""


class Unknown(NotSent):
    """It may have been delivered: the answer of the platform was lost. It is not repeated."""


class Channel(Protocol):
    """A platform that messages come from and answers go to."""

    name: str
    capabilities: Capabilities

    async def send(self, part: Outbound) -> Receipt:
        """Deliver one part; raises a `NotSent` when the platform did not take it for sure."""

    async def show_typing(self, conversation: str, in_reply_to: str) -> None:
        """Show that an answer is being prepared; failing to do so is no fault."""


class CannotFetch(Exception):  # noqa: N818 - an expected state of platforms
    """What a person sent cannot be had; the message names the reason, never an address."""

    def __init__(self, problem: str, *, too_large: bool = False) -> None:
        super().__init__(problem)
        self.too_large = too_large


@runtime_checkable
class FetchesFiles(Protocol):
    """A channel that can fetch what a person sent, as long as the platform keeps it."""

    async def fetch(self, attachment: Mapping[str, Any]) -> bytes:
        """Return the file of an attachment, within bounds; raises `CannotFetch`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `motcua doctor`."""

    ok: bool
    what: str
    mend: str = ""
    """What the operator can do about it."""


@runtime_checkable
class Platform(Channel, Protocol):
    """A channel whose platform calls a webhook, is polled, or needs tokens renewed."""

    async def receive(self, request: web.Request) -> web.Response:
        """Take a webhook call: verify, store, acknowledge; nothing else happens in it."""

    async def run(self) -> None:
        """Do what goes on in the background until cancelled: polling, registering, renewing."""

    async def examine(self) -> Sequence[Finding]:
        """Ask the platform whether everything is set up; raises nothing."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the gateway gives a channel to work with."""

    engine: AsyncEngine
    inbox: Inbox
    outbox: Outbox
    contacts: Contacts
    pauses: Pauses
    leases: Leases
    wire: Wire
    metrics: Metrics
    texts: Texts
    arrived: Callable[[], None]
    """To be called after a message was put into the inbox."""
    erase: Callable[[str], Awaitable[object]]
    """Deletes what is held of a conversation: the person has asked for it."""
    clock: Callable[[], datetime]
    var_dir: Path
