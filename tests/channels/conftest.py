"""A database of its own for each test, and the platforms' stand-ins."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.settings import Settings
from bot.storage.migrate import upgrade_database
from knowledge.database import open_engine
from tests.fakes.telegram import FakeTelegram


@pytest.fixture(scope="session")
async def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, to copy."""
    folder = tmp_path_factory.mktemp("empty")
    await upgrade_database(Settings(var_dir=folder))
    return folder / "motcua.db"


@pytest.fixture
async def sqlite(empty_database: Path, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """A database on SQLite."""
    shutil.copy(empty_database, tmp_path / "motcua.db")
    engine = open_engine(Settings(var_dir=tmp_path).database)
    yield engine
    await engine.dispose()


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    """The stand-in for the Telegram Bot API."""
    async with FakeTelegram() as fake:
        yield fake
