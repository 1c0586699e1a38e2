"""Messages as the whole gateway sees them: frozen and channel-neutral."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What an outgoing part is: part of the answer, or a notice that the answer will come."""

    ANSWER = "answer"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message of a person, as a channel received it."""

    channel: str
    bot: str
    event_id: str
    """The platform's id of the event; unique within channel and bot."""
    sender: str
    text: str
    received_at: datetime
    button: str | None = None
    """Key of the pressed button, None for typed text."""

    @property
    def conversation(self) -> str:
        """Return the key of the conversation: channel, bot and sender, never less."""
        return f"{self.channel}:{self.bot}:{self.sender}"


@dataclass(frozen=True, slots=True)
class Button:
    """A quick reply: what people see, and what choosing it says to the assistant."""

    label: str
    payload: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the assistant answered, and what it reports of the turn."""

    text: str
    buttons: tuple[Button, ...] = ()
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message and its answer, as recorded, reported and evaluated."""

    outcome: str
    text: str
    buttons: tuple[Button, ...] = ()
    intent: str | None = None
    confidence: float | None = None
    aspects: tuple[str, ...] = ()
    procedure: str | None = None
    candidates: tuple[str, ...] = ()
    dossiers: tuple[Mapping[str, str], ...] = ()
    sources: tuple[Mapping[str, str | None], ...] = ()
    latency_ms: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the turn as plain data, ready for JSON."""
        return asdict(self)
