"""What Rasa remembers of conversations: read, erased, and let go when it is old."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge.database import open_engine

_OURS, _STOCK = "rasa_conversations", "events"
"""Where conversations are kept by our runtime, and by stock `rasa run`."""
_CHUNK = 200


class RasaStore:
    """The tracker store of the installation, whichever runtime writes it."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("sqlite://", "sqlite+aiosqlite://").replace(
            "+psycopg2", "+asyncpg"
        )

    async def erase(self, rasa_ids: Sequence[str]) -> dict[str, int]:
        """Forget conversations; returns how many rows were removed, by table."""
        removed: dict[str, int] = {}
        async with self._open() as (connection, tables):
            for table in tables:
                query = text(f"DELETE FROM {table} WHERE sender_id = :it")
                for rasa_id in rasa_ids:
                    done = await connection.execute(query, {"it": rasa_id})
                    removed[table] = removed.get(table, 0) + done.rowcount
        return removed

    async def read(self, rasa_id: str) -> list[Any]:
        """Return what is remembered of a conversation, as Rasa stores it."""
        found: list[Any] = []
        columns = {_OURS: "tracker", _STOCK: "data"}
        async with self._open() as (connection, tables):
            for table in tables:
                query = text(f"SELECT {columns[table]} FROM {table} WHERE sender_id = :it")
                rows = await connection.execute(query, {"it": rasa_id})
                found += [json.loads(row) for row in rows.scalars()]
        return found

    async def let_go(self, before: datetime) -> int:
        """Forget conversations in which nothing has been said since a moment."""
        removed = 0
        async with self._open() as (connection, tables):
            if _STOCK in tables:
                query = text(f"DELETE FROM {_STOCK} WHERE timestamp < :it")
                removed += (await connection.execute(query, {"it": before.timestamp()})).rowcount
            if _OURS in tables:
                removed += await _let_go_of_ours(connection, before)
        return removed

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[tuple[AsyncConnection, list[str]]]:
        engine = open_engine(self._url)
        try:
            async with engine.begin() as connection:
                there = await connection.run_sync(lambda it: inspect(it).get_table_names())
                yield connection, [it for it in (_OURS, _STOCK) if it in there]
        finally:
            await engine.dispose()


async def _let_go_of_ours(connection: AsyncConnection, before: datetime) -> int:
    removed, last = 0, ""
    page = text(
        f"SELECT sender_id, tracker FROM {_OURS} WHERE sender_id > :last "
        f"ORDER BY sender_id LIMIT {_CHUNK}"
    )
    while rows := (await connection.execute(page, {"last": last})).all():
        last = rows[-1][0]
        for sender, tracker in rows:
            if _last_said(tracker) < before:
                query = text(f"DELETE FROM {_OURS} WHERE sender_id = :it")
                removed += (await connection.execute(query, {"it": sender})).rowcount
    return removed


def _last_said(tracker: str) -> datetime:
    """Return when the last event of a tracker happened; what cannot be read is old."""
    try:
        events = json.loads(tracker)["events"]
        moment = max(float(event["timestamp"]) for event in events)
    except (ValueError, KeyError, TypeError):
        moment = 0.0
    return datetime.fromtimestamp(moment, UTC)
