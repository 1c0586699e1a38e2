"""Whom Zalo lets the account write to, and at what cost: asked before anything is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

FREE = timedelta(hours=48)
BILLED = timedelta(days=7)


class Window(Enum):
    """State of a conversation, counted from what the person did last."""

    FREE = "free"
    BILLED = "billed"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    """The person was not seen by this installation; Zalo knows."""


def window(last_seen: datetime | None, now: datetime) -> Window:
    """Return the state of a conversation."""
    if last_seen is None:
        return Window.UNKNOWN
    age = now - last_seen
    if age <= FREE:
        return Window.FREE
    return Window.BILLED if age <= BILLED else Window.CLOSED
