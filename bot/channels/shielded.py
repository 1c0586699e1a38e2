"""Work that is finished even when its caller is cancelled: half of it would lose something."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do some work; a cancellation takes effect after it."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(Exception):
            await task
        raise
