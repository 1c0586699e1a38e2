"""A database of its own for each test, and the platforms' stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.database import open_engine
from tests.fakes.telegram import FakeTelegram


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    """A database on SQLite."""
    engine = open_engine(sqlite_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    """The stand-in for the Telegram Bot API."""
    async with FakeTelegram() as fake:
        yield fake
