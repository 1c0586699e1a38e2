"""Bring the database to the newest schema (alembic)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from bot.settings import Settings
from knowledge.database import open_engine

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).with_name("migrations")


def upgrade(settings: Settings) -> None:
    """Create or upgrade the tables; call outside a running event loop."""
    asyncio.run(upgrade_database(settings))


async def upgrade_database(settings: Settings) -> None:
    """Create or upgrade the tables of an installation."""
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    engine = open_engine(settings.database)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def configuration(connection: Connection | None = None) -> Config:
    """Return alembic's configuration; there is no ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = configuration(connection)
    head: Any = ScriptDirectory.from_config(config).get_current_head()
    if MigrationContext.configure(connection).get_current_revision() != head:
        command.upgrade(config, "head")
