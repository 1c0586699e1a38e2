"""Who asks: what the gateway knows of a conversation and the actions need, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.database import insert_or
from knowledge.privacy.tables import callers


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks, known by keyed digests."""

    rasa_id: str
    person: str | None = None
    address: str | None = None

    @property
    def channel(self) -> str:
        """Return the channel of the conversation."""
        return self.rasa_id.partition(":")[0]


class Callers:
    """One row a conversation that has asked something through the gateway."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def note(self, rasa_id: str, conversation: str, person: str, at: datetime) -> None:
        """Note who asks now; what is known of the address stays."""
        await self._note(rasa_id=rasa_id, conversation=conversation, person=person, seen_at=at)

    async def came_from(
        self, rasa_id: str, conversation: str, person: str, address: str, at: datetime
    ) -> None:
        """Note who asks now and from which address, as a keyed digest."""
        await self._note(
            rasa_id=rasa_id,
            conversation=conversation,
            person=person,
            address=address,
            seen_at=at,
        )

    async def _note(self, **values: Any) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                insert_or(callers, connection.dialect)
                .values(values)
                .on_conflict_do_update(index_elements=[callers.c.rasa_id], set_=values)
            )

    async def find(self, rasa_id: str) -> Caller:
        """Return who asks; nothing but the conversation is known of a terminal."""
        query = select(callers).where(callers.c.rasa_id == rasa_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is None:
            return Caller(rasa_id)
        return Caller(rasa_id, row["person"], row["address"])

    async def conversation(self, rasa_id: str) -> str | None:
        """Return where news for a conversation are sent to; None where nothing can be sent."""
        query = select(callers.c.conversation).where(callers.c.rasa_id == rasa_id)
        async with self._engine.connect() as connection:
            found: str | None = (await connection.execute(query)).scalar()
        return found
