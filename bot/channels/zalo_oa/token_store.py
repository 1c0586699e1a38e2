"""Where the tokens are kept: every step of a renewal is durable before the next is taken.

A refresh token works once. So what is about to be spent is noted before the call, and the new
pair is stored before it is used; each step changes the row only if nobody else has.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.zalo_tokens import zalo_tokens as table
from knowledge.database import insert_or


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """What the token server gives; without a representation, so that no log can show it."""

    access_token: str
    refresh_token: str
    expires_in: timedelta


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """The row of an account."""

    access_token: str | None
    refresh_token: str
    obtained_at: datetime
    expires_at: datetime | None
    previous_obtained_at: datetime | None
    in_doubt_since: datetime | None
    """When this very refresh token was sent away without an answer that was stored."""
    problem: str | None
    problem_at: datetime | None


def fingerprint(token: str) -> str:
    """Return by what a token is recognised without being kept."""
    return hashlib.sha256(token.encode("utf-8")).hexdigest()


class TokenStore:
    """The row of one account."""

    def __init__(self, engine: AsyncEngine, oa_id: str, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._oa_id = oa_id
        self._clock = clock

    async def read(self) -> Kept | None:
        """Return what is kept, None before the account was connected."""
        query = select(table).where(table.c.oa_id == self._oa_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().first()
        return _kept(row) if row else None

    async def seed(self, refresh_token: str) -> None:
        """Keep a first refresh token, unless there are tokens already."""
        values = {"refresh_token": refresh_token, "obtained_at": self._clock()}
        async with self._engine.begin() as connection:
            await connection.execute(
                insert_or(table, connection.dialect)
                .values(oa_id=self._oa_id, **values)
                .on_conflict_do_nothing()
            )
        await self._settle()

    async def replace(self, refresh_token: str) -> None:
        """Keep a refresh token that a person has brought; the pair in use becomes the former.

        The access token stays in use until the new one is there.
        """
        await self.seed(refresh_token)
        await self._change(
            table.c.refresh_token != refresh_token,
            **_FORMER,
            **_SETTLED,
            refresh_token=refresh_token,
            obtained_at=self._clock(),
        )

    async def bring(self, pair: Pair) -> None:
        """Keep the pair that a consent has given; the pair in use becomes the former."""
        await self.seed(pair.refresh_token)
        await self._change(**_FORMER, **_SETTLED, **self._values(pair))

    async def restore_previous(self) -> bool:
        """Exchange the pair in use and the former one; False when there is no former one."""
        return await self._change(
            table.c.previous_refresh_token.is_not(None),
            **_FORMER,
            **_SETTLED,
            access_token=table.c.previous_access_token,
            refresh_token=table.c.previous_refresh_token,
            obtained_at=table.c.previous_obtained_at,
            expires_at=None,
        )

    async def begin(self, refresh_token: str, *, length: timedelta) -> bool:
        """Note that a token is about to be spent; False if somebody else is doing that."""
        now = self._clock()
        return await self._change(
            table.c.refresh_token == refresh_token,
            or_(table.c.renewing_until.is_(None), table.c.renewing_until <= now),
            renewing=fingerprint(refresh_token),
            renewing_since=now,
            renewing_until=now + length,
        )

    async def keep(self, spent: str, pair: Pair) -> bool:
        """Store a new pair in place of the spent one; False if that was replaced meanwhile."""
        return await self._change(
            table.c.refresh_token == spent,
            **_FORMER,
            **_SETTLED,
            **self._values(pair),
        )

    async def not_asked(self, refresh_token: str) -> None:
        """Note that a token was surely not sent."""
        await self._change(table.c.refresh_token == refresh_token, **_NOT_RENEWING)

    async def in_doubt(self, refresh_token: str) -> None:
        """Note that a token was sent and no answer came: it may be tried again."""
        await self._change(table.c.refresh_token == refresh_token, renewing_until=None)

    async def refused(self, refresh_token: str, problem: str) -> None:
        """Note that the token server does not take a token; the access token stays in use."""
        await self._change(
            table.c.refresh_token == refresh_token,
            **_NOT_RENEWING,
            problem=problem[:255],
            problem_at=self._clock(),
        )

    def _values(self, pair: Pair) -> dict[str, Any]:
        now = self._clock()
        return {
            "access_token": pair.access_token,
            "refresh_token": pair.refresh_token,
            "obtained_at": now,
            "expires_at": now + pair.expires_in,
        }

    async def _change(self, *conditions: Any, **values: Any) -> bool:
        change = update(table).where(table.c.oa_id == self._oa_id, *conditions).values(**values)
        async with self._engine.begin() as connection:
            changed = (await connection.execute(change)).rowcount == 1
        await self._settle()
        return changed

    async def _settle(self) -> None:
        """SQLite: let no power cut undo the step, and nobody else read the file of the tokens."""
        file = self._engine.url.database
        if self._engine.dialect.name == "sqlite" and file:
            await asyncio.to_thread(_settle_files, Path(file))


def _settle_files(database: Path) -> None:
    for name in (database, Path(f"{database}-wal"), Path(f"{database}-shm")):
        with suppress(OSError):
            name.chmod(0o600)
    with suppress(OSError), Path(f"{database}-wal").open("rb") as log:
        os.fsync(log.fileno())


_NOT_RENEWING: dict[str, Any] = {
    "renewing": None,
    "renewing_since": None,
    "renewing_until": None,
}
_SETTLED: dict[str, Any] = {**_NOT_RENEWING, "problem": None, "problem_at": None}
_FORMER: dict[str, Any] = {
    "previous_access_token": table.c.access_token,
    "previous_refresh_token": table.c.refresh_token,
    "previous_obtained_at": table.c.obtained_at,
}


def _kept(row: RowMapping) -> Kept:
    sent_away = row["renewing"] == fingerprint(row["refresh_token"])
    return Kept(
        access_token=row["access_token"],
        refresh_token=row["refresh_token"],
        obtained_at=row["obtained_at"],
        expires_at=row["expires_at"],
        previous_obtained_at=row["previous_obtained_at"],
        in_doubt_since=row["renewing_since"] if sent_away else None,
        problem=row["problem"],
        problem_at=row["problem_at"],
    )
