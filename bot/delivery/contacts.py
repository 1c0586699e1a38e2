"""Who wrote when, and who cannot be written to: what platforms' rules on writing first ask."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.storage.tables import contacts
from knowledge.database import insert_or


class Contacts:
    """One row a conversation."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def seen(self, conversation: str, at: datetime) -> None:
        """Note that a person did something that opens the right to write to them."""
        async with self._engine.begin() as connection:
            await note_seen(connection, conversation, at)

    async def last_seen(self, conversation: str) -> datetime | None:
        """Return when a person last did such a thing."""
        query = select(contacts.c.last_seen).where(contacts.c.conversation == conversation)
        async with self._engine.connect() as connection:
            at: datetime | None = (await connection.execute(query)).scalar()
        return at

    async def unreachable(self, conversation: str, problem: str) -> None:
        """Note that a person cannot be written to, until they write again."""
        async with self._engine.begin() as connection:
            await connection.execute(
                update(contacts)
                .where(contacts.c.conversation == conversation)
                .values(unreachable=problem[:255])
            )

    async def is_reachable(self, conversation: str) -> bool:
        """Return whether nothing speaks against writing to a person."""
        query = select(contacts.c.unreachable).where(contacts.c.conversation == conversation)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar() is None


async def note_seen(connection: AsyncConnection, conversation: str, at: datetime) -> None:
    """Note, within a transaction, that a person did something and can be written to."""
    values = {"last_seen": at, "unreachable": None}
    await connection.execute(
        insert_or(contacts, connection.dialect)
        .values(conversation=conversation, **values)
        .on_conflict_do_update(index_elements=[contacts.c.conversation], set_=values)
    )
