"""Fetching a photo that a person sent: Telegram says where it is for an hour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from telegram.error import TelegramError

from bot.channels.base import CannotFetch
from bot.channels.fetching import download
from bot.channels.telegram.api import Api
from bot.photos.bounds import LARGEST

_PATH = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_.-]+)+")


async def fetch(api: Api, base_url: str, attachment: Mapping[str, Any]) -> bytes:
    """Return the file of an attachment; raises `CannotFetch`."""
    try:
        file = await api.call("getFile", file_id=attachment.get("id"))
    except TelegramError as error:
        raise CannotFetch(type(error).__name__) from None
    path = file.get("file_path") if isinstance(file, dict) else None
    if not isinstance(path, str) or not _PATH.fullmatch(path) or ".." in path:
        raise CannotFetch("no path")
    if isinstance(size := file.get("file_size"), int) and size > LARGEST:
        raise CannotFetch("too large", too_large=True)
    return await download(f"{base_url.rstrip('/')}/file/bot{api.token}/{path}")
