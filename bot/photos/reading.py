"""Read the codes of a picture in a process of its own, within bounds."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from enum import StrEnum

from bot.photos.bounds import AT_ONCE, DEADLINE_S, LARGEST, MOST_WAITING

_log = logging.getLogger(__name__)
_COMMAND = (sys.executable, "-I", "-m", "bot.photos.reader")
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")


class Problem(StrEnum):
    """Why nothing was read."""

    TOO_LARGE = "too_large"
    NO_PICTURE = "no_picture"
    NOT_FETCHED = "not_fetched"
    BUSY = "busy"


class PhotoReader:
    """Reads a few pictures at a time; more wait, and too many are sent away."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def read(self, content: bytes) -> Sequence[str] | Problem:
        """Return what the codes of a picture say, in any order; nothing is kept of it."""
        if len(content) > LARGEST:
            return Problem.TOO_LARGE
        if not content.startswith(_BEGINNINGS):
            return Problem.NO_PICTURE
        if self._waiting >= MOST_WAITING:
            return Problem.BUSY
        self._waiting += 1
        try:
            async with self._free:
                return await _decode(content)
        finally:
            self._waiting -= 1


async def _decode(content: bytes) -> Sequence[str] | Problem:
    process = await asyncio.create_subprocess_exec(
        *_COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            told, _ = await process.communicate(content)
    except TimeoutError:
        _log.warning("a picture took too long to read")
        return Problem.NO_PICTURE
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _texts(told) if told else Problem.NO_PICTURE


def _texts(told: bytes) -> Sequence[str] | Problem:
    try:
        texts = json.loads(told)
    except ValueError:
        return Problem.NO_PICTURE
    return [str(text) for text in texts]
