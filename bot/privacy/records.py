"""What is held of a person: counted for the chat, written out in full for the operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from actions.services import Held
from bot.privacy.erasure import held_by
from bot.privacy.rasa_store import RasaStore
from bot.storage.tables import inbox, outbox
from knowledge.database import UtcDateTime
from knowledge.dossiers.tables import dossier_steps, dossiers
from knowledge.following.proofs import State
from knowledge.following.subscriptions import count_followers
from knowledge.following.tables import proofs, subscriptions
from knowledge.privacy.callers import Callers
from knowledge.privacy.tables import callers
from knowledge.questions.tables import tickets


class PersonalRecords:
    """Reads what the installation holds."""

    def __init__(self, engine: AsyncEngine, tracker_store: str) -> None:
        self._engine = engine
        self._rasa = RasaStore(tracker_store)

    async def held(self, rasa_id: str) -> Sequence[Held]:
        """Return what is held of a conversation, by kind."""
        conversation = await Callers(self._engine).conversation(rasa_id)
        if conversation is None:
            return ()
        proven = (proofs.c.conversation == rasa_id) & (proofs.c.state == State.PROVEN.value)
        counted: Sequence[tuple[str, Table, ColumnElement[bool], str]] = (
            ("messages", inbox, inbox.c.conversation == conversation, "received_at"),
            ("answers", outbox, outbox.c.conversation == conversation, "created_at"),
            ("tickets", tickets, tickets.c.conversation == rasa_id, "left_at"),
            ("followed", subscriptions, subscriptions.c.conversation == rasa_id, "since"),
            ("proofs", proofs, proven, "at"),
        )
        async with self._engine.connect() as connection:
            found = [await _count(connection, *it) for it in counted]
            address = await connection.scalar(
                select(callers.c.address).where(callers.c.rasa_id == rasa_id)
            )
        memory = await self._rasa.read(rasa_id)
        return [
            *found,
            Held("memory", 1 if memory else 0),
            Held("address", 1 if address else 0),
        ]

    async def export(self, conversation: str, rasa_id: str) -> Mapping[str, Any]:
        """Return everything of a conversation, by table, ready for JSON."""
        async with self._engine.connect() as connection:
            found = {
                table.name: await _rows(connection, table, condition)
                for table, condition in held_by(conversation, rasa_id)
            }
        return {"conversation": conversation, **found, "rasa": await self._rasa.read(rasa_id)}

    async def export_dossier(self, code: str) -> Mapping[str, Any]:
        """Return what the registry holds of a dossier, and how many follow it."""
        async with self._engine.connect() as connection:
            return {
                "dossiers": await _rows(connection, dossiers, dossiers.c.code == code),
                "steps": await _rows(connection, dossier_steps, dossier_steps.c.code == code),
                "followers": await count_followers(connection, code),
            }


async def _count(
    connection: AsyncConnection,
    kind: str,
    table: Table,
    condition: ColumnElement[bool],
    moment: str,
) -> Held:
    at = table.c[moment]
    query = select(
        func.count(),
        func.min(at, type_=UtcDateTime()),
        func.max(at, type_=UtcDateTime()),
    ).where(condition)
    count, since, until = (await connection.execute(query)).one()
    return Held(kind, count, since, until)


async def _rows(
    connection: AsyncConnection, table: Table, condition: ColumnElement[bool]
) -> list[dict[str, Any]]:
    rows = (await connection.execute(select(table).where(condition))).mappings()
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value
