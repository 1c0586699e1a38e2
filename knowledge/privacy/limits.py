"""Durable limits: how often something may be done in a while, and pauses that grow.

One small row a subject, whatever is tried: ten thousand tries cost ten thousand look-ups of one
row. A subject is a kind and a keyed digest, never a platform's id or an address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.database import insert_or
from knowledge.privacy.tables import limits

_VALUES = [column.name for column in limits.c if not column.primary_key]
_LONGEST_PAUSE = timedelta(days=1)
_MOST_STRIKES = 10
_FORGIVEN_AFTER = timedelta(days=1)
"""After so long without a pause the next one is a first one again."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a subject may do within a window, and the pause once that is used up."""

    subject: str
    most: int
    window: timedelta
    pause: timedelta
    guesses: int | None = None
    """So many guesses in a window pause the subject and raise an alarm; None: not looked at."""
    stops: bool = True
    """Whether the subject is paused at all; what is only watched is not."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a subject stands."""

    began_at: datetime
    used: int = 0
    guesses: int = 0
    last_code: str | None = None
    strikes: int = 0
    paused_until: datetime | None = None

    def paused(self, now: datetime) -> bool:
        """Return whether the subject has to wait."""
        return self.paused_until is not None and self.paused_until > now


class Limits:
    """Counts in the installation's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def charge(self, wanted: Sequence[Limit], count: int, now: datetime) -> datetime | None:
        """Count something for all subjects; returns until when it is refused, None if it may be.

        What uses a limit up is still done; the pause begins with it.
        """
        async with self._engine.begin() as connection:
            standing = await read_standing(connection, wanted, now)
            pauses = [
                it.paused_until
                for it in standing.values()
                if it.paused_until is not None and it.paused(now)
            ]
            if pauses:
                return max(pauses)
            await write_standing(
                connection,
                {it: charged(standing[it.subject], it, count, now) for it in wanted},
                now,
            )
        return None

    async def forget(self, subject: str) -> None:
        """Forget what was counted for a subject."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(limits).where(limits.c.subject == subject))


def charged(standing: Standing, limit: Limit, count: int, now: datetime) -> Standing:
    """Return where a subject stands after `count` more."""
    used = replace(standing, used=standing.used + count)
    return paused(used, limit, now) if used.used >= limit.most and limit.stops else used


def paused(standing: Standing, limit: Limit, now: datetime) -> Standing:
    """Return where a subject stands when it has to wait now."""
    length = min(limit.pause * 2**standing.strikes, _LONGEST_PAUSE)
    strikes = min(standing.strikes + 1, _MOST_STRIKES)
    return replace(standing, strikes=strikes, paused_until=now + length)


async def read_standing(
    connection: AsyncConnection, wanted: Sequence[Limit], now: datetime
) -> dict[str, Standing]:
    """Return where the subjects stand, locked in one order until the transaction ends."""
    fresh = [_row(it.subject, Standing(now), now + it.window) for it in wanted]
    await connection.execute(insert_or(limits, connection.dialect).on_conflict_do_nothing(), fresh)
    query = (
        select(limits)
        .where(limits.c.subject.in_([it.subject for it in wanted]))
        .order_by(limits.c.subject)
        .with_for_update()
    )
    rows = {row["subject"]: row for row in (await connection.execute(query)).mappings()}
    return {it.subject: _now_standing(rows[it.subject], it, now) for it in wanted}


async def write_standing(
    connection: AsyncConnection, standing: Mapping[Limit, Standing], now: datetime
) -> None:
    """Store where subjects stand."""
    insert = insert_or(limits, connection.dialect)
    values = {name: insert.excluded[name] for name in _VALUES}
    await connection.execute(
        insert.on_conflict_do_update(index_elements=[limits.c.subject], set_=values),
        [_row(it.subject, at, _expiry(it, at, now)) for it, at in standing.items()],
    )


def _now_standing(row: RowMapping, limit: Limit, now: datetime) -> Standing:
    standing = Standing(**{field.name: row[field.name] for field in fields(Standing)})
    if standing.paused(now):
        return standing
    last_pause = standing.paused_until
    forgiven = last_pause is None or now - last_pause > _FORGIVEN_AFTER
    strikes = 0 if forgiven else standing.strikes
    if now - standing.began_at >= limit.window:
        return Standing(
            now, last_code=standing.last_code, strikes=strikes, paused_until=last_pause
        )
    # after a pause one more try is free
    used = standing.used if last_pause is None else min(standing.used, limit.most - 1)
    return replace(standing, used=used, strikes=strikes)


def _expiry(limit: Limit, standing: Standing, now: datetime) -> datetime:
    ends = standing.began_at + limit.window
    if standing.paused_until is None:
        return max(ends, now)
    return max(ends, standing.paused_until + _FORGIVEN_AFTER)


def _row(subject: str, standing: Standing, expires_at: datetime) -> dict[str, Any]:
    return {
        "subject": subject,
        "began_at": standing.began_at,
        "used": standing.used,
        "guesses": standing.guesses,
        "last_code": standing.last_code,
        "strikes": standing.strikes,
        "paused_until": standing.paused_until,
        "expires_at": expires_at,
    }
