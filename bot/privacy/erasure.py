"""Forget a conversation: everything of it, Rasa's memory included."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Table, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from actions.services import LOCAL_ZONE
from bot.delivery.inbox import Claimed, close
from bot.delivery.outbox import ANONYMOUS
from bot.delivery.signals import Signal, signal
from bot.messages import Kind
from bot.privacy.front_desk import FrontDesk
from bot.privacy.rasa_store import RasaStore
from bot.storage.tables import button_keys, contacts, inbox, outbox, pauses, turns
from knowledge.following.tables import proofs, subscriptions
from knowledge.privacy.tables import callers, erasures, limits
from knowledge.questions.tables import tickets

_log = logging.getLogger(__name__)
PREFIX = "XD"
RECEIPT = "receipt:"
_DELIVERED_FOR = timedelta(minutes=2)
"""How long after it was delivered a receipt still names where it went: a page may be reading."""
Condition = tuple[Table, ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Receipt:
    """How many rows were removed, by table; numbers only."""

    removed: Mapping[str, int]
    number: str | None = None
    at: datetime | None = None

    @property
    def total(self) -> int:
        """Return the number of removed rows."""
        return sum(self.removed.values())


class Eraser:
    """Removes what the installation holds of a conversation."""

    def __init__(self, engine: AsyncEngine, front: FrontDesk, tracker_store: str) -> None:
        self._engine = engine
        self._front = front
        self._rasa = RasaStore(tracker_store)

    async def erase(self, conversation: str) -> Receipt:
        """Remove everything of a conversation; what is being answered now is left unanswered."""
        rasa_id = self._front.rasa_id(conversation)
        removed = await self._rasa.erase([rasa_id])
        async with self._engine.begin() as connection:
            removed |= await _erase_ours(connection, conversation, rasa_id, kept=None)
            receipt = await _receipt(connection, conversation, removed)
        _log.info("erased a conversation: %d rows", receipt.total)
        return receipt

    async def erase_and_tell(self, claimed: Claimed, text: Callable[[Receipt], str]) -> bool:
        """Remove everything of a person who asked for it, and answer with the receipt.

        Rasa's memory goes first: a process killed in between finds the message still there and
        does it all again. Returns False if another worker has done it.
        """
        conversation = claimed.inbound.conversation
        rasa_id = self._front.rasa_id(conversation)
        removed = await self._rasa.erase([rasa_id])
        async with self._engine.begin() as connection:
            if not await close(connection, claimed.id, problem=None):
                return False
            # Written before the rest is deleted: numbers of rows are not given twice.
            part = await _write_answer(connection, claimed)
            removed |= await _erase_ours(connection, conversation, rasa_id, kept=part)
            receipt = await _receipt(connection, conversation, removed)
            await connection.execute(
                update(outbox)
                .where(outbox.c.id == part)
                .values(text=text(receipt), push_key=f"{RECEIPT}{receipt.number}")
            )
            await signal(connection, Signal.WRITTEN, conversation)
        _log.info("erased a conversation on request: %d rows", receipt.total)
        return True


async def tidy_receipts(engine: AsyncEngine, now: datetime) -> int:
    """Empty the receipts that were delivered: after that they name nobody."""
    async with engine.begin() as connection:
        done = await connection.execute(
            update(outbox)
            .where(outbox.c.push_key.like(f"{RECEIPT}%"), outbox.c.conversation != "")
            .where(outbox.c.state.in_(["sent", "dead", "unknown"]))
            .where(func.coalesce(outbox.c.sent_at, outbox.c.created_at) <= now - _DELIVERED_FOR)
            .values(ANONYMOUS)
        )
        return done.rowcount


async def _write_answer(connection: AsyncConnection, claimed: Claimed) -> int:
    added = await connection.execute(
        insert(outbox).values(
            channel=claimed.inbound.channel,
            conversation=claimed.inbound.conversation,
            in_reply_to=claimed.inbound.event_id,
            kind=Kind.ANSWER.value,
            text="",
            buttons=[],
            outcome="answered",
            last=True,
            state="waiting",
            created_at=datetime.now(UTC),
        )
    )
    [part] = added.inserted_primary_key or (0,)
    return int(part)


async def _receipt(
    connection: AsyncConnection, conversation: str, removed: Mapping[str, int]
) -> Receipt:
    """Store that something was erased: a number, a day and how many rows, nobody's name."""
    now = datetime.now(UTC)
    values = {"channel": conversation.partition(":")[0], "at": now, "removed": dict(removed)}
    added = await connection.execute(insert(erasures).values(values))
    [row] = added.inserted_primary_key or (0,)
    number = f"{PREFIX}-{now.astimezone(LOCAL_ZONE):%y%m}-{row:04d}"
    await connection.execute(update(erasures).where(erasures.c.id == row).values(number=number))
    return Receipt(removed, number, now)


async def _erase_ours(
    connection: AsyncConnection, conversation: str, rasa_id: str, *, kept: int | None
) -> dict[str, int]:
    person = await connection.scalar(select(callers.c.person).where(callers.c.rasa_id == rasa_id))
    removed = {}
    for table, condition in held_by(conversation, rasa_id):
        if table is outbox and kept is not None:
            condition &= outbox.c.id != kept
        done = await connection.execute(delete(table).where(condition))
        removed[table.name] = done.rowcount
    removed["limits"] = await _erase_limits(connection, [rasa_id, *([person] if person else [])])
    return removed


def held_by(conversation: str, rasa_id: str) -> Sequence[Condition]:
    """Return where something of a conversation stands, in an order that can be deleted in."""
    messages = select(inbox.c.id).where(inbox.c.conversation == conversation)
    return (
        (turns, turns.c.inbox_id.in_(messages)),
        (outbox, outbox.c.conversation == conversation),
        (button_keys, button_keys.c.conversation == conversation),
        (inbox, inbox.c.conversation == conversation),
        (contacts, contacts.c.conversation == conversation),
        (pauses, pauses.c.conversation == conversation),
        (tickets, tickets.c.conversation == rasa_id),
        (subscriptions, subscriptions.c.conversation == rasa_id),
        (proofs, proofs.c.conversation == rasa_id),
        (callers, callers.c.rasa_id == rasa_id),
    )


async def _erase_limits(connection: AsyncConnection, digests: Sequence[str]) -> int:
    """Delete limits that do not run any more; the others lose the code and run out in a day.

    Were they deleted as well, erasing would be the way around every pause.
    """
    now = datetime.now(UTC)
    theirs = or_(
        *(limits.c.subject.like(f"%:{digest}") for digest in digests),
        *(limits.c.subject.like(f"%:{digest}:%") for digest in digests),
    )
    running = or_(limits.c.paused_until > now, limits.c.expires_at > now)
    done = await connection.execute(delete(limits).where(theirs, ~running))
    await connection.execute(update(limits).where(theirs).values(last_code=None))
    return done.rowcount
