"""Photos in the web chat: read while they are received, so that nothing of them is stored."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from aiohttp import BodyPartReader, web

from bot.channels.web import CONVERSATION, MESSAGE_ID, WebChat, inbound
from bot.messages import Content
from bot.photos.bounds import LARGEST
from bot.photos.desk import PhotoDesk

_RECEIVE_S = 60.0
_CHUNK = 64 * 1024
_LONGEST_FIELD = 64


class TooLarge(ValueError):  # noqa: N818 - a state, told to the person
    """The photo has more bytes than are looked at."""


class WebPhotos:
    """Takes a photo with the same ids as a message of the chat."""

    def __init__(self, chat: WebChat, photos: PhotoDesk) -> None:
        self._chat = chat
        self._photos = photos

    async def receive(self, request: web.Request) -> web.Response:
        """Read the codes of a photo, store what they say, acknowledge."""
        try:
            async with asyncio.timeout(_RECEIVE_S):
                conversation, event_id, photo = await _received(request)
        except TooLarge:
            return self._chat.refuse(413, "photo_too_large")
        except (ValueError, TimeoutError):
            return self._chat.refuse(400, "bad_request")
        attachment = await self._photos.note(photo)
        message = inbound(conversation, event_id)
        message = replace(message, content=Content.PHOTO, attachment=attachment)
        return await self._chat.take(message, request)


async def _received(request: web.Request) -> tuple[str, str, bytes]:
    """Return conversation, id and photo of a form; the ids come first."""
    if request.content_type != "multipart/form-data":
        raise ValueError("not a form")
    fields: dict[str, bytes] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name in fields or len(fields) == 3:
            raise ValueError("an odd form")
        fields[part.name or ""] = await _content(
            part, LARGEST if part.name == "photo" else _LONGEST_FIELD
        )
    event_id = fields.get("id", b"").decode("ascii")
    conversation = fields.get("conversation", b"").decode("ascii")
    if not MESSAGE_ID.fullmatch(event_id) or not CONVERSATION.fullmatch(conversation):
        raise ValueError("id or conversation")
    if not fields.get("photo"):
        raise ValueError("no photo")
    return conversation, event_id, fields["photo"]


async def _content(part: BodyPartReader, most: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        content += chunk
        if len(content) > most:
            raise TooLarge
    return bytes(content)
