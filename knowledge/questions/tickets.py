"""Tickets (phiếu hỏi): questions for the staff, each with a number that can be spoken."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import RowMapping, Select, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.questions.tables import tickets
from knowledge.vietnamese import search_key

_log = logging.getLogger(__name__)
PREFIX = "BN"
_NUMBER = re.compile(r"\s*(?:bn)?[\s._-]*(\d{4})[\s._-]+(\d{1,9})\s*", re.IGNORECASE)
_DIGITS = 4


class TicketState(StrEnum):
    """What has become of a question."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody leaves for the staff, and where it was asked."""

    text: str
    channel: str
    conversation: str
    asked_at: datetime
    procedure: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A question that was left, with its number."""

    number: str
    channel: str
    conversation: str
    question: str
    state: TicketState
    left_at: datetime
    procedure: str | None = None
    closed_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """The question is stored; `new` is False when it already had a number."""

    ticket: Ticket
    new: bool


@dataclass(frozen=True, slots=True)
class NotStored:
    """The question could not be stored; nobody will read it."""


class Tickets:
    """Tickets in the installation's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def leave(self, question: Question) -> Left | NotStored:
        """Store a question; the same one of a conversation keeps its number until it is closed."""
        try:
            async with self._engine.begin() as connection:
                known = await _same(connection, question)
                return Left(known, new=False) if known else await _add(connection, question)
        except (SQLAlchemyError, OSError) as error:
            _log.error("a ticket cannot be stored: %s", type(error).__name__)
            return NotStored()

    async def find(self, number: str) -> Ticket | None:
        """Return the ticket of a number, in any spelling."""
        canonical = parse_number(number)
        if canonical is None:
            return None
        found = await self._read(select(tickets).where(tickets.c.number == canonical))
        return found[0] if found else None

    async def all(self, *, only_open: bool = False) -> list[Ticket]:
        """Return the tickets, the oldest first."""
        query = select(tickets).where(tickets.c.number.is_not(None)).order_by(tickets.c.id)
        if only_open:
            query = query.where(tickets.c.state == TicketState.OPEN.value)
        return await self._read(query)

    async def close(self, number: str, *, note: str | None) -> Ticket | None:
        """Close a ticket and keep a note; None if there is no such ticket."""
        canonical = parse_number(number)
        async with self._engine.begin() as connection:
            await connection.execute(
                update(tickets)
                .where(tickets.c.number == canonical)
                .values(state=TicketState.CLOSED.value, closed_at=datetime.now(UTC), note=note)
            )
        return await self.find(number)

    async def _read(self, query: Select[tuple[object, ...]]) -> list[Ticket]:
        async with self._engine.connect() as connection:
            return [_ticket(row) for row in (await connection.execute(query)).mappings()]


def parse_number(typed: str) -> str | None:
    """Return the canonical number for "BN-2611-0042", "bn 2611 42" or "2611-42"."""
    match = _NUMBER.fullmatch(typed)
    return _number(match[1], int(match[2])) if match else None


async def _same(connection: AsyncConnection, question: Question) -> Ticket | None:
    query = (
        select(tickets)
        .where(tickets.c.conversation == question.conversation)
        .where(tickets.c.state != TicketState.CLOSED.value)
        .order_by(tickets.c.id)
    )
    asked = search_key(question.text)
    rows = (await connection.execute(query)).mappings().all()
    return next((_ticket(row) for row in rows if search_key(row["question"]) == asked), None)


async def _add(connection: AsyncConnection, question: Question) -> Left:
    added = await connection.execute(
        insert(tickets).values(
            channel=question.channel,
            conversation=question.conversation,
            question=question.text,
            procedure=question.procedure,
            state=TicketState.OPEN.value,
            left_at=question.asked_at,
        )
    )
    [row_id] = added.inserted_primary_key or (0,)
    number = _number(f"{question.asked_at:%y%m}", row_id)
    await connection.execute(update(tickets).where(tickets.c.id == row_id).values(number=number))
    row = (await connection.execute(select(tickets).where(tickets.c.id == row_id))).mappings()
    return Left(_ticket(row.one()), new=True)


def _number(month: str, running: int) -> str:
    return f"{PREFIX}-{month}-{running:0{_DIGITS}d}"


def _ticket(row: RowMapping) -> Ticket:
    values = {field.name: row[field.name] for field in fields(Ticket)}
    return Ticket(**values | {"state": TicketState(row["state"])})
