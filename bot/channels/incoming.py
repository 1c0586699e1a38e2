"""Bodies of webhooks: they may hold anything; nothing in them may raise or break a database."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.messages import storable

_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")
LARGEST_BODY = 256 * 1024


async def read_body(request: web.Request) -> bytes | None:
    """Return the bytes as received, None when they are too many."""
    body = bytearray()
    try:
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > LARGEST_BODY:
                return None
    except web.RequestPayloadError:  # it is not packed as its header says
        return b""
    return bytes(body)


def object_in(body: bytes) -> Mapping[str, Any] | None:
    """Return the JSON object in a body, None when there is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def part_of(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object within an object; an empty one where it is missing or something else."""
    value = event.get(name)
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str:
    """Return a text that every database can hold; none for what is no text."""
    return storable(value) if isinstance(value, str) else ""


def id_of(value: object) -> str | None:
    """Return an id of a platform as text, None when it is none; platforms send both kinds."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def event_id(*parts: str) -> str:
    """Return a key for an event; the inbox shortens what is too long."""
    return ":".join(parts)
