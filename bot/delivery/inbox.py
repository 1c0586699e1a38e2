"""The inbox: every message is stored before it is acknowledged, and worked on after.

The oldest message of each conversation may be claimed; the next one waits until it is done.
A claim is a lease: what a killed process had claimed becomes free again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, and_, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.messages import Inbound
from bot.storage.tables import inbox
from knowledge.vietnamese import nfc

LEASE = timedelta(seconds=60)
"""Longer than the deadline of a turn, so that a turn never loses its message while it runs."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this process is working on."""

    id: int
    inbound: Inbound
    attempts: int


class Inbox:
    """Stores messages and hands them out, in order within a conversation."""

    def __init__(self, engine: AsyncEngine, *, owner: str) -> None:
        self._engine = engine
        self._owner = owner

    async def put(self, message: Inbound) -> bool:
        """Store a message; False when this event was stored before."""
        row = {
            "channel": message.channel,
            "bot": message.bot,
            "event_id": message.event_id,
            "conversation": message.conversation,
            "sender": message.sender,
            "text": nfc(message.text),
            "button": message.button,
            "received_at": message.received_at,
            "state": "waiting",
        }
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(inbox).values(row))
        except IntegrityError:
            return False
        return True

    async def claim(self, limit: int) -> list[Claimed]:
        """Take the oldest waiting message of up to `limit` conversations."""
        now = datetime.now(UTC)
        async with self._engine.begin() as connection:
            rows = (await connection.execute(_claimable(now).limit(limit))).mappings().all()
            if rows:
                await connection.execute(
                    update(inbox)
                    .where(inbox.c.id.in_([row["id"] for row in rows]))
                    .values(
                        state="working",
                        claimed_by=self._owner,
                        claimed_until=now + LEASE,
                        attempts=inbox.c.attempts + 1,
                    )
                )
        return [_claimed(row) for row in rows]

    async def give_back(self, claimed: Claimed, problem: str) -> None:
        """Let a message wait again, because its turn could not be held now."""
        await self._set(claimed, state="waiting", claimed_by=None, problem=problem)

    async def release_all(self) -> None:
        """Free every claim; only for an installation with one gateway, at its start."""
        async with self._engine.begin() as connection:
            await connection.execute(
                update(inbox).where(inbox.c.state == "working").values(state="waiting")
            )

    async def waiting_unnoticed(self, older_than: timedelta) -> list[Claimed]:
        """Return waiting messages whose senders have not been told that they wait."""
        query = (
            select(inbox)
            .where(inbox.c.state == "waiting", inbox.c.noticed.is_(False))
            .where(inbox.c.received_at <= datetime.now(UTC) - older_than)
            .order_by(inbox.c.id)
        )
        async with self._engine.connect() as connection:
            return [_claimed(row) for row in (await connection.execute(query)).mappings()]

    async def _set(self, claimed: Claimed, **values: Any) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                update(inbox).where(inbox.c.id == claimed.id).values(**values)
            )


async def mark_done(connection: AsyncConnection, message_id: int) -> bool:
    """Close a message within the transaction that writes its answer; False if it was closed."""
    closed = await connection.execute(
        update(inbox)
        .where(inbox.c.id == message_id, inbox.c.state == "working")
        .values(state="done", claimed_by=None, claimed_until=None)
    )
    return closed.rowcount == 1


async def mark_noticed(connection: AsyncConnection, message_id: int) -> bool:
    """Note that a sender was told to wait; False if that was noted before."""
    noted = await connection.execute(
        update(inbox)
        .where(inbox.c.id == message_id, inbox.c.noticed.is_(False))
        .values(noticed=True)
    )
    return noted.rowcount == 1


def _claimable(now: datetime) -> Any:
    earlier = inbox.alias("earlier")
    free = or_(
        inbox.c.state == "waiting",
        and_(inbox.c.state == "working", inbox.c.claimed_until < now),
    )
    blocked = exists().where(
        earlier.c.conversation == inbox.c.conversation,
        earlier.c.id < inbox.c.id,
        earlier.c.state.in_(["waiting", "working"]),
    )
    # SQLite knows no row locks: there the transaction itself is exclusive from its beginning.
    return (
        select(inbox).where(free, ~blocked).order_by(inbox.c.id).with_for_update(skip_locked=True)
    )


def _claimed(row: RowMapping) -> Claimed:
    message = Inbound(
        channel=row["channel"],
        bot=row["bot"],
        event_id=row["event_id"],
        sender=row["sender"],
        text=row["text"],
        received_at=row["received_at"],
        button=row["button"],
    )
    return Claimed(row["id"], message, row["attempts"])
