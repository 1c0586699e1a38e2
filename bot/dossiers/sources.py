"""Puts the sources of an installation together: the registry and, where one is set, a portal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp

from bot.dossiers.settings import DossierSettings
from knowledge.dossiers.sources import CombinedSource, DossierSource, Order


@asynccontextmanager
async def open_source(
    settings: DossierSettings, registry: DossierSource
) -> AsyncIterator[DossierSource]:
    """Yield what look-ups ask: the registry alone, or beside a portal in the order that is set."""
    if settings.portal_url is None:
        yield registry
        return
    from bot.dossiers.portal import Portal  # what retries and breaks circuits loads only here

    async with aiohttp.ClientSession() as session:
        portal = Portal(session, settings)
        if settings.dossiers_order is Order.PORTAL_FIRST:
            # The registry is asked as well: it knows desk, fee and papers, which portals do not.
            yield CombinedSource(portal, registry, fresh_for=timedelta(0))
        else:
            fresh_for = timedelta(seconds=settings.dossiers_fresh_for_s)
            yield CombinedSource(registry, portal, fresh_for=fresh_for)
