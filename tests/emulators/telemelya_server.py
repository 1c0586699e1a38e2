"""Start telemelya on loopback without services; runs in telemelya's own environment.

The stock server wants Redis and an S3 storage. Redis is a library in this process, and the storage
is switched off: text and buttons do not need it.
"""

import os

import fakeredis
import redis.asyncio
import uvicorn
from telemelya.server.media import media_manager


async def _off(*_args: object) -> None:
    """Do nothing: there is no storage."""


for _name in ("connect", "close", "cleanup_session"):
    setattr(media_manager, _name, _off)
_store = fakeredis.FakeAsyncRedis(decode_responses=True)
redis.asyncio.from_url = lambda *_args, **_more: _store

from telemelya.server.app import app  # noqa: E402  after the patches

uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
