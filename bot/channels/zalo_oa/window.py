"""Whom Zalo lets the account write to, and at what cost: asked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.zalo_oa.events import CHANNEL
from bot.storage.tables import contacts

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


async def people(engine: AsyncEngine, oa_id: str, now: datetime) -> Mapping[Window, int]:
    """Count the people that an account knows by what they may be sent."""
    ours = contacts.c.conversation.startswith(f"{CHANNEL}:{oa_id}:", autoescape=True)
    counts = dict.fromkeys(Window, 0)
    async with engine.connect() as connection:
        seen = await connection.execute(select(contacts.c.last_seen).where(ours))
        for last_seen in seen.scalars():
            counts[window(last_seen, now)] += 1
    return counts


def described(counts: Mapping[Window, int]) -> str:
    """Say it in a line."""
    return (
        f"people that may be written to: {counts[Window.FREE]} free (48 hours), "
        f"{counts[Window.BILLED]} billed (7 days); {counts[Window.CLOSED]} not any more"
    )
