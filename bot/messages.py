"""Messages as the whole gateway sees them: frozen and channel-neutral."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What an outgoing part is."""

    ANSWER = "answer"
    NOTICE = "notice"
    """Says that the answer will come."""
    FILE = "file"
    """A form, sent after the text of its answer."""
    PUSH = "push"
    """Nobody asked just now: news of a dossier that is followed."""


class Content(StrEnum):
    """What a person sent; everything but text has a reply of its own."""

    TEXT = "text"
    START = "start"
    """The conversation was opened: `/start`, with a deep link's payload as text, or `follow`."""
    EDITED = "edited"
    PHOTO = "photo"
    DOCUMENT = "document"
    VOICE = "voice"
    VIDEO = "video"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message of a person, as a channel received it."""

    channel: str
    bot: str
    event_id: str
    """The platform's id of the event; unique within channel and bot."""
    sender: str
    """Where the answer goes, as the channel knows it; without `:`."""
    text: str
    received_at: datetime
    button: str | None = None
    """Key of the pressed button, None for typed text."""
    content: Content = Content.TEXT
    attachment: Mapping[str, Any] | None = None
    """How the channel can fetch what was sent: `{"id" or "url", "size", "type"}`."""

    @property
    def conversation(self) -> str:
        """Return the key of the conversation: channel, bot and sender, never less."""
        return f"{self.channel}:{self.bot}:{self.sender}"


def storable(text: str) -> str:
    """Return a text as every database can hold it: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def recipient_of(conversation: str) -> str:
    """Return the sender in the key of a conversation."""
    return conversation.split(":", 2)[2]


@dataclass(frozen=True, slots=True)
class Button:
    """A quick reply: what people see, and what choosing it says to the assistant."""

    label: str
    payload: str


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes with an answer."""

    name: str
    """What people see, in Vietnamese, with its ending."""
    path: str


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
    """Empty only while the staff hold the conversation."""
    buttons: tuple[Button, ...] = ()
    intent: str | None = None
    confidence: float | None = None
    aspects: tuple[str, ...] = ()
    procedure: str | None = None
    candidates: tuple[str, ...] = ()
    dossiers: tuple[Mapping[str, str], ...] = ()
    sources: tuple[Mapping[str, str | None], ...] = ()
    files: tuple[File, ...] = ()
    latency_ms: int = 0
    private: bool = False
    """Whether the message was a proof: nothing of its text is kept."""
    erases: bool = False
    """Whether the person has confirmed that everything of them is to be erased."""

    def as_dict(self) -> dict[str, Any]:
        """Return the turn as plain data, ready for JSON; files stay inside the gateway."""
        turn = asdict(self)
        for inner in ("files", "private", "erases"):
            del turn[inner]
        return turn
