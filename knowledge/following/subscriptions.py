"""Who follows which dossier. A subscription that has ended is deleted: nothing of it is kept."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.dossiers.status import Status
from knowledge.dossiers.tables import dossiers
from knowledge.following.tables import subscriptions

MOST = 20
"""Dossiers that one conversation can follow."""
ENDING = frozenset({Status.RETURNED, Status.REFUSED, Status.WITHDRAWN})
"""Statuses after which nothing more is to be told."""


class Followed(StrEnum):
    """What became of the wish to follow a dossier."""

    NEW = "new"
    BEFORE = "before"
    ENDED = "ended"
    """The dossier is finished: nothing more will happen to it."""
    UNKNOWN = "unknown"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A dossier that a conversation follows."""

    code: str
    procedure_name: str
    status: Status
    since: datetime


class Subscriptions:
    """The subscriptions of an installation."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def follow(
        self, conversation: str, code: str, *, language: str, now: datetime
    ) -> Followed:
        """Follow a dossier from its present status on."""
        try:
            async with self._engine.begin() as connection:
                return await _follow(connection, conversation, code, language, now)
        except IntegrityError:
            return Followed.BEFORE

    async def of(self, conversation: str) -> list[Subscription]:
        """Return what a conversation follows, the oldest first."""
        query = (
            select(
                subscriptions.c.code,
                dossiers.c.procedure_name,
                dossiers.c.status,
                subscriptions.c.since,
            )
            .join(dossiers, dossiers.c.code == subscriptions.c.code)
            .where(subscriptions.c.conversation == conversation)
            .order_by(subscriptions.c.since, subscriptions.c.code)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [Subscription(code, name, Status(status), at) for code, name, status, at in rows]

    async def stop(self, conversation: str, *codes: str) -> int:
        """Follow dossiers no longer, without codes all of them; returns how many were followed."""
        query = delete(subscriptions).where(subscriptions.c.conversation == conversation)
        if codes:
            query = query.where(subscriptions.c.code.in_(codes))
        async with self._engine.begin() as connection:
            return (await connection.execute(query)).rowcount

    async def running(self, codes: Collection[str]) -> set[str]:
        """Return which of these dossiers the registry knows, and has more to tell of."""
        ended = [int(status) for status in ENDING]
        query = select(dossiers.c.code).where(
            dossiers.c.code.in_(codes), dossiers.c.status.not_in(ended)
        )
        async with self._engine.connect() as connection:
            return set((await connection.execute(query)).scalars())


async def _follow(
    connection: AsyncConnection, conversation: str, code: str, language: str, now: datetime
) -> Followed:
    mine = select(subscriptions.c.code).where(subscriptions.c.conversation == conversation)
    followed = set((await connection.execute(mine)).scalars())
    if code in followed:
        return Followed.BEFORE
    status = await connection.scalar(select(dossiers.c.status).where(dossiers.c.code == code))
    if status is None:
        return Followed.UNKNOWN
    if Status(status) in ENDING:
        return Followed.ENDED
    if len(followed) >= MOST:
        return Followed.TOO_MANY
    await connection.execute(
        insert(subscriptions).values(
            id=secrets.token_urlsafe(12),
            conversation=conversation,
            code=code,
            language=language,
            told_status=status,
            since=now,
        )
    )
    return Followed.NEW


async def count_followers(connection: AsyncConnection, code: str) -> int:
    """Return how many conversations follow a dossier."""
    query = select(func.count()).where(subscriptions.c.code == code)
    return int(await connection.scalar(query) or 0)
