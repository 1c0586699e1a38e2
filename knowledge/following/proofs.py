"""The second proof: the last four digits of a number that was given when filing.

The digits come in, are compared and are gone: neither they nor what they were compared with is
stored here, logged or handed on. Few tries, then pauses that grow. Several dossiers may be asked
for at once: digits are compared with each of them, and each one that they do not fit is a try.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
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
from knowledge.privacy.limits import Limit, Standing, charged, read_standing, write_standing
from knowledge.privacy.rules import Rules
from knowledge.privacy.tables import limits as counted

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
    """What became of the proof of one dossier."""

    code: str
    state: State
    until: datetime


class Proofs:
    """Asks for proofs and compares them."""

    def __init__(self, engine: AsyncEngine, rules: Rules, *, heard: Heard = nobody) -> None:
        self._engine = engine
        self._rules = rules
        self._heard = heard

    async def ask(self, conversation: str, codes: Sequence[str], now: datetime) -> None:
        """Wait for the proofs of these dossiers, and of no others that were asked for before."""
        async with self._engine.begin() as connection:
            await _drop_unproven(connection, conversation)
            for code in dict.fromkeys(codes):
                asked = Proof(code, State.ASKED, now + ASKED_FOR)
                await _write(connection, conversation, asked, now)

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

    async def latest(self, conversation: str) -> Sequence[Proof]:
        """Return what became of the proofs that a conversation was asked for last."""
        return [_proof(row) for row in await self._newest(conversation)]

    async def attempt(
        self, caller: Caller, digits: str, event: str, now: datetime
    ) -> Sequence[Proof]:
        """Compare digits; returns what became of each proof, nothing if none was asked for.

        An event that is worked on twice, because its turn was cut short, counts once.
        """
        rows = await self._newest(caller.rasa_id)
        if any(row["event"] == event for row in rows):
            return [_proof(row) for row in rows]
        waiting = [row for row in rows if _awaits(row, now)]
        if not waiting:
            return ()
        alarms: list[Alarm] = []
        async with self._engine.begin() as connection:
            if all(_is_late(row, now) for row in waiting):
                found = [Proof(row["code"], State.LATE, now + ASKED_FOR) for row in waiting]
            else:
                codes = [row["code"] for row in waiting]
                found, alarms = await self._compare(connection, caller, codes, digits, now)
            for proof in found:
                await _write(connection, caller.rasa_id, proof, now, event)
            for alarm in alarms:
                await raise_alarm(connection, alarm)
        for alarm in alarms:
            self._heard(alarm.channel, alarm.kind.value)
        return found

    async def _compare(
        self,
        connection: AsyncConnection,
        caller: Caller,
        codes: Sequence[str],
        digits: str,
        now: datetime,
    ) -> tuple[list[Proof], list[Alarm]]:
        """Compare with every dossier; each that the digits do not fit is counted as a try."""
        limits = {code: self._limits(caller, code) for code in codes}
        known = {limit.subject: limit for each in limits.values() for limit in each}
        before = await read_standing(connection, list(known.values()), now)
        # Asked in any case: an unknown code takes as long as a wrong number.
        right = {code: await _matches(connection, code, digits) for code in codes}
        paused = {subject for subject, standing in before.items() if standing.paused(now)}
        open_ones = [
            code for code in codes if paused.isdisjoint(it.subject for it in limits[code])
        ]
        tries = Counter(
            limit.subject for code in open_ones if not right[code] for limit in limits[code]
        )
        changed = [known[subject] for subject in tries]
        after = before | {
            it.subject: charged(before[it.subject], it, tries[it.subject], now) for it in changed
        }
        if changed:
            await write_standing(connection, {it: after[it.subject] for it in changed}, now)
        for code in open_ones:
            if right[code]:
                await _forget(connection, limits[code][0])
        found = [
            Proof(code, State.PROVEN, now + PROVEN_FOR)
            if code in open_ones and right[code]
            else _refused(code, limits[code], after, now)
            for code in codes
        ]
        over = [it for it in changed if after[it.subject].paused(now)]
        return found, [_alarm(caller, it, after[it.subject], now) for it in over]

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

    async def _newest(self, conversation: str) -> Sequence[RowMapping]:
        """Return the rows of the proofs that were asked for or given last, together."""
        query = (
            select(proofs)
            .where(proofs.c.conversation == conversation)
            .order_by(proofs.c.at.desc(), proofs.c.code)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        waiting = [row for row in rows if row["state"] != State.PROVEN.value]
        if not rows:
            return ()
        last = (waiting or rows)[0]
        return [
            row
            for row in rows
            if row["event"] == last["event"]
            and (last["event"] is not None or row["state"] != State.PROVEN.value)
        ]


def _proof(row: RowMapping) -> Proof:
    return Proof(row["code"], State(row["state"]), row["until"])


def _awaits(row: RowMapping, now: datetime) -> bool:
    still_known: bool = now - row["at"] < REMEMBERED
    return row["state"] != State.PROVEN.value and still_known


def _is_late(row: RowMapping, now: datetime) -> bool:
    return bool(row["state"] == State.ASKED.value and row["until"] < now)


def _refused(
    code: str, limits: Sequence[Limit], standing: Mapping[str, Standing], now: datetime
) -> Proof:
    pauses = [
        until
        for limit in limits
        if (until := standing[limit.subject].paused_until) is not None and until > now
    ]
    if pauses:
        return Proof(code, State.PAUSED, max(pauses))
    return Proof(code, State.WRONG, now + ASKED_FOR)


def _alarm(caller: Caller, limit: Limit, standing: Standing, now: datetime) -> Alarm:
    subject = limit.subject.split(":")[1]
    return Alarm(now, Kind.GUESSED_PROOF, caller.channel, subject, {"tries": standing.used})


async def _forget(connection: AsyncConnection, limit: Limit) -> None:
    """Forget the wrong tries of whoever has shown the dossier to be theirs."""
    await connection.execute(delete(counted).where(counted.c.subject == limit.subject))


async def _matches(connection: AsyncConnection, code: str, digits: str) -> bool:
    query = select(dossiers.c.phone_last4, dossiers.c.identity_last4).where(
        dossiers.c.code == code
    )
    found = (await connection.execute(query)).first()
    phone, identity = found or (None, None)
    same = [
        hmac.compare_digest(digits.encode(), (kept or _NO_DIGITS).encode())
        for kept in (phone, identity)
    ]
    return any(same)


async def _drop_unproven(connection: AsyncConnection, conversation: str) -> None:
    await connection.execute(
        delete(proofs).where(
            proofs.c.conversation == conversation, proofs.c.state != State.PROVEN.value
        )
    )


async def _write(
    connection: AsyncConnection,
    conversation: str,
    proof: Proof,
    now: datetime,
    event: str | None = None,
) -> None:
    values = {"state": proof.state.value, "at": now, "until": proof.until, "event": event}
    done = await connection.execute(
        update(proofs)
        .where(proofs.c.conversation == conversation, proofs.c.code == proof.code)
        .values(values)
    )
    if not done.rowcount:
        await connection.execute(
            insert(proofs).values(conversation=conversation, code=proof.code, **values)
        )
