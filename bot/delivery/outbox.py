"""The outbox: answers are written with the turn they belong to, and kept until delivered.

A part is `waiting`, then `sending` while its channel has it, then `sent`. What became of it may
stay `unknown` (the platform's answer was lost): it is not repeated. What a platform will never
take is `dead`. Unknown and dead parts can be looked at and sent again by an operator.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.delivery.backoff import pause_after
from bot.delivery.inbox import Claimed, close, mark_noticed
from bot.delivery.signals import Signal, signal
from bot.messages import Button, Kind, Turn, recipient_of
from bot.privacy.masking import mask
from bot.storage.tables import button_keys, inbox, outbox, turns

if TYPE_CHECKING:
    from bot.delivery.rendering import Rendered

LEASE = timedelta(seconds=30)
"""How long a channel may have a part unless the sender prolongs it."""
_NOTICE_HOLDS = timedelta(minutes=2)
"""Whoever goes on writing is not told again and again that the answers will come."""
_UNFINISHED = ("waiting", "sending")
ANONYMOUS: Mapping[str, Any] = {
    "conversation": "",
    "text": "",
    "in_reply_to": None,
    "turn": None,
    "message_id": None,
    "buttons": [],
    "file": None,
    "inbox_id": None,
}
"""What remains of a part that names nobody any more; the row stays, so that its number does."""


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
    created_at: datetime | None = None

    @property
    def recipient(self) -> str:
        """Return whom the channel sends it to."""
        return recipient_of(self.conversation)


@dataclass(frozen=True, slots=True)
class Push:
    """Something nobody asked just now, told once for each key."""

    conversation: str
    key: str
    text: str
    buttons: Sequence[Button] = ()
    not_before: datetime | None = None


class Outbox:
    """Stores the parts of answers, in order, until their channel has taken them."""

    def __init__(self, engine: AsyncEngine, *, owner: str) -> None:
        self._engine = engine
        self._owner = owner

    async def complete(
        self, claimed: Claimed, turn: Turn, rendered: Rendered, *, problem: str | None = None
    ) -> bool:
        """Write an answer and close its message in one step; False if it was answered before.

        With a problem the message goes to the dead letters, and the answer says that it failed.
        """
        now = datetime.now(UTC)
        async with self._engine.begin() as connection:
            if not await close(connection, claimed.id, problem=problem):
                return False
            await _keep_little(connection, claimed, turn)
            keys = await _register_buttons(
                connection, claimed.inbound.conversation, rendered.buttons, now
            )
            if rendered.numbered:
                keys = [it | {"number": number} for number, it in enumerate(keys, start=1)]
            for row in _rows(claimed, turn, rendered, keys, now):
                await connection.execute(insert(outbox).values(row))
            await connection.execute(delete(turns).where(turns.c.inbox_id == claimed.id))
            await connection.execute(insert(turns).values(**_record(claimed, turn, now)))
            await signal(connection, Signal.WRITTEN, claimed.inbound.conversation)
        return True

    async def notify(self, claimed: Claimed, text: str) -> bool:
        """Tell a conversation that the answer will come; False if it was told a moment ago."""
        now = datetime.now(UTC)
        conversation = claimed.inbound.conversation
        async with self._engine.begin() as connection:
            if not await mark_noticed(connection, claimed.id):
                return False
            if await _was_noticed(connection, conversation, now - _NOTICE_HOLDS):
                return False
            part = _part(claimed, Kind.NOTICE, text, now)
            await connection.execute(insert(outbox).values(**part, last=False))
            await signal(connection, Signal.WRITTEN, conversation)
        return True

    async def push(
        self,
        conversation: str,
        key: str,
        text: str,
        *,
        buttons: Sequence[Button] = (),
        not_before: datetime | None = None,
    ) -> bool:
        """Tell a conversation something nobody asked just now, once for each key.

        Returns False when it was told, or is about to be told, before.
        """
        news = Push(conversation, key, text, buttons, not_before)
        try:
            async with self._engine.begin() as connection:
                await write_pushes(connection, [news])
        except IntegrityError:
            return False
        return True

    async def after(self, conversation: str, last_seen: int) -> list[Outbound]:
        """Return the parts of a conversation that come after one already seen."""
        query = (
            select(outbox)
            .where(outbox.c.conversation == conversation, outbox.c.id > last_seen)
            .order_by(outbox.c.id)
        )
        async with self._engine.connect() as connection:
            return [_outbound(row) for row in (await connection.execute(query)).mappings()]

    async def claim(self, channel: str, limit: int) -> list[Outbound]:
        """Take the oldest part of up to `limit` conversations of a channel."""
        now = datetime.now(UTC)
        async with self._engine.begin() as connection:
            query = _claimable(channel, now).limit(limit)
            rows = (await connection.execute(query)).mappings().all()
            if rows:
                await connection.execute(
                    update(outbox)
                    .where(outbox.c.id.in_([row["id"] for row in rows]))
                    .values(
                        state="sending",
                        claimed_by=self._owner,
                        claimed_until=now + LEASE,
                        attempts=outbox.c.attempts + 1,
                    )
                )
        return [_outbound(row, attempt=row["attempts"] + 1) for row in rows]

    async def prolong(self, ids: Collection[int]) -> None:
        """Keep the claims on parts that their channels still have."""
        if not ids:
            return
        async with self._engine.begin() as connection:
            await connection.execute(
                update(outbox)
                .where(outbox.c.id.in_(ids), outbox.c.claimed_by == self._owner)
                .values(claimed_until=datetime.now(UTC) + LEASE)
            )

    async def sent(self, part: Outbound, message_id: str | None = None) -> None:
        """Note that a channel has taken a part."""
        await self._decide(part.id, "sent", message_id=message_id, sent_at=datetime.now(UTC))

    async def later(self, part: Outbound, problem: str, wait: timedelta | None = None) -> None:
        """Note that a part was surely not taken; it is sent again after a while."""
        pause = wait if wait is not None else pause_after(part.attempt, part.id)
        await self._decide(
            part.id, "waiting", problem=problem[:255], not_before=datetime.now(UTC) + pause
        )

    async def unknown(self, part: Outbound, problem: str) -> None:
        """Note that nobody knows whether a part was taken; it is not repeated."""
        await self._decide(part.id, "unknown", problem=problem[:255])

    async def dead(self, part: Outbound, problem: str, *, conversation: bool = False) -> None:
        """Note that a part will never be taken; or nothing of its conversation for now."""
        await self._decide(part.id, "dead", problem=problem[:255])
        if conversation:
            async with self._engine.begin() as connection:
                await connection.execute(
                    update(outbox)
                    .where(outbox.c.conversation == part.conversation)
                    .where(outbox.c.state == "waiting")
                    .values(state="dead", problem=problem[:255])
                )

    async def _decide(self, part: int, state: str, **values: Any) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                update(outbox)
                .where(outbox.c.id == part, outbox.c.state == "sending")
                .values(state=state, claimed_by=None, claimed_until=None, **values)
            )

    async def button(self, conversation: str, key: str) -> Button | None:
        """Return what a button of a conversation stands for."""
        query = select(button_keys).where(
            button_keys.c.key == key, button_keys.c.conversation == conversation
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().first()
        return Button(row["label"], row["payload"]) if row else None

    async def numbered(self, conversation: str, number: int) -> Button | None:
        """Return the choice with a number in the last answer, if its text numbered them."""
        query = (
            select(outbox.c.buttons)
            .where(outbox.c.conversation == conversation, outbox.c.kind == Kind.ANSWER.value)
            .where(outbox.c.last.is_(True))
            .order_by(outbox.c.id.desc())
            .limit(1)
        )
        async with self._engine.connect() as connection:
            offered = (await connection.execute(query)).scalar() or []
        for choice in offered:
            if choice.get("number") == number:
                return await self.button(conversation, choice["key"])
        return None

    async def by_message_id(self, channel: str, message_id: str) -> bool:
        """Return whether a platform's message is one that we have sent."""
        query = select(outbox.c.id).where(
            outbox.c.channel == channel, outbox.c.message_id == message_id
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).first() is not None

    async def confirm(self, channel: str, conversation: str, text: str, message_id: str) -> bool:
        """Take a platform's echo as proof that a part was sent; False if it is not ours.

        The oldest part with that text whose message id is not known yet is the one.
        """
        query = (
            select(outbox.c.id)
            .where(outbox.c.channel == channel, outbox.c.conversation == conversation)
            .where(outbox.c.text == text, outbox.c.message_id.is_(None))
            .where(outbox.c.state.in_(["sending", "unknown", "sent"]))
            .order_by(outbox.c.id)
            .limit(1)
        )
        async with self._engine.begin() as connection:
            part = (await connection.execute(query)).scalar()
            if part is None:
                return False
            await connection.execute(
                update(outbox)
                .where(outbox.c.id == part)
                .values(state="sent", message_id=message_id, sent_at=datetime.now(UTC))
            )
        return True


