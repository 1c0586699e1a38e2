"""The actions' services with the shipped procedures, which are indexed once for all tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from actions.services import Clock, Services, build_services, local_now
from bot.settings import Settings
from bot.storage.migrate import upgrade_database
from knowledge.procedures.catalogue import Catalogue, Terms
from knowledge.procedures.files import scan
from knowledge.procedures.repository import LiveCatalogue
from knowledge.settings import SHIPPED_DATA


@lru_cache(maxsize=1)
def shipped_catalogue() -> Catalogue:
    found = scan(SHIPPED_DATA)
    assert not found.faults
    return Catalogue.build(found.procedures.values(), Terms.load(SHIPPED_DATA))


class ShippedCatalogue(LiveCatalogue):
    """The shipped procedures, which no test changes."""

    async def get(self) -> Catalogue:
        return shipped_catalogue()


def services_for(settings: Settings, *, clock: Clock = local_now) -> Services:
    """Return the services of an installation as `build_services` does, without its indexing."""
    built = build_services(settings, clock=clock)
    return replace(built, catalogue=ShippedCatalogue(built.engine, settings.data_dir))


@asynccontextmanager
async def opened_services(folder: Path, now: datetime, **settings: Any) -> AsyncIterator[Services]:
    """Open services on an SQLite database of their own, at a moment that stands still."""
    made = Settings(var_dir=folder, **settings)
    await upgrade_database(made)
    services = services_for(made, clock=lambda: now)
    try:
        yield services
    finally:
        await services.close()
