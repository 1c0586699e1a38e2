"""Forms as files: Zalo keeps an upload for seven days, so its token is kept almost as long."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import NotDelivered
from bot.channels.zalo_oa.client import Client
from bot.channels.zalo_oa.events import CHANNEL
from bot.storage.tables import sent_files

MOST_BYTES = 5 * 1024 * 1024
KEPT = timedelta(days=6)
_KINDS = {
    ".pdf": "application/pdf",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_LONGEST_TOKEN = 255


class Uploads:
    """The files of one account that Zalo holds."""

    def __init__(
        self, engine: AsyncEngine, client: Client, oa_id: str, clock: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._client = client
        self._oa_id = oa_id
        self._clock = clock

    async def token(self, name: str, path: Path) -> tuple[str, bool] | None:
        """Return by what Zalo knows a file, and whether it was uploaded just now.

        None when Zalo takes no such file (kind, size) or the file is not there.
        """
        kind = _KINDS.get(path.suffix.lower())
        content = await asyncio.to_thread(_read, path) if kind else None
        if kind is None or content is None:
            return None
        digest = hashlib.sha256(content + name.encode("utf-8")).hexdigest()
        known = await self._known(digest)
        if known is not None:
            return known, False
        data = await self._client.upload("/v2.0/oa/upload/file", name, content, kind)
        token = data.get("token")
        if not isinstance(token, str) or not token:
            raise NotDelivered("upload without a token")
        if len(token) <= _LONGEST_TOKEN:
            await self._remember(digest, token)
        return token, True

    async def forget(self, token: str) -> None:
        """Drop a token that Zalo does not know any more."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(sent_files).where(*self._ours(), _token_is(token)))

    async def _known(self, digest: str) -> str | None:
        query = select(sent_files.c.file_id).where(
            *self._ours(), sent_files.c.digest == digest, sent_files.c.at > self._clock() - KEPT
        )
        async with self._engine.connect() as connection:
            token: str | None = (await connection.execute(query)).scalar()
        return token

    async def _remember(self, digest: str, token: str) -> None:
        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        values = {"file_id": token, "at": self._clock()}
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(sent_files)
                .values(channel=CHANNEL, bot=self._oa_id, digest=digest, **values)
                .on_conflict_do_update(
                    index_elements=[sent_files.c.channel, sent_files.c.bot, sent_files.c.digest],
                    set_=values,
                )
            )

    def _ours(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return sent_files.c.channel == CHANNEL, sent_files.c.bot == self._oa_id


def _token_is(token: str) -> ColumnElement[bool]:
    return sent_files.c.file_id == token


def _read(path: Path) -> bytes | None:
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        return path.read_bytes()
    except OSError:
        return None
