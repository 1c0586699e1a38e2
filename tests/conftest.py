"""Fixtures that all tests share: databases, the knowledge base, and one running gateway."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.database import open_engine
from knowledge.procedures.catalogue import Catalogue
from tests.support.databases import PostgresqlCopies, SqliteCopies, postgresql_server
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
    """A PostgreSQL server; its address without a database."""
    with postgresql_server() as address:
        yield address


@pytest.fixture(scope="session")
async def sqlite_copies(tmp_path_factory: pytest.TempPathFactory) -> SqliteCopies:
    copies = SqliteCopies(tmp_path_factory.mktemp("sqlite"))
    await copies.prepare()
    return copies


@pytest.fixture(scope="session")
async def postgresql_copies(
    postgresql: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[PostgresqlCopies]:
    folder = tmp_path_factory.mktemp("postgresql")
    async with PostgresqlCopies.opened(postgresql, folder) as copies:
        yield copies


@pytest.fixture
def sqlite_url(sqlite_copies: SqliteCopies, tmp_path: Path) -> str:
    """The address of an SQLite database with the tables that the migrations make."""
    return sqlite_copies.copy(tmp_path / "motcua.db")


@pytest.fixture
async def postgresql_url(postgresql_copies: PostgresqlCopies) -> AsyncIterator[str]:
    """The address of a PostgreSQL database with the tables that the migrations make."""
    async with postgresql_copies.copy() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a database with the tables that the migrations make, on each engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
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
