"""The outbox: answers are written with the turn they belong to, and kept until delivered."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.delivery.inbox import Claimed, mark_done, mark_noticed
from bot.messages import Button, Kind, Turn, recipient_of
from bot.storage.tables import button_keys, outbox, turns


@dataclass(frozen=True, slots=True)
class Outbound:
    """One part of an answer, ready for its channel."""

    id: int
    channel: str
    conversation: str
    in_reply_to: str | None
    kind: Kind
    text: str
    buttons: Sequence[Mapping[str, str]]
    """Labels and opaque keys; what a key stands for never leaves the gateway."""
    outcome: str | None
    last: bool
    turn: Mapping[str, Any] | None = None
    file: Mapping[str, str] | None = None
    """`{"name", "path"}` of a form, on parts of the kind FILE."""
    attempt: int = 0

    @property
    def recipient(self) -> str:
        """Return whom the channel sends it to."""
        return recipient_of(self.conversation)


class Outbox:
    """Stores the parts of answers, in order, until their channel has taken them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def complete(self, claimed: Claimed, turn: Turn, texts: Sequence[str]) -> bool:
        """Write an answer and close its message in one step; False if it was answered before."""
        now = datetime.now(UTC)
        async with self._engine.begin() as connection:
            if not await mark_done(connection, claimed.id):
                return False
            keys = await _register_buttons(connection, claimed, turn.buttons, now)
            for position, text in enumerate(texts, start=1):
                last = position == len(texts)
                await connection.execute(
                    insert(outbox).values(
                        **_part(claimed, Kind.ANSWER, text, now),
                        buttons=keys if last else [],
                        outcome=turn.outcome,
                        turn=turn.as_dict() if last else None,
                        last=last,
                    )
                )
            await connection.execute(insert(turns).values(**_record(claimed, turn, now)))
        return True

    async def notify(self, claimed: Claimed, text: str) -> bool:
        """Tell a sender once that the answer will come; False if that was said before."""
        async with self._engine.begin() as connection:
            if not await mark_noticed(connection, claimed.id):
                return False
            part = _part(claimed, Kind.NOTICE, text, datetime.now(UTC))
            await connection.execute(
                insert(outbox).values(**part, buttons=[], outcome=None, turn=None, last=False)
            )
        return True

    async def after(self, conversation: str, last_seen: int) -> list[Outbound]:
        """Return the parts of a conversation that come after one already seen."""
        query = (
            select(outbox)
            .where(outbox.c.conversation == conversation, outbox.c.id > last_seen)
            .order_by(outbox.c.id)
        )
        return await self._read(query)

    async def waiting(self, channel: str, limit: int = 100) -> list[Outbound]:
        """Return the parts that a channel has not taken yet, oldest first."""
        query = (
            select(outbox)
            .where(outbox.c.channel == channel, outbox.c.state == "waiting")
            .order_by(outbox.c.id)
            .limit(limit)
        )
        return await self._read(query)

    async def sent(self, part: Outbound) -> None:
        """Note that a channel has taken a part."""
        async with self._engine.begin() as connection:
            await connection.execute(
                update(outbox)
                .where(outbox.c.id == part.id)
                .values(state="sent", sent_at=datetime.now(UTC))
            )

    async def button(self, conversation: str, key: str) -> Button | None:
        """Return what a button of a conversation stands for."""
        query = select(button_keys).where(
            button_keys.c.key == key, button_keys.c.conversation == conversation
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().first()
        return Button(row["label"], row["payload"]) if row else None

    async def _read(self, query: Any) -> list[Outbound]:
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [
            Outbound(
                id=row["id"],
                channel=row["channel"],
                conversation=row["conversation"],
                in_reply_to=row["in_reply_to"],
                kind=Kind(row["kind"]),
                text=row["text"],
                buttons=row["buttons"],
                outcome=row["outcome"],
                last=row["last"],
                turn=row["turn"],
            )
            for row in rows
        ]


async def _register_buttons(
    connection: AsyncConnection, claimed: Claimed, buttons: Sequence[Button], now: datetime
) -> list[dict[str, str]]:
    keys = []
    for button in buttons:
        key = secrets.token_urlsafe(9)
        await connection.execute(
            insert(button_keys).values(
                key=key,
                conversation=claimed.inbound.conversation,
                label=button.label,
                payload=button.payload,
                created_at=now,
            )
        )
        keys.append({"label": button.label, "key": key})
    return keys


def _part(claimed: Claimed, kind: Kind, text: str, now: datetime) -> dict[str, Any]:
    return {
        "inbox_id": claimed.id,
        "channel": claimed.inbound.channel,
        "conversation": claimed.inbound.conversation,
        "in_reply_to": claimed.inbound.event_id,
        "kind": kind.value,
        "text": text,
        "state": "waiting",
        "created_at": now,
    }


def _record(claimed: Claimed, turn: Turn, now: datetime) -> dict[str, Any]:
    return {
        "inbox_id": claimed.id,
        "channel": claimed.inbound.channel,
        "at": now,
        "outcome": turn.outcome,
        "intent": turn.intent,
        "confidence": turn.confidence,
        "procedure": turn.procedure,
        "aspects": list(turn.aspects),
        "latency_ms": turn.latency_ms,
    }
