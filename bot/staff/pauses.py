"""Conversations that the staff hold themselves for a while; the assistant keeps silent in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.tables import pauses


class Pauses:
    """Which conversations are the staff's, and until when."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    async def pause(self, conversation: str, length: timedelta) -> None:
        """Keep the assistant silent in a conversation for a while from now."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(pauses).where(pauses.c.conversation == conversation))
            await connection.execute(
                insert(pauses).values(conversation=conversation, until=self._clock() + length)
            )

    async def end(self, conversation: str) -> None:
        """Let the assistant answer again."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(pauses).where(pauses.c.conversation == conversation))

    async def paused(self, conversation: str) -> bool:
        """Return whether the staff hold a conversation now."""
        query = select(pauses.c.until).where(pauses.c.conversation == conversation)
        async with self._engine.connect() as connection:
            until: datetime | None = (await connection.execute(query)).scalar()
        return until is not None and until > self._clock()
