"""From a photo to tracking codes: fetched through its channel, read, and forgotten."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.channels.base import CannotFetch, Channel, FetchesFiles
from bot.messages import Content, Inbound
from bot.photos.bounds import LARGEST
from bot.photos.reading import PhotoReader, Problem
from knowledge.dossiers.tracking_code import FoundCode, find_codes

_log = logging.getLogger(__name__)
READ = "codes"
"""In an attachment: what a photo said that was read when it was received."""
PROBLEM = "problem"
_PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp", "jpg", "jpeg", "png", "webp")
"""As Telegram and as Zalo name them."""
_MOST = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """What a photo says: tracking codes, or why there are none."""

    codes: Sequence[str] = ()
    hint: str = ""
    """Name of the sentence that says what can be done instead."""


class PhotoDesk:
    """Reads the photos of messages."""

    def __init__(self, channels: Mapping[str, Channel], reader: PhotoReader) -> None:
        self._channels = channels
        self._reader = reader

    def is_picture(self, message: Inbound) -> bool:
        """Return whether a message brings a picture that can be read."""
        kind = (message.attachment or {}).get("type")
        if message.content is Content.PHOTO:
            return message.attachment is not None
        return message.content is Content.DOCUMENT and kind in _PICTURE_TYPES

    async def see(self, message: Inbound) -> Seen:
        """Return what the photo of a message says; raises nothing."""
        attachment = message.attachment or {}
        if READ in attachment:
            return _seen(attachment[READ])
        if PROBLEM in attachment:
            return Seen(hint=f"photo_{Problem(attachment[PROBLEM])}")
        content = await self._fetch(message.channel, attachment)
        if isinstance(content, Problem):
            return Seen(hint=f"photo_{content}")
        return _seen(await self._reader.read(content))

    async def note(self, content: bytes) -> Mapping[str, Any]:
        """Read a photo as it is received; returns what may be stored of it."""
        texts = await self._reader.read(content)
        if isinstance(texts, Problem):
            return {PROBLEM: texts.value}
        return {READ: list(tracking_codes(texts))}

    async def _fetch(self, name: str, attachment: Mapping[str, Any]) -> bytes | Problem:
        channel = self._channels.get(name)
        if not isinstance(channel, FetchesFiles):
            return Problem.NOT_FETCHED
        if (attachment.get("size") or 0) > LARGEST:
            return Problem.TOO_LARGE
        try:
            return await channel.fetch(attachment)
        except CannotFetch as reason:
            _log.warning("%s: a photo could not be fetched: %s", name, reason)
            return Problem.TOO_LARGE if reason.too_large else Problem.NOT_FETCHED


def tracking_codes(texts: Iterable[str]) -> Sequence[str]:
    """Return the tracking codes in what codes say; anything else is not followed."""
    found = (
        code.code for text in texts for code in find_codes(text) if isinstance(code, FoundCode)
    )
    return tuple(dict.fromkeys(found))[:_MOST]


def _seen(texts: Sequence[str] | Problem) -> Seen:
    if isinstance(texts, Problem):
        return Seen(hint=f"photo_{texts}")
    codes = tracking_codes(texts)
    return Seen(codes) if codes else Seen(hint="photo_no_code")
