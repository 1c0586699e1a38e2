"""Tell other gateways at once what was stored (PostgreSQL's LISTEN and NOTIFY).

A signal only saves the wait until the next look: every loop looks by itself as well. SQLite has
one gateway, which needs none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_log = logging.getLogger(__name__)
_AGAIN_S = 5.0
_NOTIFY = text("SELECT pg_notify(:signal, :about)")


class Signal(StrEnum):
    """What happened; what it is about is the key of a conversation."""

    ARRIVED = "motcua_arrived"
    WRITTEN = "motcua_written"


async def signal(connection: AsyncConnection, what: Signal, conversation: str) -> None:
    """Tell, when the transaction of a connection is committed, that something happened."""
    if connection.dialect.name == "postgresql":
        await connection.execute(_NOTIFY, {"signal": what.value, "about": conversation})


async def listen(engine: AsyncEngine, heard: Mapping[Signal, Callable[[str], None]]) -> None:
    """Call back for every signal until cancelled; a lost connection is opened again."""
    if engine.dialect.name != "postgresql":
        return
    while True:
        try:
            await _listen_once(engine, heard)
            _log.warning("the connection that listens was lost; it is opened again")
        except (SQLAlchemyError, OSError) as error:
            _log.warning("listening failed (%s); it begins again", type(error).__name__)
        await asyncio.sleep(_AGAIN_S)


async def _listen_once(engine: AsyncEngine, heard: Mapping[Signal, Callable[[str], None]]) -> None:
    lost = asyncio.Event()

    def tell(_connection: Any, _pid: int, channel: str, about: str) -> None:
        heard[Signal(channel)](about)

    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        driver.add_termination_listener(lambda _connection: lost.set())
        for what in heard:
            await driver.add_listener(what.value, tell)
        try:
            await lost.wait()
        finally:
            if not driver.is_closed():
                for what in heard:
                    await driver.remove_listener(what.value, tell)
