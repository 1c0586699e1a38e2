"""What could not be answered or delivered, for an operator to look at and to send again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.tables import inbox, outbox


class Box(StrEnum):
    """Where a dead letter lies."""

    INBOX = "in"
    """A message of a person whose turn never came to an end."""
    OUTBOX = "out"
    """A part of an answer that its platform refused, or of which nobody knows."""


_TABLES: Mapping[Box, Table] = {Box.INBOX: inbox, Box.OUTBOX: outbox}
_MOMENT = {Box.INBOX: "received_at", Box.OUTBOX: "created_at"}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message or part that waits for an operator."""

    box: Box
    id: int
    channel: str
    state: str
    """`dead`, or `unknown`: perhaps delivered."""
    problem: str
    attempts: int
    at: datetime
    text: str

    @property
    def name(self) -> str:
        """Return what an operator calls it by: `in:12`, `out:34`."""
        return f"{self.box}:{self.id}"


class NoSuchLetter(LookupError):  # noqa: N818 - names what it is about
    """There is no dead letter of that name."""


class DeadLetters:
    """Reads and replays dead letters."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> Sequence[DeadLetter]:
        """Return all of them, the oldest first."""
        found = [letter for box in Box for letter in await self._read(box)]
        return sorted(found, key=lambda letter: letter.at)

    async def find(self, name: str) -> DeadLetter:
        """Return the one of a name; raises `NoSuchLetter`."""
        for letter in await self.all():
            if letter.name == name.strip().lower():
                return letter
        raise NoSuchLetter(name)

    async def replay(self, letter: DeadLetter) -> None:
        """Let a message be answered, or a part be sent, once more."""
        table = _TABLES[letter.box]
        values: dict[str, Any] = {"state": "waiting", "not_before": None}
        if letter.box is Box.INBOX:
            values["attempts"] = 0
        else:
            values["created_at"] = datetime.now(letter.at.tzinfo)  # its day begins anew
        async with self._engine.begin() as connection:
            await connection.execute(
                update(table)
                .where(table.c.id == letter.id, table.c.state == letter.state)
                .values(values)
            )

    async def _read(self, box: Box) -> list[DeadLetter]:
        table, moment = _TABLES[box], _MOMENT[box]
        query = select(table).where(table.c.state.in_(["dead", "unknown"])).order_by(table.c.id)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [
            DeadLetter(
                box=box,
                id=row["id"],
                channel=row["channel"],
                state=row["state"],
                problem=row["problem"] or "",
                attempts=row["attempts"],
                at=row[moment],
                text=row["text"],
            )
            for row in rows
        ]
