"""Forget a conversation: everything of it, Rasa's memory included."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.conversation import Conversations
from bot.storage.tables import button_keys, contacts, inbox, outbox, pauses, turns
from knowledge.database import open_engine
from knowledge.questions.tables import tickets

_log = logging.getLogger(__name__)
_RASA_TABLES = ("rasa_conversations", "events")
"""Where conversations are kept by our runtime, and by stock `rasa run`."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """How many rows were removed, by table; numbers only."""

    removed: Mapping[str, int]

    @property
    def total(self) -> int:
        """Return the number of removed rows."""
        return sum(self.removed.values())


class Eraser:
    """Removes what the installation holds of a conversation."""

    def __init__(
        self, engine: AsyncEngine, conversations: Conversations, tracker_store: str
    ) -> None:
        self._engine = engine
        self._conversations = conversations
        self._tracker_store = tracker_store

    async def erase(self, conversation: str) -> Receipt:
        """Remove everything of a conversation; what is being answered now is left unanswered."""
        rasa_id = self._conversations.rasa_id(conversation)
        async with self._engine.begin() as connection:
            removed = await _erase_ours(connection, conversation, rasa_id)
        removed |= await self._erase_rasas(rasa_id)
        _log.info("erased a conversation: %d rows", sum(removed.values()))
        return Receipt(removed)

    async def _erase_rasas(self, rasa_id: str) -> dict[str, int]:
        engine = open_engine(_asynchronous(self._tracker_store))
        removed = {}
        try:
            async with engine.begin() as connection:
                there = await connection.run_sync(lambda it: inspect(it).get_table_names())
                for table in _RASA_TABLES:
                    if table in there:
                        query = text(f"DELETE FROM {table} WHERE sender_id = :it")
                        done = await connection.execute(query, {"it": rasa_id})
                        removed[table] = done.rowcount
        finally:
            await engine.dispose()
        return removed


async def _erase_ours(
    connection: AsyncConnection, conversation: str, rasa_id: str
) -> dict[str, int]:
    messages = select(inbox.c.id).where(inbox.c.conversation == conversation)
    removed = {}
    for table, condition in (
        (turns, turns.c.inbox_id.in_(messages)),
        (outbox, outbox.c.conversation == conversation),
        (button_keys, button_keys.c.conversation == conversation),
        (inbox, inbox.c.conversation == conversation),
        (contacts, contacts.c.conversation == conversation),
        (pauses, pauses.c.conversation == conversation),
        (tickets, tickets.c.conversation == rasa_id),
    ):
        done = await connection.execute(delete(table).where(condition))
        removed[table.name] = done.rowcount
    return removed


def _asynchronous(url: str) -> str:
    """Return the address of Rasa's store for our engine."""
    return url.replace("sqlite://", "sqlite+aiosqlite://").replace("+psycopg2", "+asyncpg")
