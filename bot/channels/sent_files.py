"""What platforms know our files by: a form is uploaded once, as long as its platform keeps it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.tables import sent_files as table
from knowledge.database import insert_or

LONGEST_ID = 255


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class SentFiles:
    """The files of one bot, known by a digest of their content."""

    def __init__(
        self,
        engine: AsyncEngine,
        channel: str,
        bot: str,
        *,
        kept: timedelta | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`kept`: how long the platform keeps a file; None: for good."""
        self._engine = engine
        self._key = {"channel": channel, "bot": bot}
        self._kept = kept
        self._clock = clock

    async def known(self, digest: str) -> str | None:
        """Return by what the platform knows a file."""
        query = select(table.c.file_id).where(*self._ours(), table.c.digest == digest)
        if self._kept is not None:
            query = query.where(table.c.at > self._clock() - self._kept)
        async with self._engine.connect() as connection:
            found: str | None = (await connection.execute(query)).scalar()
        return found

    async def keep(self, digest: str, file_id: str) -> None:
        """Remember by what the platform knows a file; what is too long to keep is not kept."""
        if len(file_id) > LONGEST_ID:
            return
        key = self._key | {"digest": digest}
        values = {"file_id": file_id, "at": self._clock()}
        async with self._engine.begin() as connection:
            await connection.execute(
                insert_or(table, connection.dialect)
                .values(**key, **values)
                .on_conflict_do_update(index_elements=list(key), set_=values)
            )

    async def forget(self, file_id: str) -> None:
        """Forget an id that the platform does not take any more."""
        async with self._engine.begin() as connection:
            await connection.execute(
                delete(table).where(*self._ours(), table.c.file_id == file_id)
            )

    def _ours(self) -> list[Any]:
        return [table.c[name] == value for name, value in self._key.items()]
