"""The inbox: every message is stored before it is acknowledged, and worked on after.

The oldest message of each conversation may be claimed; the next one waits until it is done.
A claim is a lease that its holder prolongs: what a killed process had claimed becomes free again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, and_, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.delivery.backoff import pause_after
from bot.delivery.contacts import note_seen
from bot.delivery.signals import Signal, signal
from bot.messages import Content, Inbound, storable
from bot.storage.tables import inbox
from knowledge.vietnamese import nfc

LEASE = timedelta(seconds=30)
"""How long a claim lasts unless it is prolonged."""
LONGEST_TEXT = 10_000
_LONGEST_ID = 128


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this process is working on."""

    id: int
    inbound: Inbound
    attempts: int
    """How often it was claimed before; a message that keeps failing is given up."""


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
            "event_id": _short(message.event_id),
            "conversation": message.conversation,
            "sender": message.sender,
            "text": _storable(message.text),
            "button": message.button,
            "content": message.content.value,
            "attachment": message.attachment,
            "received_at": message.received_at,
            "state": "waiting",
        }
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(inbox).values(row))
                await note_seen(connection, message.conversation, message.received_at)
                await signal(connection, Signal.ARRIVED, message.conversation)
        except IntegrityError:
            return False
        return True

    async def claim(self, limit: int, channels: Collection[str]) -> list[Claimed]:
        """Take the oldest waiting message of up to `limit` conversations.

        Messages of channels that are off here wait until they are on again.
        """
        now = datetime.now(UTC)
        async with self._engine.begin() as connection:
            rows = (
                (await connection.execute(_claimable(now, channels).limit(limit))).mappings().all()
            )
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

    async def prolong(self, ids: Collection[int]) -> None:
        """Keep the claims on messages whose turns are still running."""
        if not ids:
            return
        async with self._engine.begin() as connection:
            await connection.execute(
                update(inbox)
                .where(inbox.c.id.in_(ids), inbox.c.claimed_by == self._owner)
                .values(claimed_until=datetime.now(UTC) + LEASE)
            )

    async def give_back(self, claimed: Claimed, problem: str, *, tried: bool = True) -> None:
        """Let a message wait again for a while, because its turn could not be held now.

        An attempt that had not `tried` to hold the turn does not count.
        """
        async with self._engine.begin() as connection:
            await connection.execute(
                update(inbox)
                .where(inbox.c.id == claimed.id, inbox.c.state == "working")
                .values(
                    state="waiting",
                    claimed_by=None,
                    problem=problem[:255],
                    attempts=claimed.attempts + (1 if tried else 0),
                    not_before=datetime.now(UTC) + pause_after(claimed.attempts, claimed.id),
                )
            )

    async def release_all(self) -> None:
        """Free every claim; only for an installation with one gateway, at its start."""
        async with self._engine.begin() as connection:
            await connection.execute(
                update(inbox).where(inbox.c.state == "working").values(state="waiting")
            )

    async def waiting_unnoticed(
        self, older_than: timedelta, channels: Collection[str]
    ) -> list[Claimed]:
        """Return waiting messages whose senders have not been told that they wait."""
        query = (
            select(inbox)
            .where(inbox.c.state == "waiting", inbox.c.noticed.is_(False))
            .where(inbox.c.channel.in_(channels))
            .where(inbox.c.received_at <= datetime.now(UTC) - older_than)
            .order_by(inbox.c.id)
            .limit(100)
        )
        async with self._engine.connect() as connection:
            return [_claimed(row) for row in (await connection.execute(query)).mappings()]


async def close(connection: AsyncConnection, message_id: int, *, problem: str | None) -> bool:
    """Close a message within the transaction that writes its answer; False if it was closed.

    With a problem it goes to the dead letters.
    """
    closed = await connection.execute(
        update(inbox)
        .where(inbox.c.id == message_id, inbox.c.state == "working")
        .values(
            state="dead" if problem else "done",
            claimed_by=None,
            claimed_until=None,
            not_before=None,
            problem=problem,
        )
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


def _claimable(now: datetime, channels: Collection[str]) -> Any:
    earlier = inbox.alias("earlier")
    free = or_(
        and_(
            inbox.c.state == "waiting",
            or_(inbox.c.not_before.is_(None), inbox.c.not_before <= now),
        ),
        and_(inbox.c.state == "working", inbox.c.claimed_until < now),
    )
    blocked = exists().where(
        earlier.c.conversation == inbox.c.conversation,
        earlier.c.id < inbox.c.id,
        earlier.c.state.in_(["waiting", "working"]),
    )
    # SQLite knows no row locks: there the transaction itself is exclusive from its beginning.
    return (
        select(inbox)
        .where(inbox.c.channel.in_(channels), free, ~blocked)
        .order_by(inbox.c.id)
        .with_for_update(skip_locked=True)
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
        content=Content(row["content"]),
        attachment=row["attachment"],
    )
    return Claimed(row["id"], message, row["attempts"])


def _short(event_id: str) -> str:
    if len(event_id) <= _LONGEST_ID and event_id.isprintable():
        return event_id
    return hashlib.sha256(event_id.encode("utf-8", "replace")).hexdigest()


def _storable(text: str) -> str:
    return nfc(storable(text))[: LONGEST_TEXT + 1]
