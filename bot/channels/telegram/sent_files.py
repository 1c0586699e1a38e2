"""Ids of files that Telegram has taken before: a form is uploaded once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.telegram.updates import NAME
from bot.storage.tables import sent_files


class SentFiles:
    """The files of one bot, known by the SHA-256 of their content."""

    def __init__(self, engine: AsyncEngine, bot: str) -> None:
        self._engine = engine
        self._bot = bot

    async def known(self, digest: str) -> str | None:
        """Return the id of a file that was sent before."""
        query = select(sent_files.c.file_id).where(*self._is(digest))
        async with self._engine.connect() as connection:
            found: str | None = (await connection.execute(query)).scalar()
        return found

    async def keep(self, digest: str, file_id: str) -> None:
        """Remember the id of a file."""
        name = self._engine.dialect.name
        insert = sqlite.insert if name == "sqlite" else postgresql.insert
        values = {"file_id": file_id, "at": datetime.now(UTC)}
        key = {"channel": NAME, "bot": self._bot, "digest": digest}
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(sent_files)
                .values(**key, **values)
                .on_conflict_do_update(index_elements=list(key), set_=values)
            )

    async def forget(self, digest: str) -> None:
        """Forget an id that Telegram does not take any more."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(sent_files).where(*self._is(digest)))

    def _is(self, digest: str) -> list[Any]:
        columns = sent_files.c
        return [columns.channel == NAME, columns.bot == self._bot, columns.digest == digest]
