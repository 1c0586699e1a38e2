"""Leases: what only one process may do at a time, such as polling or renewing a token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.tables import leases


class Leases:
    """Named rights that run out by themselves when their holder dies."""

    def __init__(self, engine: AsyncEngine, *, owner: str) -> None:
        self._engine = engine
        self.owner = owner

    async def take(self, name: str, length: timedelta) -> bool:
        """Take or prolong a lease; False while somebody else holds it."""
        now = datetime.now(UTC)
        values = {"owner": self.owner, "until": now + length}
        async with self._engine.begin() as connection:
            taken = await connection.execute(
                update(leases)
                .where(leases.c.name == name)
                .where((leases.c.owner == self.owner) | (leases.c.until < now))
                .values(values)
            )
            if taken.rowcount:
                return True
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(leases).values(name=name, **values))
        except IntegrityError:
            return False
        return True

    async def give_up(self, name: str) -> None:
        """End a lease of ours."""
        async with self._engine.begin() as connection:
            await connection.execute(
                delete(leases).where(leases.c.name == name, leases.c.owner == self.owner)
            )

    async def release_all(self) -> None:
        """End every lease; only for an installation with one gateway, at its start."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(leases))

    async def holder(self, name: str) -> str | None:
        """Return who holds a lease now."""
        query = select(leases.c.owner).where(
            leases.c.name == name, leases.c.until >= datetime.now(UTC)
        )
        async with self._engine.connect() as connection:
            holder: str | None = (await connection.execute(query)).scalar()
        return holder

    @asynccontextmanager
    async def held(self, name: str, length: timedelta) -> AsyncIterator[bool]:
        """Hold a lease for the length of a block; yields False if somebody else has it.

        The block must end well before `length`: nothing prolongs the lease meanwhile.
        """
        taken = await self.take(name, length)
        try:
            yield taken
        finally:
            if taken:
                await self.give_up(name)