async def write_pushes(connection: AsyncConnection, pushes: Sequence[Push]) -> None:
    """Write news within a transaction; a key that was told before is an `IntegrityError`."""
    now = datetime.now(UTC)
    rows = []
    for push in pushes:
        keys = await _register_buttons(connection, push.conversation, push.buttons, now)
        rows.append(
            {
                "channel": push.conversation.partition(":")[0],
                "conversation": push.conversation,
                "push_key": push.key,
                "kind": Kind.PUSH.value,
                "text": push.text,
                "buttons": keys,
                "last": True,
                "state": "waiting",
                "created_at": now,
                "not_before": push.not_before,
            }
        )
    if rows:
        await connection.execute(insert(outbox), rows)
    for conversation in {push.conversation for push in pushes}:
        await signal(connection, Signal.WRITTEN, conversation)


async def _was_noticed(connection: AsyncConnection, conversation: str, since: datetime) -> bool:
    query = (
        select(outbox.c.id)
        .where(outbox.c.conversation == conversation, outbox.c.kind == Kind.NOTICE.value)
        .where(outbox.c.created_at > since)
        .limit(1)
    )
    return (await connection.execute(query)).first() is not None


def _claimable(channel: str, now: datetime) -> Any:
    earlier = outbox.alias("earlier")
    blocked = exists().where(
        earlier.c.conversation == outbox.c.conversation,
        earlier.c.id < outbox.c.id,
        earlier.c.state.in_(_UNFINISHED),
        # news that wait for the morning hold no answer up
        or_(earlier.c.kind != Kind.PUSH.value, earlier.c.state == "sending"),
    )
    return (
        select(outbox)
        .where(outbox.c.channel == channel, outbox.c.state == "waiting", ~blocked)
        .where(or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now))
        .order_by(outbox.c.id)
        .with_for_update(skip_locked=True)
    )


