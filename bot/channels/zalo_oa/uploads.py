"""Forms as files: Zalo keeps an upload for seven days, so its token is kept almost as long."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import NotDelivered
from bot.channels.sent_files import SentFiles
from bot.channels.zalo_oa.client import Client
from bot.channels.zalo_oa.events import CHANNEL

MOST_BYTES = 5 * 1024 * 1024
KEPT = timedelta(days=6)
_KINDS = {
    ".pdf": "application/pdf",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class Uploads:
    """The files of one account that Zalo holds."""

    def __init__(
        self, engine: AsyncEngine, client: Client, oa_id: str, clock: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._files = SentFiles(engine, CHANNEL, oa_id, kept=KEPT, clock=clock)

    async def token(self, name: str, path: Path) -> tuple[str, bool] | None:
        """Return by what Zalo knows a file, and whether it was uploaded just now.

        None when Zalo takes no such file (kind, size) or the file is not there.
        """
        kind = _KINDS.get(path.suffix.lower())
        content = await asyncio.to_thread(_read, path) if kind else None
        if kind is None or content is None:
            return None
        digest = hashlib.sha256(content + name.encode("utf-8")).hexdigest()
        known = await self._files.known(digest)
        if known is not None:
            return known, False
        data = await self._client.upload("/v2.0/oa/upload/file", name, content, kind)
        token = data.get("token")
        if not isinstance(token, str) or not token:
            raise NotDelivered("upload without a token")
        await self._files.keep(digest, token)
        return token, True

    async def forget(self, token: str) -> None:
        """Drop a token that Zalo does not know any more."""
        await self._files.forget(token)


def _read(path: Path) -> bytes | None:
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        return path.read_bytes()
    except OSError:
        return None
