"""The one database of an installation: engine, shared metadata and column types.

SQLite (a file, WAL mode) and PostgreSQL run the same code. Tables are declared next to the
code that owns them and share `metadata`; migrations live in `bot/storage/migrations`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, MetaData, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC on every engine (SQLite forgets time zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments and convert the rest to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment with its zone."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


def open_engine(url: str) -> AsyncEngine:
    """Return an engine for SQLite (aiosqlite) or PostgreSQL (asyncpg); nothing connects yet.

    `begin()` is for writing, `connect()` for reading only: on SQLite these are two connections.
    """
    if url.startswith("sqlite"):
        return _SqliteEngine(url)
    return create_async_engine(url, pool_pre_ping=True, hide_parameters=True)


def insert_or(table: Table, dialect: Dialect) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that can say what to do about a row that is there (ON CONFLICT).

    Both engines write it alike; only SQLAlchemy keeps the two apart.
    """
    return sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)


class _SqliteEngine(AsyncEngine):
    """One connection that writes, others that read.

    SQLite has one writer at a time. Transactions that meet in the file wait by trying again,
    unfairly and up to seconds; here they queue for the one connection instead. In WAL mode reading
    waits for nobody.
    """

    def __init__(self, url: str) -> None:
        # errors are logged, and parameters hold what people wrote
        writing = create_async_engine(url, pool_size=1, max_overflow=0, hide_parameters=True)
        event.listen(writing.sync_engine, "connect", _prepare_sqlite)
        event.listen(writing.sync_engine, "begin", _begin_writing)
        reading = create_async_engine(url, hide_parameters=True)
        event.listen(reading.sync_engine, "connect", _prepare_reading)
        event.listen(reading.sync_engine, "begin", _begin_reading)
        super().__init__(writing.sync_engine)
        self._writing = writing
        self._reading = reading

    def connect(self) -> AsyncConnection:
        """Return a connection that reads; what writes raises."""
        return self._reading.connect()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Hold a transaction that writes; it is committed unless an error leaves the block."""
        async with self._writing.begin() as connection:
            yield connection

    async def dispose(self, close: bool = True) -> None:
        """Close all connections."""
        await self._writing.dispose(close)
        await self._reading.dispose(close)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction control is switched off: it would begin too late for the
    # read-then-write transactions of the inbox (see _begin_writing).
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _prepare_reading(connection: Any, record: Any) -> None:
    _prepare_sqlite(connection, record)
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()


def _begin_writing(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")
