"""The second proof: the last four digits of a number that was given when filing.

The digits come in, are compared and are gone: neither they nor what they were compared with is
stored here, logged or handed on. Few tries, then pauses that grow.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.dossiers.tables import dossiers
from knowledge.following.tables import proofs
from knowledge.privacy.alarms import Alarm, Kind, raise_alarm
from knowledge.privacy.callers import Caller
from knowledge.privacy.guard import Heard, nobody
from knowledge.privacy.limits import Limit, Limits, read_standing
from knowledge.privacy.rules import Rules

ASKED_FOR = timedelta(minutes=10)
"""How long digits are taken for an answer to our question."""
PROVEN_FOR = timedelta(days=30)
REMEMBERED = timedelta(days=1)
"""How long late digits are still known to be a proof, and kept from the assistant."""
_DAY = timedelta(days=1)
_NO_DIGITS = "----"


class State(StrEnum):
    """What has become of a proof that was asked for."""

    ASKED = "asked"
    PROVEN = "proven"
    WRONG = "wrong"
    """Not these digits, or no such dossier: which of the two is not told."""
    PAUSED = "paused"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Proof:
    """The latest proof of a conversation."""

    code: str
    state: State
    until: datetime


class Proofs:
    """Asks for proofs and compares them."""

    def __init__(self, engine: AsyncEngine, rules: Rules, *, heard: Heard = nobody) -> None:
        self._engine = engine
        self._rules = rules
        self._heard = heard

    async def ask(self, conversation: str, code: str, now: datetime) -> None:
        """Wait for the proof of one dossier; one at a time in a conversation."""
        async with self._engine.begin() as connection:
            await _drop_unproven(connection, conversation)
            await _write(connection, conversation, code, State.ASKED, now, now + ASKED_FOR)

    async def drop(self, conversation: str) -> None:
        """Wait for no proof any more; what is proven stays proven."""
        async with self._engine.begin() as connection:
            await _drop_unproven(connection, conversation)

    async def is_proven(self, conversation: str, code: str, now: datetime) -> bool:
        """Return whether a conversation has shown that a dossier is its own."""
        query = select(proofs.c.until).where(
            proofs.c.conversation == conversation,
            proofs.c.code == code,
            proofs.c.state == State.PROVEN.value,
        )
        async with self._engine.connect() as connection:
            until: datetime | None = (await connection.execute(query)).scalar()
        return until is not None and until > now

    async def latest(self, conversation: str) -> Proof | None:
        """Return what became of the proof that a conversation was asked for last."""
        row = await self._newest(conversation)
        return Proof(row["code"], State(row["state"]), row["until"]) if row else None

    async def attempt(
        self, caller: Caller, digits: str, event: str, now: datetime
    ) -> State | None:
        """Compare digits; None if no proof was asked for.

        An event that is worked on twice, because its turn was cut short, counts once.
        """
        row = await self._newest(caller.rasa_id)
        if row is not None and row["event"] == event:
            return State(row["state"])
        if row is None or not _awaits(row, now):
            return None
        state, until = await self._compare(caller, row, digits, now)
        async with self._engine.begin() as connection:
            await _write(connection, caller.rasa_id, row["code"], state, now, until, event)
        return state

    async def _compare(
        self, caller: Caller, row: RowMapping, digits: str, now: datetime
    ) -> tuple[State, datetime]:
        code = row["code"]
        if row["state"] == State.ASKED.value and row["until"] < now:
            return State.LATE, now + ASKED_FOR
        limits = self._limits(caller, code)
        paused_until = await Limits(self._engine).charge(limits, 1, now)
        # Asked in any case: an unknown code takes as long as a wrong number.
        right = await self._matches(code, digits)
        if paused_until:
            return State.PAUSED, paused_until
        if right:
            await Limits(self._engine).forget(limits[0].subject)
            return State.PROVEN, now + PROVEN_FOR
        paused_until = await self._paused_now(caller, limits, now)
        if paused_until:
            return State.PAUSED, paused_until
        return State.WRONG, now + ASKED_FOR

    async def _matches(self, code: str, digits: str) -> bool:
        query = select(dossiers.c.phone_last4, dossiers.c.identity_last4).where(
            dossiers.c.code == code
        )
        async with self._engine.connect() as connection:
            found = (await connection.execute(query)).first()
        phone, identity = found or (None, None)
        same = [
            hmac.compare_digest(digits.encode(), (kept or _NO_DIGITS).encode())
            for kept in (phone, identity)
        ]
        return any(same)

    async def _paused_now(
        self, caller: Caller, limits: list[Limit], now: datetime
    ) -> datetime | None:
        """Return until when the caller is paused by the wrong proof just given."""
        async with self._engine.begin() as connection:
            standing = await read_standing(connection, limits, now)
            over = [it for it in limits if standing[it.subject].paused(now)]
            for limit in over:
                subject = limit.subject.split(":")[1]
                figures = {"tries": standing[limit.subject].used}
                alarm = Alarm(now, Kind.GUESSED_PROOF, caller.channel, subject, figures)
                await raise_alarm(connection, alarm)
        for _ in over:
            self._heard(caller.channel, Kind.GUESSED_PROOF.value)
        return max((standing[it.subject].paused_until or now for it in over), default=None)

    def _limits(self, caller: Caller, code: str) -> list[Limit]:
        rules = self._rules
        who = caller.person or caller.rasa_id
        own = rules.proof_tries
        about = hashlib.sha256(code.encode()).hexdigest()[:16]
        found = [
            Limit(f"proof:dossier:{who}:{about}", own, _DAY, rules.proof_pause),
            Limit(f"proof:person:{who}", own * 4, _DAY, rules.proof_pause),
            Limit(f"proof:code:{about}", own * 5, _DAY, rules.proof_pause),
        ]
        if caller.address:
            subject = f"proof:address:{caller.address}"
            found.append(Limit(subject, own * 10, _DAY, rules.proof_pause))
        return found

    async def _newest(self, conversation: str) -> RowMapping | None:
        query = (
            select(proofs)
            .where(proofs.c.conversation == conversation)
            .order_by(proofs.c.at.desc())
            .limit(1)
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).mappings().first()


def _awaits(row: RowMapping, now: datetime) -> bool:
    still_known: bool = now - row["at"] < REMEMBERED
    return row["state"] != State.PROVEN.value and still_known


async def _drop_unproven(connection: AsyncConnection, conversation: str) -> None:
    await connection.execute(
        delete(proofs).where(
            proofs.c.conversation == conversation, proofs.c.state != State.PROVEN.value
        )
    )


async def _write(
    connection: AsyncConnection,
    conversation: str,
    code: str,
    state: State,
    now: datetime,
    until: datetime,
    event: str | None = None,
) -> None:
    values = {"state": state.value, "at": now, "until": until, "event": event}
    done = await connection.execute(
        update(proofs)
        .where(proofs.c.conversation == conversation, proofs.c.code == code)
        .values(values)
    )
    if not done.rowcount:
        await connection.execute(
            insert(proofs).values(conversation=conversation, code=code, **values)
        )