def _outbound(row: RowMapping, *, attempt: int | None = None) -> Outbound:
    return Outbound(
        id=row["id"],
        channel=row["channel"],
        conversation=row["conversation"],
        in_reply_to=row["in_reply_to"],
        kind=Kind(row["kind"]),
        text=row["text"],
        buttons=[it for it in row["buttons"] if "number" not in it],
        outcome=row["outcome"],
        last=row["last"],
        turn=row["turn"],
        file=row["file"],
        attempt=row["attempts"] if attempt is None else attempt,
        created_at=row["created_at"],
    )


async def _register_buttons(
    connection: AsyncConnection, conversation: str, buttons: Sequence[Button], now: datetime
) -> list[dict[str, Any]]:
    """Give each button an opaque key; returns what channels may know of them."""
    rows = [
        {
            "key": secrets.token_urlsafe(9),
            "conversation": conversation,
            "label": button.label,
            "payload": button.payload,
            "created_at": now,
        }
        for button in buttons
    ]
    if rows:
        await connection.execute(insert(button_keys), rows)
    return [{"label": row["label"], "key": row["key"]} for row in rows]


async def _keep_little(connection: AsyncConnection, claimed: Claimed, turn: Turn) -> None:
    """Keep of an answered message what the assistant saw; of a proof or a photo nothing."""
    kept = "" if turn.private else mask(claimed.inbound.text)
    if kept != claimed.inbound.text or claimed.inbound.attachment:
        await connection.execute(
            update(inbox).where(inbox.c.id == claimed.id).values(text=kept, attachment=None)
        )


def _rows(
    claimed: Claimed,
    turn: Turn,
    rendered: Rendered,
    keys: Sequence[Mapping[str, Any]],
    now: datetime,
) -> list[dict[str, Any]]:
    """Return the rows of an answer: its texts, the last one with the buttons, then its files."""
    rows = []
    for position, text in enumerate(rendered.texts, start=1):
        last = position == len(rendered.texts)
        answer = {"outcome": turn.outcome, "last": last}
        if last:
            answer |= {"buttons": keys, "turn": turn.as_dict()}
        rows.append(_part(claimed, Kind.ANSWER, text, now) | answer)
    for file in rendered.files:
        form = {"file": {"name": file.name, "path": file.path}, "last": False}
        rows.append(_part(claimed, Kind.FILE, file.name, now) | form)
    return rows


def _part(claimed: Claimed, kind: Kind, text: str, now: datetime) -> dict[str, Any]:
    return {
        "inbox_id": claimed.id,
        "channel": claimed.inbound.channel,
        "conversation": claimed.inbound.conversation,
        "in_reply_to": claimed.inbound.event_id,
        "kind": kind.value,
        "text": text,
        "buttons": [],
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
